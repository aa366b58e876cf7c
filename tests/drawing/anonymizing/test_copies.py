"""The anonymised copy: who is covered, sound, metadata, and nothing of a copy that is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from human_detector.drawing.anonymizing.copies import is_copy_of_wishes, telling_metadata, write_anonymized
from human_detector.drawing.anonymizing.regions import Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.errors import Interrupted
from sample_clip import sample_clip
from support.media import clip, needs_ffmpeg, probe_stamps, run_ffmpeg, streams
from support.pictures import detail, picture

EVERYTHING = {"x_min": 0.0, "y_min": 0.0, "x_max": 1.0, "y_max": 1.0}
FACES, PEOPLE = AnonymizingWishes("faces"), AnonymizingWishes("people")


def document(kind: str) -> dict[str, Any]:
    """A result in which the first frame shows one face or person, all over the picture."""
    detections: dict[str, list[Any]] = {"FaceDetector": [], "HumanDetector": []}
    label = {"FaceDetector": "face", "HumanDetector": "person"}[kind]
    detections[kind] = [{"label": label, "score": 1.0, "box": EVERYTHING}]
    return {
        "video": {"fps": 25, "width": 176, "height": 144},
        "human_detection": {"detectors": [["FaceDetector", {}], ["HumanDetector", {}]]},
        "frames": [{"index": 0, "timestamp": 0.0, "detections": detections}],
    }


def write(video: Path, copy: Path, wishes: AnonymizingWishes, result: dict[str, Any]) -> None:
    frames = Scene(result, wishes).marks()
    write_anonymized(video, result, frames, wishes, copy, lambda _: None, lambda: False)


def test_who_was_found_is_covered_to_the_end(tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    write(sample_clip(), copy, FACES, document("FaceDetector"))
    assert detail(picture(copy, 100), EVERYTHING) < 0.1 * detail(picture(sample_clip(), 100), EVERYTHING)


def test_another_wish_is_another_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    write(sample_clip(), copy, FACES, document("FaceDetector"))
    assert is_copy_of_wishes(copy, FACES)
    others = [
        PEOPLE,
        AnonymizingWishes("faces", "solid"),
        AnonymizingWishes("faces", margin=0.3),
        AnonymizingWishes("faces", keep=["face:1"]),
        AnonymizingWishes("faces", mute=True),
        FACES.with_decided({"low score, face:3, 0": "blur"}),
    ]
    assert not any(is_copy_of_wishes(copy, wishes) for wishes in others)
    assert not is_copy_of_wishes(sample_clip(), FACES)
    assert not is_copy_of_wishes(tmp_path / "none.mp4", FACES)


@pytest.mark.parametrize("frames_before", [0, 10])
def test_a_copy_that_is_stopped_leaves_nothing(frames_before: int, tmp_path: Path) -> None:
    asked = iter([False] * frames_before)
    result = document("FaceDetector")
    with pytest.raises(Interrupted):
        write_anonymized(
            sample_clip(),
            result,
            Scene(result, FACES).marks(),
            FACES,
            tmp_path / "copy.mp4",
            lambda _: None,
            lambda: next(asked, True),
        )
    assert list(tmp_path.iterdir()) == []


@needs_ffmpeg
@pytest.mark.parametrize("mute", [False, True])
def test_sound_stays_unless_it_is_muted(mute: bool, tmp_path: Path) -> None:
    video, copy = clip(tmp_path / "v.mp4", frames=10, sound=0.4), tmp_path / "copy.mp4"
    write(video, copy, AnonymizingWishes(mute=mute), document("FaceDetector"))
    assert len(streams(copy, "a")) == (0 if mute else 1)
    assert probe_stamps(copy) == pytest.approx(probe_stamps(video), abs=2e-3)


@needs_ffmpeg
def test_place_time_and_device_are_gone(tmp_path: Path) -> None:
    video, copy, words = tmp_path / "v.mov", tmp_path / "copy.mp4", tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nTheName\n")
    facts = {
        "location": "+48.2082+016.3738/",
        "com.apple.quicktime.make": "TheMaker",
        "com.apple.quicktime.model": "TheModel",
        "creation_time": "2024-05-06T07:08:09Z",
        "title": "TheTitle",
    }
    tags = [word for name, value in facts.items() for word in ("-metadata", f"{name}={value}")]
    tags += ["-metadata:s:a:0", "title=TheTrack"]
    plain = clip(tmp_path / "plain.mp4", frames=10, sound=0.4)
    run_ffmpeg("-i", plain, "-i", words, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "copy", "-c:s", "mov_text", *tags, "-movflags", "use_metadata_tags", video)  # fmt: skip
    assert set(telling_metadata(video)) >= {*facts, "subtitle track"}
    write(video, copy, FACES, document("FaceDetector"))
    assert telling_metadata(copy) == ["comment"]
    content = copy.read_bytes()
    for word in (*facts.values(), "TheName", "TheTrack", "2024"):
        assert word.encode() not in content
    assert streams(copy, "s") == []
