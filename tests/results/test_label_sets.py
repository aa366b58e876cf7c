"""Sets for labelling and training are read back by the tools that they are for, and give the boxes of the result."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
import yaml

from human_detector.errors import PermanentError
from human_detector.report.evaluation.read_truth import read_truth
from human_detector.results.detection_arrays import Detections
from human_detector.results.exports.data_sets import picture_name
from human_detector.results.exports.formats import EXPORTERS
from human_detector.results.exports.label_studio import ADDRESS
from support.sample_results import HEIGHT, WIDTH, sample_result, two_labels

Row = tuple[int, str, tuple[float, ...]]


def expected(table: Detections) -> list[Row]:
    """Frame, label and box in fractions."""
    return sorted(
        (index, label, tuple(box))
        for index, label, box in zip(
            table.frame_index.tolist(), table.label.tolist(), table.box.round(3).tolist(), strict=True
        )
        if box[0] < box[2] and box[1] < box[3]
    )


@pytest.mark.parametrize(
    ("name", "place"), [("yolo", "clip.yolo"), ("cvat", "clip.cvat.xml"), ("coco", "clip.coco.json")]
)
def test_evaluate_reads_its_own_exports_as_truth(name: str, place: str, tmp_path: Path) -> None:
    document = two_labels()
    EXPORTERS[name](document, tmp_path, "clip")
    truth = read_truth(tmp_path / place)
    assert {(frame.index, frame.videos[0]) for frame in truth.frames} == {
        (frame["index"], "clip") for frame in document["frames"]
    }
    found = sorted(
        (
            frame.index,
            each.label,
            tuple(
                round(side, 3) for side in (each.box.x_min, each.box.y_min, each.box.x_max, each.box.y_max)
            ),
        )
        for frame in truth.frames
        for each in frame.boxes
    )
    wanted = expected(Detections.from_document(document))
    assert [row[:2] for row in found] == [row[:2] for row in wanted]
    assert np.allclose([row[2] for row in found], [row[2] for row in wanted], atol=0.0015)


def test_yolo_numbers_follow_what_was_looked_for(tmp_path: Path) -> None:
    (path,) = EXPORTERS["yolo"](two_labels(), tmp_path, "clip")
    assert yaml.safe_load(path.read_text()) == {
        "path": ".",
        "train": "images",
        "val": "images",
        "nc": 4,
        "names": {0: "person", 1: "bicycle", 2: "car", 3: "face"},
    }


def test_yolo_does_not_mix_two_exports(tmp_path: Path) -> None:
    """What is no longer in the result goes, with its picture; what is not ours stays, and is named."""
    labels, images = tmp_path / "clip.yolo" / "labels", tmp_path / "clip.yolo" / "images"
    EXPORTERS["yolo"](sample_result(4), tmp_path, "clip")
    images.mkdir()
    for path in labels.iterdir():
        (images / f"{path.stem}.jpg").write_bytes(b"picture")
    before = {path.stem for path in labels.iterdir()}
    EXPORTERS["yolo"](sample_result(2), tmp_path, "clip")
    after = {path.stem for path in labels.iterdir()}
    assert (len(before), len(after)) == (4, 2)
    assert after < before
    assert {path.stem for path in images.iterdir()} == after
    (labels / "other_000001.txt").touch()
    with pytest.raises(PermanentError, match=r"has labels of something else, such as other_000001.txt"):
        EXPORTERS["yolo"](sample_result(1), tmp_path, "clip")
    assert {path.stem for path in labels.iterdir()} == after | {"other_000001"}


def test_cvat_has_what_its_format_asks_for(tmp_path: Path) -> None:
    """Elements and attributes as in the XML schema of CVAT for images 1.1 on its page."""
    (path,) = EXPORTERS["cvat"](two_labels(), tmp_path, "clip")
    root = ElementTree.parse(path).getroot()
    assert root.findtext("version") == "1.1"
    assert [each.findtext("name") for each in root.findall("meta/task/labels/label")] == [
        "person",
        "bicycle",
        "car",
        "face",
    ]
    images = root.findall("image")
    assert [image.get("id") for image in images] == [str(i) for i in range(20)]
    assert images[1].attrib == {
        "id": "1",
        "name": "clip_000005.jpg",
        "width": str(WIDTH),
        "height": str(HEIGHT),
    }
    for box in root.iter("box"):
        assert set(box.attrib) == {"label", "source", "occluded", "xtl", "ytl", "xbr", "ybr", "z_order"}
        assert 0 <= float(box.get("xtl", "")) <= float(box.get("xbr", "")) <= WIDTH


def test_label_studio_tasks_fit_their_interface(tmp_path: Path) -> None:
    """As https://labelstud.io/guide/predictions describes it: names that match, per cents, a score each."""
    document = two_labels()
    tasks_path, interface_path = EXPORTERS["labelstudio"](document, tmp_path, "clip")
    view = ElementTree.parse(interface_path).getroot()
    image, boxes = view
    choices = {each.get("value") for each in boxes}
    tasks = json.loads(tasks_path.read_text())
    found = []
    for task in tasks:
        assert task["data"][(image.get("value") or "").removeprefix("$")].startswith(
            f"{ADDRESS}clip.images/clip_"
        )
        (prediction,) = task["predictions"]
        assert len({region["id"] for region in prediction["result"]}) == len(prediction["result"])
        for region in prediction["result"]:
            assert (region["from_name"], region["to_name"]) == (boxes.get("name"), image.get("name"))
            assert (region["original_width"], region["original_height"]) == (WIDTH, HEIGHT)
            value = region["value"]
            (label,) = value["rectanglelabels"]
            assert label in choices
            sides = (value["x"], value["y"], value["x"] + value["width"], value["y"] + value["height"])
            found.append((task["data"]["frame_index"], label, tuple(side / 100 for side in sides)))
    table = Detections.from_document(document)
    assert len(tasks) == 20
    assert len(found) == len(table)
    wanted = sorted(
        zip(table.frame_index.tolist(), table.label.tolist(), map(tuple, table.box.tolist()), strict=True)
    )
    assert np.allclose([row[2] for row in sorted(found)], [row[2] for row in wanted], atol=1e-4)


