"""Frames in which nothing has changed: which they are, what stands in the result for them, and who may say so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.analysis.analyzer_arguments import ARGUMENTS
from human_detector.analysis.frame_feed import OpenVideo, SampledFrame, Wanted
from human_detector.analysis.pipeline import detect_all
from human_detector.analysis.still_scenes import LONGEST_GAP_FRAMES, LONGEST_GAP_SECONDS, StillScenes
from human_detector.detectors.detector import Detector
from human_detector.errors import ConfigurationError, DecoderCrashed
from human_detector.processes.caged_videos import CagedVideos
from human_detector.processes.decoded_feed import DecodedFeed
from human_detector.processes.decoder_pool import DecoderSettings
from human_detector.processes.wire import Channel, ChannelClosed, pair
from human_detector.results.form import RESULT
from human_detector.results.made_of import made_of
from human_detector.results.tracking import with_tracks
from human_detector.results.writer import lines_path
from human_detector.values import Detection, Image
from human_detector.video.limits import NO_LIMITS
from human_detector.video.writer import VideoWriter
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import sample_clip

INSTANT = ["support.fake_detectors:InstantDetector", {}]
RED = ["support.fake_detectors:ColourDetector", {"channel": 0, "label": "thing"}]
HEIGHT, WIDTH, RATE = 180, 320, 25.0


def room(noise_of: int = 0, *, brighter: float = 0) -> Image:
    """A room nobody is in, with what a sensor adds."""
    noise = np.random.default_rng(noise_of).normal(brighter, 3, (HEIGHT, WIDTH, 1))
    columns = np.linspace(40, 110, WIDTH)[np.newaxis, :, np.newaxis] * np.ones((HEIGHT, 1, 3))
    return np.clip(columns + noise, 0, 255).astype(np.uint8)


def with_somebody(image: Image, place: int) -> Image:
    """Somebody in it who is a tenth of it high."""
    image[100:118, place : place + 8] = (200, 30, 30)
    return image


def still(images: Sequence[Image], seconds: float = 0.2) -> list[bool]:
    """What is said of each of these frames."""
    scenes = StillScenes()
    return [scenes.is_still(image, seconds * i) for i, image in enumerate(images)]


# ---- which frames ----


def test_noise_is_no_change() -> None:
    assert still([room(i) for i in range(20)]) == [False, *[True] * 19]


def test_somebody_small_is_one_and_so_is_every_move() -> None:
    scene = [room(0), room(1), with_somebody(room(2), 50), with_somebody(room(3), 60)]
    assert still([*scene, with_somebody(room(4), 60), room(5), room(6)]) == [
        *(False, True, False, False),
        *(True, False, True),
    ]


def test_light_that_changes_slowly_is_none() -> None:
    assert still([room(i, brighter=i) for i in range(40)]) == [False, *[True] * 39]


def test_a_faint_change_counts_in_a_scene_that_is_not_still_yet() -> None:
    """Hysteresis: it takes more to begin than to go on."""
    scene = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    fainter = scene.copy()
    fainter[100:120, 50:70] += 6
    somebody = with_somebody(scene.copy(), 200)
    assert still([scene, scene, fainter]) == [False, True, True]
    assert still([somebody, scene, fainter]) == [False, False, False]


def test_after_the_longest_gap_a_frame_is_analysed() -> None:
    step = LONGEST_GAP_SECONDS / 4
    assert still([room(i) for i in range(9)], step) == [False, True, True, True] * 2 + [False]
    many = still([room(0)] * (LONGEST_GAP_FRAMES + 3), 1e-4)
    assert [i for i, is_still in enumerate(many) if not is_still] == [0, LONGEST_GAP_FRAMES + 1]


def test_pictures_of_a_few_pixels_do_not_fail() -> None:
    assert still([np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 9, np.uint8)]) == [False, True]
    assert still([np.zeros((2, 9000, 3), np.uint8)] * 2) == [False, True]


# ---- the detectors ----


def test_they_see_the_others_in_full_batches_and_the_order_is_kept() -> None:
    batches: list[int] = []

    class Counting(Detector):
        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            batches.append(len(images))
            return [[] for _ in images]

    def frames() -> Iterator[SampledFrame]:
        for i in range(20_000):
            yield SampledFrame(i, i / 10, {None: room()} if i % 1000 == 0 else {})

    found = list(detect_all(frames(), [Counting(name="a", max_batch_size=8), Counting(name="b")]))
    assert [frame.index for frame in found] == [*range(20_000)]
    assert [frame.index for frame in found if not frame.carried] == [*range(0, 20_000, 1000)]
    assert sorted(batches) == [4, *[5] * 4, 8, 8]


# ---- the result ----


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room; somebody enters after 2 s, walks for a second, stands there until 5 s, and is gone."""
    path = tmp_path_factory.mktemp("clips") / "room.mp4"
    with VideoWriter(path, RATE) as writer:
        for i in range(150):
            picture = room(i)
            if 50 <= i < 125:
                with_somebody(picture, 50 + min(i - 50, 25))
            writer.write(picture, i / RATE)
    return path


