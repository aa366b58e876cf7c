"""Every export is read back by the tool that it is for, and gives the boxes of the result."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import botocore.session
import numpy as np
import pytest
from botocore.validate import ParamValidator
from numpy.typing import NDArray

from human_detector.commands import export as export_command
from human_detector.errors import PermanentError
from human_detector.harmless_text import harmless
from human_detector.results.detection_arrays import Detections
from human_detector.results.exports.formats import EXPORTERS
from human_detector.results.reader import read_result
from support.hostile import NAME
from support.sample_results import HEIGHT, WIDTH, sample_result, two_labels
from support.worker_harness import Aws

Boxes = NDArray[np.float64]


def export(name: str, document: dict[str, Any], folder: Path) -> dict[str, Path]:
    """The files of an export, by what follows `clip.` in their names."""
    return {path.name.removeprefix("clip."): path for path in EXPORTERS[name](document, folder, "clip")}


def rows(table: Detections) -> list[tuple[Any, ...]]:
    """Frame, label, score and box of each detection, in an order of their own."""
    boxes = table.box.round(5).tolist()
    columns = (table.frame_index.tolist(), table.label.tolist(), table.score.tolist())
    return sorted((*row, tuple(box)) for *row, box in zip(*columns, boxes, strict=True))


def fractions(x: float, y: float, width: float, height: float) -> tuple[float, ...]:
    sides = (x / WIDTH, y / HEIGHT, (x + width) / WIDTH, (y + height) / HEIGHT)
    return tuple(round(side, 5) for side in sides)


def test_coco_is_read_by_pycocotools(tmp_path: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    document = sample_result()
    files = export("coco", document, tmp_path)
    coco = coco_module.COCO(str(files["coco.json"]))
    results = coco.loadRes(str(files["coco_results.json"]))
    for loaded in (coco, results):
        found = [
            (
                loaded.imgs[each["image_id"]]["frame_index"],
                loaded.cats[each["category_id"]]["name"],
                each["score"],
                fractions(*each["bbox"]),
            )
            for each in loaded.anns.values()
        ]
        assert sorted(found) == rows(Detections.from_document(document))
    assert coco.getCatIds(["person"]) == [1]
    assert len(coco.imgs) == 20, "frames without detections count, too"


def test_coco_results_score_perfectly_against_themselves(tmp_path: Path) -> None:
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    from pycocotools.coco import COCO

    files = export("coco", sample_result(), tmp_path)
    coco = COCO(str(files["coco.json"]))
    scored = evaluation.COCOeval(coco, coco.loadRes(str(files["coco_results.json"])), "bbox")
    scored.evaluate()
    scored.accumulate()
    scored.summarize()
    assert scored.stats[0] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("tracks", [False, True])
def test_mot_has_ten_columns_counted_from_one(tracks: bool, tmp_path: Path) -> None:
    document = sample_result(tracks=tracks)
    files = export("mot", document, tmp_path)
    assert set(files) == {"HumanDetector.mot.txt", "FaceDetector.mot.txt", "Cats, big_small.mot.txt"}
    for detector, label in (("HumanDetector", "person"), ("FaceDetector", "face")):
        read = np.loadtxt(files[f"{detector}.mot.txt"], delimiter=",")
        assert read.shape[1] == 10
        assert (read[:, 7:] == -1).all()
        table = Detections.from_document(document)
        table = table[table.detector == detector]
        found = [
            (int(frame) - 1, label, score, fractions(left - 1, top - 1, width, height))
            for frame, _, left, top, width, height, score, *_ in read.tolist()
        ]
        assert sorted(found) == rows(table)
        assert read[:, 1].tolist() == table.track_id.tolist()
        assert (read[:, 1] >= 1).all() if tracks else (read[:, 1] == -1).all()


def test_mot_of_several_labels_has_a_file_for_each(tmp_path: Path) -> None:
    files = export("mot", two_labels(), tmp_path)
    table = Detections.from_document(two_labels())
    lines = {
        name.removesuffix(".mot.txt"): len(path.read_text().splitlines()) for name, path in files.items()
    }
    assert lines == {
        "HumanDetector.person": (table.label == "person").sum(),
        "HumanDetector.bicycle": (table.label == "bicycle").sum(),
        "HumanDetector.car": 0,
        "FaceDetector": (table.label == "face").sum(),
    }


def test_coco_numbers_depend_on_what_was_looked_for_and_not_on_what_was_found(tmp_path: Path) -> None:
    data_set = json.loads(export("coco", two_labels(), tmp_path)["coco.json"].read_text())
    numbers = {each["name"]: each["id"] for each in data_set["categories"]}
    assert numbers == {"person": 1, "bicycle": 2, "car": 3, "face": 91}


def test_mot_of_the_upper_left_pixel(tmp_path: Path) -> None:
    document = sample_result(1)
    box = {"x_min": 0.0, "y_min": 0.0, "x_max": 1.0, "y_max": 1.0}
    document["frames"][0]["detections"] = {"HumanDetector": [{"label": "person", "score": 1.0, "box": box}]}
    line = export("mot", document, tmp_path)["HumanDetector.mot.txt"].read_text()
    assert line == f"1,-1,1,1,{WIDTH},{HEIGHT},1,-1,-1,-1\n"


def read_csv(path: Path) -> Detections:
    with path.open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    return _from_columns({name: [row[name] for row in read] for name in read[0]})


def read_parquet(path: Path) -> Detections:
    parquet = pytest.importorskip("pyarrow.parquet")
    return _from_columns(parquet.read_table(path).to_pydict())


def _from_columns(columns: dict[str, list[Any]]) -> Detections:
    sides = [np.array(columns.pop(side), float) for side in ("x_min", "y_min", "x_max", "y_max")]
    for name in ("track_id", "person_track_id"):
        columns[name] = [-1 if track in ("", None) else int(track) for track in columns[name]]
    return Detections(WIDTH, HEIGHT, box=np.stack(sides, axis=1), **columns)


@pytest.mark.parametrize("tracks", [False, True])
@pytest.mark.parametrize(("name", "read"), [("csv", read_csv), ("parquet", read_parquet)])
def test_tables_come_back_as_they_were(
    name: str, read: Callable[[Path], Detections], tracks: bool, tmp_path: Path
) -> None:
    document = sample_result(tracks=tracks)
    assert read(export(name, document, tmp_path)[name]) == Detections.from_document(document)


def test_parquet_carries_the_rest_of_the_result(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    document = sample_result()
    table = parquet.read_table(export("parquet", document, tmp_path)["parquet"])
    assert {**json.loads(table.schema.metadata[b"result"]), "frames": document["frames"]} == document
    assert table["track_id"].null_count == len(table), "nothing was followed"


OPERATIONS = {
    "face_detection": "GetFaceDetection",
    "person_tracking": "GetPersonTracking",
    "label_detection": "GetLabelDetection",
}


@pytest.mark.parametrize("kind", OPERATIONS)
def test_rekognition_has_the_shapes_of_the_service(kind: str, tmp_path: Path) -> None:
    service = botocore.session.get_session().get_service_model("rekognition")
    shape = service.operation_model(OPERATIONS[kind]).output_shape
    answer = json.loads(export("rekognition", sample_result(), tmp_path)[f"{kind}.json"].read_text())
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    assert answer["VideoMetadata"]["FrameWidth"] == WIDTH


def test_rekognition_has_the_boxes_of_the_result(tmp_path: Path) -> None:
    document = sample_result()
    answers = {
        name: json.loads(path.read_text()) for name, path in export("rekognition", document, tmp_path).items()
    }
    faces = [
        (each["Timestamp"], "Face", each["Face"]["Confidence"], _sides(each["Face"]["BoundingBox"]))
        for each in answers["face_detection.json"]["Faces"]
    ]
    persons = [
        (each["Timestamp"], _sides(each["Person"]["BoundingBox"]))
        for each in answers["person_tracking.json"]["Persons"]
    ]
    labels = [
        (each["Timestamp"], each["Label"]["Name"], instance["Confidence"], _sides(instance["BoundingBox"]))
        for each in answers["label_detection.json"]["Labels"]
        for instance in each["Label"]["Instances"]
    ]
    names = {"person": "Person", "face": "Face", "cat": "cat"}
    expected = [
        (round(index / 30 * 1000), names[label], round(100 * score, 2), box)
        for index, label, score, box in rows(Detections.from_document(document))
    ]
    assert sorted(labels) == sorted(expected)
    assert sorted(faces) == sorted(row for row in expected if row[1] == "Face")
    assert sorted(persons) == sorted((row[0], row[3]) for row in expected if row[1] == "Person")


def _sides(box: dict[str, float]) -> tuple[float, ...]:
    sides = (box["Left"], box["Top"], box["Left"] + box["Width"], box["Top"] + box["Height"])
    return tuple(round(side, 5) for side in sides)


def test_rekognition_persons_are_followed(tmp_path: Path) -> None:
    """Index says who it is, also in a result without tracks."""
    document = sample_result(6)
    for place, frame in enumerate(document["frames"]):
        boxes = [{"x_min": x, "y_min": 0.1, "x_max": x + 0.1, "y_max": 0.9} for x in (0.1 + place / 50, 0.8)]
        found = [{"label": "person", "score": 0.9, "box": box} for box in boxes]
        frame["detections"] = {"HumanDetector": found if place % 2 else found[::-1]}
    answer = json.loads(export("rekognition", document, tmp_path)["person_tracking.json"].read_text())
    seen: dict[int, list[float]] = {}
    for each in answer["Persons"]:
        seen.setdefault(each["Person"]["Index"], []).append(each["Person"]["BoundingBox"]["Left"])
    assert seen == {0: [0.8] * 6, 1: pytest.approx([0.1 + place / 50 for place in range(6)])}


def test_rekognition_tells_the_persons_of_two_detectors_apart(tmp_path: Path) -> None:
    document = sample_result(2)
    for frame in document["frames"]:
        frame["detections"] = {
            name: [
                {
                    "label": "person",
                    "score": 0.9,
                    "box": {"x_min": x, "y_min": 0, "x_max": x + 0.1, "y_max": 1},
                }
            ]
            for name, x in (("A", 0.1), ("B", 0.7))
        }
    answer = json.loads(export("rekognition", document, tmp_path)["person_tracking.json"].read_text())
    assert [each["Person"]["Index"] for each in answer["Persons"]] == [0, 1, 0, 1]


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_result_without_detections(name: str, tmp_path: Path) -> None:
    document = sample_result(3)
    for frame in document["frames"]:
        frame["detections"] = {detector: [] for detector in frame["detections"]}
    assert all(path.is_file() for path in export(name, document, tmp_path).values())


# ---- the command ----


@pytest.mark.parametrize("name", EXPORTERS)
def test_labels_and_names_of_detectors_can_be_anything(name: str, tmp_path: Path) -> None:
    odd = f"../{NAME}</annotations>&{'x' * 300}"
    document = sample_result()
    document["summary"]["detectors"] = {odd: document["summary"]["detectors"]["HumanDetector"]}
    document["human_detection"]["detectors"] = [[odd, {"label": odd}]]
    for frame in document["frames"]:
        (_, found, _) = frame["detections"].values()
        frame["detections"] = {odd: [{**each, "label": odd} for each in found]}
    (tmp_path / "out").mkdir()
    for path in export(name, document, tmp_path / "out").values():
        assert path.name == harmless(path.name)
        if path.suffix == ".xml":
            labels = {
                text
                for each in ElementTree.parse(path).iter()
                for text in (each.get("label"), each.get("value"), each.text)
            }
            assert harmless(odd) in labels
        elif path.suffix == ".json":
            json.loads(path.read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_command_writes_beside_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(sample_result()))
    assert export_command.main([str(path), "--format=csv", "--format=mot"]) == 0
    shown = capsys.readouterr().out.split("\n")
    assert str(tmp_path / "clip.csv") in shown
    assert (tmp_path / "clip.FaceDetector.mot.txt").is_file()


def test_a_result_in_s3(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = sample_result()
    aws.s3.put_object(
        Bucket=aws.bucket, Key="human_detector/42/a clip.json", Body=json.dumps(document).encode()
    )
    monkeypatch.chdir(tmp_path)
    address = f"s3://{aws.bucket}/human_detector/42/a clip.json"
    assert export_command.main([address, "--format=csv", "--output=new/folder"]) == 0
    assert read_csv(tmp_path / "new/folder/a clip.csv") == Detections.from_document(document)
    with pytest.raises(PermanentError, match="there is no such object"):
        read_result(f"s3://{aws.bucket}/nothing.json")
    with pytest.raises(PermanentError, match="valid is s3://bucket/key"):
        read_result("s3://only-a-bucket")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ("[]", "is no result file"),
        ('{"frames": []}', "is no result file"),
        (json.dumps({**sample_result(1), "schema_version": "2.0"}), "found schema_version 2.0, valid is 1.0"),
    ],
)
def test_what_is_no_result_is_said(
    content: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    assert export_command.main([str(path), "--format=csv"]) == 1
    assert sentence in capsys.readouterr().err


def test_a_later_minor_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**sample_result(1), "schema_version": "1.7", "more": 1}))
    assert read_result(str(path))["more"] == 1
