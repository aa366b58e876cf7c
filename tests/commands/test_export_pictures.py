"""human-detector export --images and --crops: pictures beside the labels, each of the frame that it says."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.commands import export as export_command
from human_detector.drawing.best_crops import BestCrops
from support.walker import analyze_walk, make_walk


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """The result of a clip that lies in another folder."""
    (tmp_path / "videos").mkdir()
    path = tmp_path / "results" / "walk.json"
    path.parent.mkdir()
    analyze_walk(make_walk(tmp_path / "videos" / "walk.mp4"), path)
    return path


def names(folder: Path) -> list[str]:
    """The files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def left_edge(picture: Path) -> int:
    """Where the red begins."""
    image = cv2.imread(str(picture))
    assert image is not None
    return int(np.nonzero(image[60, :, 2] > 128)[0].min())


PICTURES = [f"walk_{index:06d}.jpg" for index in range(0, 50, 5)]


def test_supervision_opens_the_sets_with_their_pictures(
    result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The boxes lie on the pictures where the figure is, in every frame, in both formats."""
    supervision = pytest.importorskip("supervision")
    assert (
        export_command.main([str(result), "--format=yolo", "--format=coco", "--format=cvat", "--images"]) == 0
    )
    folder = result.parent
    assert names(folder / "walk.images") == names(folder / "walk.yolo" / "images") == PICTURES
    assert str(folder / "walk.images") in capsys.readouterr().out.splitlines()
    sets = {
        "yolo": supervision.DetectionDataset.from_yolo(
            str(folder / "walk.yolo" / "images"),
            str(folder / "walk.yolo" / "labels"),
            str(folder / "walk.yolo" / "data.yaml"),
        ),
        "coco": supervision.DetectionDataset.from_coco(
            str(folder / "walk.images"), str(folder / "walk.coco.json")
        ),
    }
    for data_set in sets.values():
        assert len(data_set) == 10
        for place, image, found in data_set:
            assert image.shape == (120, 240, 3)
            people = found.xyxy[[data_set.classes[i] == "person" for i in found.class_id]]
            index = int(Path(place).stem.removeprefix("walk_"))
            assert people[:, 0] == pytest.approx(20 + 2 * index, abs=2)
            assert left_edge(Path(place)) == pytest.approx(people[0, 0], abs=2)
    assert {name: sum(len(each[2]) for each in data_set) for name, data_set in sets.items()} == {
        "yolo": 16,
        "coco": 16,
    }


def test_crops_are_the_best_of_each_track(result: Path) -> None:
    assert export_command.main([str(result), "--crops"]) == 0
    folder = result.parent / "walk.crops"
    with (folder / "crops.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {
        (row["detector"], row["label"], row["track_id"], row["person_track_id"], row["sightings"])
        for row in rows
    } == {
        ("Humans", "person", "1", "", "10"),
        ("Faces", "face", "1", "1", "4"),
        ("Faces", "face", "2", "1", "2"),
    }
    assert names(folder) == sorted([*(row["file"] for row in rows), "crops.csv"])
    for row in rows:
        crop = cv2.imread(str(folder / row["file"]))
        assert crop is not None
        assert crop.shape[0] == pytest.approx(1.2 * int(row["height"]), abs=2)


def test_size_sharpness_and_score_decide(tmp_path: Path) -> None:
    """Of the same face: blurred, small, doubtful, and as it should be."""
    noise = np.random.default_rng(1).integers(0, 256, (100, 100, 3), np.uint8)
    views = {
        "blurred": (cv2.GaussianBlur(noise, (0, 0), 3), 0.9, 0.8),
        "small": (noise, 0.9, 0.2),
        "good": (noise, 0.9, 0.8),
        "doubtful": (noise, 0.3, 0.8),
    }
    crops = BestCrops(tmp_path)
    for index, (image, score, size) in enumerate(views.values()):
        box = {"x_min": 0.1, "y_min": 0.1, "x_max": 0.1 + size, "y_max": 0.1 + size}
        found = {"label": "face/half", "score": score, "box": box, "track_id": 7}
        crops.take(image, {"index": index, "timestamp": float(index), "detections": {"F": [found]}})
    with crops.write_table().open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["frame_index"], row["file"], row["sightings"]) == ("2", "F_face_half_7.jpg", "4")


def test_a_result_without_tracks_is_followed_for_its_crops(tmp_path: Path) -> None:
    analyze_walk(make_walk(tmp_path / "walk.mp4"), tmp_path / "walk.json", tracker=False)
    assert export_command.main([str(tmp_path / "walk.json"), "--crops"]) == 0
    assert len(names(tmp_path / "walk.crops")) == 4


def test_another_video_is_told_before_anything_is_written(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_walk(tmp_path / "other.mp4", size=(160, 240))
    assert export_command.main([str(result), "--format=yolo", "--images", f"--video={other}"]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said == (
        f"human-detector export: {other}: the video is not the one of the result: "
        "it is 240x160, in the result it is 240x120"
    )
    assert names(result.parent) == ["walk.json"]


def test_a_video_that_has_moved_is_found_where_the_command_says(result: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.mp4"
    shutil.move(tmp_path / "videos" / "walk.mp4", moved)
    assert export_command.main([str(result), "--format=cvat", "--images"]) == 1
    assert names(result.parent) == ["walk.json"]
    assert export_command.main([str(result), "--format=cvat", "--images", f"--video={moved}"]) == 0
    assert names(result.parent / "walk.images") == PICTURES


def test_a_result_of_s3_does_not_know_a_local_video(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document: dict[str, Any] = json.loads(result.read_text())
    del document["video"]["file"]
    document["video"] |= {"bucket": "b", "key": "videos/1.mp4"}
    result.write_text(json.dumps(document))
    assert export_command.main([str(result), "--crops"]) == 2
    assert "--video is missing: the video of " in (said := capsys.readouterr().err)
    assert said.endswith("lies in s3://b/videos/1.mp4; valid is a local file\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to do: valid is at least one --format, or --crops"),
        (["--images"], "nothing to do"),
        (["--images", "--format=csv"], "--images: valid beside --format coco, yolo, cvat, labelstudio"),
        (["--format=csv", "--video=x.mp4"], "--video: valid beside --images or --crops"),
    ],
)
def test_wrong_arguments(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        export_command.main(["gone.json", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
