"""How well two sets of detections of the same pictures agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from human_detector.results.best_pairs import Pair, best_pairs
from human_detector.values import Detection

OVERLAP = 0.5
"""The least intersection over union of two boxes that count as the same."""
MARGIN = 0.1
"""A box that scores so much less than the threshold still counts as found: that is no cliff."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared, and how much of it agrees.

    Attributes:
        boxes: at the threshold or above, of both sets together.
        matched: the share of them that the other set has as well, at `MARGIN` below the threshold or above.
        matched_at_threshold: the share that the other set has at the threshold or above.
        mean_score_difference: of two that are the same.
        large_score_difference: that one in twenty exceeds.
    """

    boxes: int
    matched: float
    matched_at_threshold: float
    mean_score_difference: float
    large_score_difference: float

    def to_dict(self) -> dict[str, Any]:
        """With four digits."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def compare(
    ours: Iterable[Sequence[Detection]], theirs: Iterable[Sequence[Detection]], threshold: float
) -> Agreement:
    """Compare what was found in the same pictures, picture by picture.

    Args:
        ours: of each picture, all with a score of `threshold - MARGIN` or more.
        theirs: the same of somebody else.
        threshold: the score from which on a box counts.
    """
    boxes = matched = matched_at_threshold = 0
    differences: list[float] = []
    for left, right in zip(ours, theirs, strict=True):
        weak = [[each for each in found if each.score >= threshold - MARGIN] for found in (left, right)]
        sure = [[each for each in found if each.score >= threshold] for found in (left, right)]
        boxes += len(sure[0]) + len(sure[1])
        matched_at_threshold += 2 * len(_same(*sure))
        for a, b in _same(*weak):
            strong = [score >= threshold for score in (weak[0][a].score, weak[1][b].score)]
            matched += sum(strong)
            if any(strong):
                differences.append(abs(weak[0][a].score - weak[1][b].score))
    return Agreement(
        boxes,
        matched / boxes if boxes else 1.0,
        matched_at_threshold / boxes if boxes else 1.0,
        float(np.mean(differences)) if differences else 0.0,
        float(np.quantile(differences, 0.95)) if differences else 0.0,
    )


def _same(left: Sequence[Detection], right: Sequence[Detection]) -> list[Pair]:
    """Which of the left ones are which of the right ones."""
    overlaps = {
        (i, j): overlap
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if a.label == b.label and (overlap := a.box.overlap(b.box)) >= OVERLAP
    }
    return list(best_pairs(overlaps).items())
