"""human-detector sample, as its users call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.commands import evaluate as evaluate_command
from human_detector.commands import sample as sample_command
from human_detector.video.source import VideoSource
from human_detector.video.writer import VideoWriter
from support.evaluating import result, write_json

SIZE = (320, 160)
FRAMES, SCENES = 24, 8
BOX, OTHER = (100, 100, 300, 300), (600, 100, 800, 300)


def make_clip(path: Path, seed: int) -> Path:
    """A video of eight scenes of three frames, each as coloured blocks that stand still."""
    numbers = np.random.default_rng(seed)
    with VideoWriter(path, 25) as writer:
        for index in range(FRAMES):
            if index % (FRAMES // SCENES) == 0:
                blocks = numbers.integers(0, 255, (4, 8, 3), np.uint8)
            writer.write(cv2.resize(blocks, SIZE, interpolation=cv2.INTER_NEAREST), index / 25)
    return path


def make_result(path: Path, clip: Path, shift: int = 0) -> Path:
    """A result of it: in every frame one sure detection, in the fifth scene one that is not."""
    found = {
        index: {
            "People": [
                ("person", 0.9, (BOX[0] + shift, BOX[1], BOX[2] + shift, BOX[3])),
                *([("person", 0.42, OTHER)] if 12 <= index < 15 else []),
            ]
        }
        for index in range(FRAMES)
    }
    document = result(found, video=clip.name, label="person")
    document["video"] |= {
        "width": SIZE[0],
        "height": SIZE[1],
        "frame_count": FRAMES,
        "duration": FRAMES / 25,
    }
    path.parent.mkdir(exist_ok=True)
    return write_json(path, document)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video with a result in `one`."""
    path = make_clip(tmp_path / "clip.mp4", 1)
    make_result(tmp_path / "one" / "clip.json", path)
    return path


def sample(*arguments: object) -> int:
    """Run the command."""
    return sample_command.run([str(each) for each in arguments])


def taken(folder: Path) -> list[str]:
    """The pictures that were written."""
    return sorted(path.name for path in (folder / "images").iterdir())


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence of a command line that is wrong."""
    assert sample(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (sentence,) = captured.err.splitlines()
    return sentence.removeprefix("human-detector sample: ")


def test_pictures_and_proposals(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    formats = [f"--format={name}" for name in ("cvat", "coco", "yolo")]
    assert sample(clip, "--results", tmp_path / "one", "--frames", 4, "--output", out, *formats) == 0
    names = taken(out)
    assert len(names) == 4
    assert len({int(name[5:11]) // 3 for name in names}) == 4, "no two of one scene"
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["clip", "24", "3", "1", "4"]
    written = ["images", "annotations.xml", "coco.json", "data.yaml"]
    assert lines[2:] == [str(out / name) for name in written]
    data = json.loads((out / "coco.json").read_text())
    assert [image["file_name"] for image in data["images"]] == names
    # The doubtful scene is among them, with both boxes; all others have one.
    assert len(data["annotations"]) == 5
    assert any(12 <= image["frame_index"] < 15 for image in data["images"])


def test_a_picture_is_the_frame_that_its_name_says(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert sample(clip, "--results", tmp_path / "one" / "clip.json", "--frames", 5, "--output", out) == 0
    with VideoSource(clip) as source:
        frames = {f"clip_{frame.index:06d}.jpg": frame.image for frame in source.frames()}
    for name in taken(out):
        picture = cv2.imread(str(out / "images" / name))[..., ::-1].astype(int)
        assert np.abs(picture - frames[name]).mean() < 3


def test_what_was_proposed_can_be_evaluated(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Uncorrected, it agrees with the result that it comes from."""
    out, results = tmp_path / "out", tmp_path / "one"
    assert sample(clip, "--results", results, "--frames", 5, "--output", out) == 0
    capsys.readouterr()
    arguments = [str(results), "--truth", str(out / "annotations.xml"), "--json"]
    assert evaluate_command.main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    (label,) = document["configurations"][0]["labels"]
    assert document["frames"] == 5
    assert label["AP50"]["value"] == pytest.approx(1)


