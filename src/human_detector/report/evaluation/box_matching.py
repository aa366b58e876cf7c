"""Which detections hit which labelled boxes, by COCO's own rules: pycocotools decides."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.report.evaluation.given_results import Found
from human_detector.report.evaluation.judged_frames import JudgedFrame
from human_detector.report.evaluation.truth import TruthBox

SIZES = ("all", "small", "medium", "large")
"""COCO's: small is below 32x32 pixels, large from 96x96."""
CATEGORY = 1

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Matches:
    """All D detections in F frames, by falling score, at COCO's T = 10 overlaps from 0.5 to 0.95.

    Attributes:
        frame: the place of a detection's frame [D].
        score: of each detection [D].
        hit: whether it is on a labelled box that no better one is on [T, D].
        counts: whether it counts at all: not on a crowd, and not of another size [T, D].
        truths: how many labelled boxes count in each frame [F].
    """

    frame: NDArray[np.int64]
    score: NDArray[np.float64]
    hit: Flags
    counts: Flags
    truths: NDArray[np.int64]


@dataclass(frozen=True)
class Pairing:
    """Of one frame, at an overlap of 0.5.

    Attributes:
        found: the detections, by falling score, at most 100 as COCO has it.
        right: whether each is on a labelled box.
        ignored: whether each does not count.
        truth: the labelled boxes that count.
        found_by: the score of the detection that is on each of them; None if there is none.
    """

    found: Sequence[Found]
    right: Sequence[bool]
    ignored: Sequence[bool]
    truth: Sequence[TruthBox]
    found_by: Sequence[float | None]


@dataclass(frozen=True)
class Matching:
    """Everything about one label.

    Attributes:
        by_size: the matches at each of `SIZES`.
        pairings: of each frame.
    """

    by_size: Mapping[str, Matches]
    pairings: Sequence[Pairing]


def import_pycocotools() -> tuple[Any, Any]:
    """The classes COCO and COCOeval.

    Raises:
        ConfigurationError: pycocotools is not installed, or does not work here.
    """
    try:
        # Imported when asked for: nothing else needs it.
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise ConfigurationError(
            f'evaluate needs pycocotools: pip install "human-detector[evaluate]" ({error})'
        ) from error
    return COCO, COCOeval


def match_boxes(
    frames: Sequence[JudgedFrame],
    is_truth: Callable[[TruthBox], bool],
    detections: Callable[[JudgedFrame], Sequence[Found]],
) -> Matching:
    """Hold what was found against the labels.

    Args:
        frames: those to judge.
        is_truth: whether a labelled box is of the label that is judged.
        detections: those of a frame that are of it.
    """
    truth = [[box for box in frame.truth if is_truth(box)] for frame in frames]
    found = [list(detections(frame)) for frame in frames]
    evaluation = _evaluate(frames, truth, found)
    blocks = [
        evaluation.evalImgs[i : i + len(frames)] for i in range(0, len(evaluation.evalImgs), len(frames))
    ]
    # pycocotools takes its frames by number, which here is their order.
    by_size = {size: _matches(block) for size, block in zip(SIZES, blocks, strict=True)}
    return Matching(by_size, _pairings(blocks[0], truth, found))


def _evaluate(
    frames: Sequence[JudgedFrame], truth: Sequence[Sequence[TruthBox]], found: Sequence[Sequence[Found]]
) -> Any:
    coco, coco_eval = import_pycocotools()
    images = [
        {"id": place, "width": each.size[0], "height": each.size[1]} for place, each in enumerate(frames)
    ]
    labelled = [
        (place, _truth_entry(box, frame.size)) for place, frame in enumerate(frames) for box in truth[place]
    ]
    detected = [
        (place, _found_entry(detection, frame.size))
        for place, frame in enumerate(frames)
        for detection in found[place]
    ]
    # It says on standard output what it does.
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = coco_eval(_data_set(coco, images, labelled), _data_set(coco, images, detected), "bbox")
        evaluation.evaluate()
    return evaluation


def _data_set(coco: Any, images: Sequence[Any], entries: Sequence[tuple[int, Mapping[str, Any]]]) -> Any:
    data_set = coco()
    data_set.dataset = {
        "images": images,
        "categories": [{"id": CATEGORY, "name": "judged"}],
        # From 1: pycocotools takes 0 for none.
        "annotations": [
            {"id": number, "image_id": image, "category_id": CATEGORY, **entry}
            for number, (image, entry) in enumerate(entries, 1)
        ],
    }
    data_set.createIndex()
    return data_set


def _truth_entry(box: TruthBox, size: tuple[int, int]) -> dict[str, Any]:
    sides = (box.box.x_min, box.box.y_min, box.box.x_max, box.box.y_max)
    return {"bbox": _pixels(sides, size), "area": box.area * size[0] * size[1], "iscrowd": int(box.crowd)}


def _found_entry(detection: Found, size: tuple[int, int]) -> dict[str, Any]:
    box = detection["box"]
    bbox = _pixels((box["x_min"], box["y_min"], box["x_max"], box["y_max"]), size)
    return {"bbox": bbox, "area": bbox[2] * bbox[3], "iscrowd": 0, "score": detection["score"]}


def _pixels(sides: tuple[float, float, float, float], size: tuple[int, int]) -> list[float]:
    """x, y, width and height."""
    x_min, y_min, x_max, y_max = sides
    width, height = size
    return [x_min * width, y_min * height, (x_max - x_min) * width, (y_max - y_min) * height]


def _matches(block: Sequence[Any]) -> Matches:
    images = [(place, image) for place, image in enumerate(block) if image is not None]
    truths = np.zeros(len(block), np.int64)
    for place, image in images:
        truths[place] = np.count_nonzero(image["gtIgnore"] == 0)
    overlaps = 10
    score = np.concatenate([np.zeros(0), *(image["dtScores"] for _, image in images)])
    matched = np.hstack([np.zeros((overlaps, 0)), *(image["dtMatches"] for _, image in images)])
    ignored = np.hstack([np.zeros((overlaps, 0)), *(image["dtIgnore"] for _, image in images)])
    frame = np.repeat([place for place, _ in images], [len(image["dtScores"]) for _, image in images])
    order = np.argsort(-score, kind="mergesort")  # as pycocotools orders equal scores
    counts = np.asarray(ignored[:, order] == 0)
    return Matches(frame[order], score[order], (matched[:, order] > 0) & counts, counts, truths)


def _pairings(
    block: Sequence[Any], truth: Sequence[Sequence[TruthBox]], found: Sequence[Sequence[Found]]
) -> list[Pairing]:
    first_truth = np.cumsum([1, *map(len, truth)])
    first_found = np.cumsum([1, *map(len, found)])
    pairings = []
    for place, image in enumerate(block):
        if image is None:
            pairings.append(Pairing([], [], [], [], []))
            continue
        scores = dict(zip(image["dtIds"], image["dtScores"], strict=True))
        boxes = [
            (truth[place][number - first_truth[place]], scores.get(by))
            for number, by, ignored in zip(
                image["gtIds"], image["gtMatches"][0], image["gtIgnore"], strict=True
            )
            if not ignored
        ]
        pairings.append(
            Pairing(
                [found[place][number - first_found[place]] for number in image["dtIds"]],
                [bool(match) for match in image["dtMatches"][0]],
                [bool(each) for each in image["dtIgnore"][0]],
                [box for box, _ in boxes],
                [None if score is None else float(score) for _, score in boxes],
            )
        )
    return pairings