@pytest.fixture(params=["in this process", "by a decoder"])
def open_video(request: pytest.FixtureRequest) -> Iterator[OpenVideo | None]:
    """Who decodes."""
    if request.param == "in this process":
        yield None
        return
    videos = CagedVideos(DecoderSettings())
    yield videos.open
    videos.close()


def analyzer_of(open_video: OpenVideo | None, **arguments: Any) -> VideoAnalyzer:
    analyzer = VideoAnalyzer(detectors=[RED], **{"skip_still": True, "tracker": True, **arguments})
    if open_video:
        analyzer.open_video = open_video
    return analyzer


def test_carried_frames_are_those_before_and_say_so(clip: Path, open_video: OpenVideo | None) -> None:
    document = analyzer_of(open_video).analyze(clip).to_dict()
    frames = document["frames"]
    assert [frame["index"] for frame in frames] == [*range(0, 150, 5)]
    looked_at = [frame["index"] for frame in frames if "carried" not in frame]
    assert looked_at == [0, 50, 55, 60, 65, 70, 75, 125]
    for before, frame in pairwise(frames):
        if frame.get("carried"):
            assert frame["carried"] is True
            assert frame["detections"] == before["detections"]
    summary = document["summary"]
    assert (summary["analyzed_frames"], summary["carried_frames"]) == (30, 22)
    assert summary["detectors"]["ColourDetector"]["frames_with_detections"] == 15
    assert summary["detectors"]["ColourDetector"]["distinct"] == 1
    assert document["human_detection"]["skip_still"] is True
    assert RESULT.problems("", json.loads(json.dumps(document))) == []


def test_on_the_same_boxes_as_a_full_analysis(clip: Path) -> None:
    full = analyzer_of(None, skip_still=False).analyze(clip).to_dict()
    skipping = analyzer_of(None).analyze(clip).to_dict()
    for one, other in zip(full["frames"], skipping["frames"], strict=True):
        found, carried = (frame["detections"]["ColourDetector"] for frame in (one, other))
        assert len(found) == len(carried)
        for a, b in zip(found, carried, strict=True):
            assert a["box"] == pytest.approx(b["box"], abs=0.01)
            assert a["track_id"] == b["track_id"]


def test_an_analysis_that_was_cut_off_gives_the_same_result(
    clip: Path, tmp_path: Path, open_video: OpenVideo | None
) -> None:
    """Wherever it was cut off: which frames are still is found out anew from the first one on."""
    analyzer = analyzer_of(open_video)
    analyzer.analyze_to_file(clip, tmp_path / "whole.json")
    whole = json.loads((tmp_path / "whole.json").read_text())
    for done in (1, 4, 12, 18, 29):
        lines = [made_of({}, analyzer.arguments), *map(json.dumps, whole["frames"][:done])]
        lines_path(tmp_path / "rest.json").write_text("".join(f"{line}\n" for line in lines))
        analyzer.analyze_to_file(clip, tmp_path / "rest.json")
        assert json.loads((tmp_path / "rest.json").read_text()) == whole, done


