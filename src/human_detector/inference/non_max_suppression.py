"""Non-maximum suppression as TensorFlow's detection graphs do it: of boxes that overlap, the best stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.engine import Candidates

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Suppression:
    """What a graph does with the boxes that its network proposes.

    Attributes:
        score_threshold: boxes with this score or a lower one are left out first.
        iou_threshold: a box that overlaps a better one of its class more than this is left out
            (intersection over union).
        max_per_class: the most boxes that stay of one class.
        max_total: the most boxes that stay.
    """

    score_threshold: float
    iou_threshold: float
    max_per_class: int
    max_total: int

    def apply(self, boxes: Floats, scores: Floats, min_score: float) -> Candidates:
        """Choose among the boxes of one image.

        A box can only be left out for one with a higher score, so that leaving out what lies below
        `min_score` before and not after changes nothing, and saves nearly all of the work.

        Args:
            boxes: [A, 1 or C, 4], y_min, x_min, y_max, x_max in fractions of the image.
            scores: [A, C] for the classes 1 to C.
            min_score: boxes with a lower score are not wanted.

        Returns:
            The boxes that stay, clipped to the image, the best first.
        """
        wanted = (scores > self.score_threshold) & (scores >= min_score)
        rows, columns = np.nonzero(wanted)
        kept_rows, kept_columns = [], []
        for column in np.unique(columns):
            of_class = rows[columns == column]
            proposed = boxes[of_class, column if boxes.shape[1] > 1 else 0]
            kept = of_class[_suppress(proposed, scores[of_class, column], self.iou_threshold)][
                : self.max_per_class
            ]
            kept_rows.append(kept)
            kept_columns.append(np.full(len(kept), column))
        if not kept_rows:
            return Candidates.none()
        row, column = np.concatenate(kept_rows), np.concatenate(kept_columns)
        best_first = np.argsort(-scores[row, column], kind="stable")
        row, column = row[best_first], column[best_first]
        clipped = np.clip(boxes[row, column if boxes.shape[1] > 1 else 0], 0, 1)
        # What lies outside the image has no area left.
        visible = (_areas(clipped) > 0).nonzero()[0][: self.max_total]
        return Candidates(
            clipped[visible], scores[row, column][visible], column[visible].astype(np.int64) + 1
        )


def best_of_each_class(
    boxes: Floats, scores: Floats, classes: NDArray[np.int64], iou_threshold: float
) -> NDArray[np.intp]:
    """The indices of the boxes that stay, the best first: a box can only be left out for one of its class.

    Args:
        boxes: [K, 4], two corners.
        scores: [K].
        classes: [K].
        iou_threshold: a box that overlaps a better one of its class more than this is left out; 1 leaves out
            none.
    """
    if iou_threshold >= 1:
        return np.argsort(-scores, kind="stable")
    kept = [np.empty(0, np.intp)]
    for of_class in (np.flatnonzero(classes == each) for each in np.unique(classes)):
        kept.append(of_class[_suppress(boxes[of_class], scores[of_class], iou_threshold)])
    indices = np.concatenate(kept)
    return indices[np.argsort(-scores[indices], kind="stable")]


def _suppress(boxes: Floats, scores: Floats, iou_threshold: float) -> NDArray[np.intp]:
    """The indices of the boxes of one class that stay, the best first."""
    waiting = np.argsort(-scores, kind="stable")
    areas = _areas(boxes)
    kept = []
    while len(waiting):
        best, others = waiting[0], waiting[1:]
        kept.append(best)
        corner_min = np.maximum(boxes[best, :2], boxes[others, :2])
        corner_max = np.minimum(boxes[best, 2:], boxes[others, 2:])
        intersection = np.prod(np.maximum(corner_max - corner_min, 0), axis=1)
        # Not divided by the union, which may be empty.
        waiting = others[intersection <= iou_threshold * (areas[best] + areas[others] - intersection)]
    return np.array(kept, np.intp)


def _areas(boxes: Floats) -> Floats:
    areas: Floats = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas
