"""The numbers are those of the reference implementation, and those that a person computes."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from human_detector.report.evaluation.configurations import Configuration
from human_detector.report.evaluation.evaluation import evaluate
from human_detector.report.evaluation.given_results import GivenResult
from human_detector.report.evaluation.read_truth import read_truth
from human_detector.results.exports.coco import export_coco
from support.evaluating import coco, random_case, result, write_json

BOX, OTHER, THIRD = (100, 100, 200, 200), (400, 100, 500, 200), (700, 100, 800, 200)


def measure(folder: Path, truth: dict[str, Any], document: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The numbers of the only label."""
    labels = read_truth(write_json(folder / "truth.json", truth))
    evaluation = evaluate(labels, [Configuration("", [GivenResult("clip.json", document)])], **options)
    ((quality,),) = (each.labels for each in evaluation.configurations)
    return dict(quality.numbers)


def reference(folder: Path, truth: dict[str, Any], document: dict[str, Any]) -> list[float]:
    """COCO's twelve numbers, by pycocotools itself, from files."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    _, results = export_coco(document, folder, "clip")
    with contextlib.redirect_stdout(io.StringIO()):
        labelled = COCO(write_json(folder / "reference.json", truth))
        evaluation = COCOeval(labelled, labelled.loadRes(str(results)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    numbers: list[float] = evaluation.stats.tolist()
    return numbers


@pytest.mark.parametrize("seed", range(8))
def test_average_precision_is_that_of_pycocotools(seed: int, tmp_path: Path) -> None:
    truth, document = random_case(seed)
    numbers = measure(tmp_path, truth, document)
    expected = reference(tmp_path, truth, document)
    found = [
        *(numbers[name]["value"] for name in ("AP", "AP50", "AP75")),
        *(numbers["sizes"][size]["AP"] for size in ("small", "medium", "large")),
        numbers["AR"]["value"],
    ]
    assert found == pytest.approx([*expected[:6], expected[8]], abs=1e-6)
    assert 0.2 < found[1] < 0.95, "a case in which there is something to measure"


def test_a_case_that_can_be_computed_by_hand(tmp_path: Path) -> None:
    """One of two people is found first, then something wrong, then the other."""
    truth = coco({"clip_000000.jpg": [("person", BOX)], "clip_000004.jpg": [("person", OTHER)]})
    found = {0: {"D": [("person", 0.9, BOX), ("person", 0.8, THIRD)]}, 4: {"D": [("person", 0.7, OTHER)]}}
    numbers = measure(tmp_path, truth, result(found))
    # Up to a recall of 0.5 all is right (51 of COCO's 101 places), then two of three.
    assert numbers["AP50"]["value"] == pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-12)
    assert numbers["best_threshold"] == 0.7
    at = numbers["at_threshold"]
    assert (at["right"], at["wrong"], at["missed"]) == (2, 1, 0)
    assert at["f1"]["value"] == pytest.approx(0.8)
    by_threshold = {each["threshold"]: each for each in numbers["thresholds"]}
    assert by_threshold[0.75]["precision"] == by_threshold[0.75]["recall"] == 0.5
    assert by_threshold[0.95]["precision"] is None
    assert by_threshold[0.95]["recall"] == 0


def test_a_box_that_is_half_right_counts_at_half(tmp_path: Path) -> None:
    truth = coco({"clip_000000.jpg": [("person", (0, 0, 100, 100))]})
    # The overlap is 0.6: right at 0.5, 0.55 and 0.6, three of ten.
    numbers = measure(tmp_path, truth, result({0: {"D": [("person", 0.9, (0, 0, 60, 100))]}}))
    assert numbers["AP50"]["value"] == pytest.approx(1)
    assert numbers["AP75"]["value"] == 0
    assert numbers["AP"]["value"] == pytest.approx(0.3)


def test_a_second_box_on_the_same_person_is_wrong(tmp_path: Path) -> None:
    truth = coco({"clip_000000.jpg": [("person", BOX)]})
    numbers = measure(tmp_path, truth, result({0: {"D": [("person", 0.9, BOX), ("person", 0.6, BOX)]}}))
    assert numbers["best_threshold"] == 0.9
    assert numbers["thresholds"][0] == {
        "threshold": 0.05,
        "right": 1,
        "wrong": 1,
        "missed": 0,
        "precision": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
    }


def test_a_crowd_is_neither_found_nor_missed(tmp_path: Path) -> None:
    truth = coco({"clip_000000.jpg": [("person", BOX)], "clip_000001.jpg": [("person", OTHER)]})
    truth["annotations"][0]["iscrowd"] = 1
    found = {0: {"D": [("person", 0.9, BOX)]}, 1: {"D": [("person", 0.8, OTHER)]}}
    numbers = measure(tmp_path, truth, result(found))
    assert numbers["truth_boxes"] == 1
    at = numbers["at_threshold"]
    assert (at["right"], at["wrong"], at["missed"]) == (1, 0, 0)


def test_sizes_are_in_pixels_of_the_video(tmp_path: Path) -> None:
    sides = {"small": (0, 0, 31, 31), "medium": (100, 100, 190, 190), "large": (300, 100, 420, 220)}
    truth = coco({"clip_000000.jpg": [("person", box) for box in sides.values()]})
    found = {0: {"D": [("person", 0.9, sides["small"]), ("person", 0.8, sides["large"])]}}
    numbers = measure(tmp_path, truth, result(found))
    assert {size: each["truth_boxes"] for size, each in numbers["sizes"].items()} == dict.fromkeys(sides, 1)
    assert {size: each["recall"] for size, each in numbers["sizes"].items()} == {
        "small": 1,
        "medium": 0,
        "large": 1,
    }


def test_a_detector_that_finds_nothing_has_a_recall_of_nothing(tmp_path: Path) -> None:
    truth = coco({"clip_000000.jpg": [("person", BOX)]})
    numbers = measure(tmp_path, truth, result({0: {"D": []}}, label="person"))
    assert numbers["best_threshold"] is None
    assert numbers["AP"]["value"] == numbers["at_threshold"]["recall"]["value"] == 0
    assert numbers["at_threshold"]["precision"]["value"] is None