def test_the_same_seed_takes_the_same_frames(clip: Path, tmp_path: Path) -> None:
    chosen = []
    for number, seed in enumerate((7, 7, 8, 9)):
        out = tmp_path / str(number)
        arguments = ("--results", tmp_path / "one", "--frames", 3, "--seed", seed, "--output", out)
        assert sample(clip, *arguments) == 0
        chosen.append(taken(out))
    assert chosen[0] == chosen[1]
    assert len({tuple(each) for each in chosen}) > 1


def test_models_that_disagree(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the third scene is seen otherwise by the second model."""
    path = make_result(tmp_path / "two" / "clip.json", clip)
    document = json.loads(path.read_text())
    for frame in document["frames"][6:9]:
        frame["detections"]["People"] = []
    write_json(path, document)
    out = tmp_path / "out"
    assert sample(clip, "--results", tmp_path / "one", tmp_path / "two", "--frames", 3, "--output", out) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[2:] == [
        "Spread",
        "Uncertain",
        "Disagreement",
        "Taken",
    ]
    assert any(6 <= int(name[5:11]) < 9 for name in taken(out))


def test_videos_of_one_name_keep_their_pictures_apart(tmp_path: Path) -> None:
    configuration = analysed_by(tmp_path)
    (tmp_path / "more").mkdir()
    clips = [make_clip(tmp_path / "clip.mp4", 1), make_clip(tmp_path / "more" / "clip.mp4", 2)]
    out = tmp_path / "out"
    assert sample(*clips, "--config", configuration, "--frames", 6, "--output", out) == 0
    names = taken(out)
    assert sum(name.startswith("clip_") for name in names) == 3
    assert sum(name.startswith("clip-2_") for name in names) == 3


def analysed_by(folder: Path, **arguments: Any) -> Path:
    """A configuration with a detector that needs no model."""
    detector = ["support.fake_detectors:InstantDetector", {"name": "Things", **arguments}]
    document = {"human_detection": {"detectors": [detector], "frame_ratio": 1.0}}
    return write_json(folder / "variables.json", document)


def test_without_results_the_videos_are_analysed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip, out = make_clip(tmp_path / "clip.mp4", 1), tmp_path / "out"
    configuration = analysed_by(tmp_path)
    assert sample(clip, "--config", configuration, "--frames", 4, "--output", out, "--format=coco") == 0
    data = json.loads((out / "coco.json").read_text())
    assert len(data["images"]) == 4
    assert data["categories"] == [{"id": 1, "name": "person"}, {"id": 91, "name": "thing"}]
    assert {annotation["score"] >= 0.4 for annotation in data["annotations"]} == {True}
    assert sample(clip, "--config", configuration, "--output", tmp_path / "all") == 0
    assert "8 of 100 frames: there are no others, or they look like these" in capsys.readouterr().err


def test_a_folder_with_pictures_is_left_alone(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "images").mkdir(parents=True)
    (out / "images" / "clip_000001.jpg").write_bytes(b"labelled for hours")
    assert said(capsys, clip, "--results", tmp_path / "one", "--output", out) == (
        f"--output {out}: pictures are there already; valid is a new folder"
    )


def test_a_video_without_a_result(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = make_clip(tmp_path / "other.mp4", 2)
    assert said(capsys, clip, other, "--results", tmp_path / "one", "--output", tmp_path / "out") == (
        f"no result is of {other}; the results are of clip"
    )


def test_a_video_that_is_another(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with VideoWriter(clip, 25) as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8), 0)
    arguments = (clip, "--results", tmp_path / "one", "--output", tmp_path / "out")
    assert sample(*arguments) == 2
    assert f"{clip}: the video is not the one of the result: it is 64x64" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--frames", "0"], ["--threshold", "2"], ["--format", "voc"]])
def test_a_wrong_argument(arguments: list[str], clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        sample(clip, *arguments)
    assert ended.value.code == 2
    assert arguments[1] in capsys.readouterr().err