def test_tracks_of_a_result_without_any_stay_over_carried_frames(clip: Path) -> None:
    with_ids = analyzer_of(None).analyze(clip).to_dict()["frames"]
    without = analyzer_of(None, tracker=False).analyze(clip).to_dict()["frames"]
    assert with_tracks(without) == with_ids


def test_without_it_nothing_is_said_of_it() -> None:
    document = VideoAnalyzer(detectors=[INSTANT]).analyze(sample_clip()).to_dict()
    assert "carried" not in json.dumps(document)
    assert "skip_still" not in json.dumps(document)


def test_what_a_file_says_of_it_is_checked(clip: Path) -> None:
    document = json.loads(json.dumps(analyzer_of(None).analyze(clip).to_dict()))
    document["summary"]["carried_frames"] = -1
    document["frames"][1]["carried"] = "yes"
    places = [problem.partition(":")[0] for problem in RESULT.problems("", document)]
    assert places == ["summary.carried_frames", "frames[1].carried"]


def test_the_argument_is_checked() -> None:
    with pytest.raises(ConfigurationError, match='skip_still: found "yes", valid is true or false'):
        VideoAnalyzer(detectors=[INSTANT], skip_still="yes")  # type: ignore[arg-type]
    problems = ARGUMENTS.problems("human_detection", {"detectors": [INSTANT], "skip_still": 1})
    assert problems == ["human_detection.skip_still: found 1, valid is true or false"]


# ---- a decoder that lies ----


def lie(*messages: dict[str, Any], skip_still: bool = True, first: int = 0) -> list[SampledFrame]:
    """What an analysis gets of a decoder that says this."""
    video = {"width": 8, "height": 8, "fps": 25.0, "duration": 1.0, "frame_count": 1}
    so_far = {"progress": 0.5, "video": {**video, "complete": True, "damage": ""}}
    ours, its = map(Channel, pair())

    def say_all() -> None:
        with suppress(ChannelClosed):
            for message in (*messages, {"say": "ended"}):
                its.send({**so_far, **message})

    saying = threading.Thread(target=say_all)
    saying.start()
    wanted = Wanted(1, first, [None], held=1, skip_still=skip_still)
    with closing(DecodedFeed(ours, wanted, lambda _: None, NO_LIMITS)) as feed:
        try:
            return list(feed.frames())
        finally:
            ours.close()
            saying.join()
            its.close()


def still_message(index: int, timestamp: float = 0.0) -> dict[str, Any]:
    return {"say": "still", "index": index, "timestamp": timestamp}


def test_a_still_frame_may_be_the_first_only_where_an_analysis_goes_on() -> None:
    assert [frame.is_still for frame in lie(still_message(7, 3.0), first=7)] == [True]
    with pytest.raises(DecoderCrashed, match="frame 0 without a picture, which must have one"):
        lie(still_message(0))


def test_still_frames_are_believed_for_the_longest_gap_only() -> None:
    with pytest.raises(DecoderCrashed, match="frame 2 without a picture"):
        lie(still_message(1), still_message(2, LONGEST_GAP_SECONDS), first=1)
    with pytest.raises(DecoderCrashed, match=f"frame {LONGEST_GAP_FRAMES + 1} without a picture"):
        lie(*map(still_message, range(1, LONGEST_GAP_FRAMES + 2)), first=1)


def test_nobody_who_has_not_asked_for_still_frames_gets_one() -> None:
    with pytest.raises(DecoderCrashed, match="frame 1 without a picture"):
        lie(still_message(1), skip_still=False, first=1)


def test_what_is_said_of_a_still_frame_is_checked() -> None:
    with pytest.raises(DecoderCrashed, match="index"):
        lie({**still_message(1), "index": "1"}, first=1)
    with pytest.raises(DecoderCrashed, match="none of those that are wanted"):
        lie(still_message(1), still_message(1), first=1)