# With the tools' own packages, which are too large to be installed for this alone:
# pip install label-studio-sdk datumaro


def test_label_studio_itself_accepts_tasks_and_interface(tmp_path: Path) -> None:
    sdk = pytest.importorskip("label_studio_sdk.label_interface")
    tasks_path, interface_path = EXPORTERS["labelstudio"](two_labels(), tmp_path, "clip")
    interface = sdk.LabelInterface(interface_path.read_text())
    for task in json.loads(tasks_path.read_text()):
        (prediction,) = task["predictions"]
        assert interface.validate_task({"data": task["data"]})
        assert interface.validate_prediction(prediction)
        for region in prediction["result"]:
            region["value"]["rectanglelabels"] = ["cat"]
        assert not (prediction["result"] and interface.validate_prediction(prediction))


@pytest.mark.parametrize(("name", "place"), [("yolo", "clip.yolo"), ("cvat", "clip.cvat")])
def test_datumaro_opens_the_sets(name: str, place: str, tmp_path: Path) -> None:
    """CVAT reads and writes with it."""
    datumaro = pytest.importorskip("datumaro")
    document = two_labels()
    (path,) = EXPORTERS[name](document, tmp_path, "clip")
    pictures = tmp_path / place / "images"
    pictures.mkdir(parents=True)
    for frame in document["frames"]:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        cv2.imwrite(str(pictures / picture_name("clip", frame["index"])), picture)
    if name == "cvat":
        path.rename(tmp_path / place / "annotations.xml")
    data_set = datumaro.Dataset.import_from(str(tmp_path / place), name)
    labels = [label.name for label in data_set.categories()[datumaro.AnnotationType.label]]
    found = sorted(
        (int(item.id.rpartition("_")[2]), labels[box.label], tuple(box.points))
        for item in data_set
        for box in item.annotations
    )
    table = Detections.from_document(document)
    rows = zip(table.frame_index.tolist(), table.label.tolist(), table.pixels.tolist(), strict=True)
    wanted = sorted((index, label, tuple(box)) for index, label, box in rows)
    assert [row[:2] for row in found] == [row[:2] for row in wanted]
    assert np.allclose([row[2] for row in found], [row[2] for row in wanted], atol=0.02)
