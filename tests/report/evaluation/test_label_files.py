"""What is written for labelling tools comes back as it was."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from human_detector.report.evaluation.label_files import WRITERS
from human_detector.report.evaluation.read_truth import read_truth
from human_detector.results.exports.data_sets import LabelledPicture
from support.evaluating import HEIGHT, WIDTH, result

NAME = 'a "clip" & more'


@pytest.mark.parametrize("name", WRITERS)
def test_proposals_are_read_back(name: str, tmp_path: Path) -> None:
    boxes = [("person", 0.9, (100, 50, 300, 250)), ("<face>: 1", 0.4, (12.34, 0, 56.78, 500))]
    frames = result({3: {"D": boxes}, 12: {"D": []}})["frames"]
    (tmp_path / "images").mkdir()
    proposals = []
    for frame in frames:
        picture = f"{NAME}_{frame['index']:06d}.jpg"
        (tmp_path / "images" / picture).write_bytes(b"")
        proposals.append(LabelledPicture(picture, frame["index"], (WIDTH, HEIGHT), frame["detections"]["D"]))
    written = WRITERS[name](proposals, ["<face>: 1", "person"], tmp_path)
    first, second = read_truth(written).frames
    assert [(each.videos, each.index) for each in (first, second)] == [((NAME,), 3), ((NAME,), 12)]
    assert second.boxes == ()
    assert [box.label for box in first.boxes] == ["person", "<face>: 1"]
    for box, found in zip(first.boxes, frames[0]["detections"]["D"], strict=True):
        assert box.box.to_dict() == pytest.approx(found["box"], abs=2e-5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures with proposals in every format."""
    boxes = [("person", 0.9, (100, 50, 300, 250)), ("face", 0.4, (150, 60, 200, 120))]
    frames = result({3: {"D": boxes}, 12: {"D": boxes[:1]}})["frames"]
    (tmp_path / "images").mkdir()
    proposals = [
        LabelledPicture(
            f"clip_{each['index']:06d}.jpg", each["index"], (WIDTH, HEIGHT), each["detections"]["D"]
        )
        for each in frames
    ]
    for each in proposals:
        cv2.imwrite(str(tmp_path / "images" / each.name), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    for write in WRITERS.values():
        write(proposals, ["face", "person"], tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_supervision_opens_what_we_write_and_we_read_what_it_writes(
    name: str, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    supervision = pytest.importorskip("supervision")
    images, copy = str(folder / "images"), tmp_path_factory.mktemp("copy")
    if name == "coco":
        data = supervision.DetectionDataset.from_coco(images, str(folder / "coco.json"))
        data.as_coco(annotations_path=str(copy / "coco.json"))
        truth = read_truth(copy / "coco.json")
    else:
        labels, description = str(folder / "labels"), str(folder / "data.yaml")
        data = supervision.DetectionDataset.from_yolo(images, labels, description)
        data.as_yolo(annotations_directory_path=str(copy / "labels"), data_yaml_path=str(copy / "data.yaml"))
        truth = read_truth(copy)
    assert sorted(data.classes) == ["face", "person"]
    assert {Path(path).name: len(boxes) for path, _, boxes in data} == {
        "clip_000003.jpg": 2,
        "clip_000012.jpg": 1,
    }
    seen = {
        frame.index: sorted((box.label, box.box.to_dict()["x_max"]) for box in frame.boxes)
        for frame in truth.frames
    }
    assert seen == {3: [("face", 0.2), ("person", 0.3)], 12: [("person", 0.3)]}
    assert {frame.videos for frame in truth.frames} == {("clip",)}
