"""The numbers: average precision as COCO defines it, and precision, recall and F1 at a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from human_detector.report.evaluation.box_matching import Matches

RECALLS = np.linspace(0, 1, 101)
"""Where COCO looks at the precision."""
AT_HALF, AT_THREE_QUARTERS = 0, 5
"""The overlaps 0.5 and 0.75 among the ten."""

Draws = NDArray[np.int64]
"""How often each frame was drawn."""


@dataclass(frozen=True)
class AveragePrecision:
    """COCO's numbers; None where there is nothing to find.

    Attributes:
        mean: over the overlaps from 0.5 to 0.95, what COCO calls AP.
        at_half: at 0.5.
        at_three_quarters: at 0.75.
        recall: the mean over the overlaps of the most that is found, COCO's AR.
    """

    mean: float | None
    at_half: float | None
    at_three_quarters: float | None
    recall: float | None


@dataclass(frozen=True)
class Rates:
    """What a threshold gives at an overlap of 0.5; None where there is nothing to divide by.

    Attributes:
        threshold: detections with less do not count.
        right: detections that are on a labelled box.
        wrong: the others.
        missed: labelled boxes that no detection is on.
    """

    threshold: float
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """The share of the detections that are right."""
        return _ratio(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float | None:
        """The share of the labelled boxes that are found."""
        return _ratio(self.right, self.right + self.missed)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both."""
        return _ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)


def average_precision(matches: Matches, draws: Draws | None = None) -> AveragePrecision:
    """COCO's numbers, the same as those of pycocotools.

    Args:
        matches: of a label.
        draws: count each frame so many times; once by default.
    """
    times = np.ones(len(matches.truths), np.int64) if draws is None else draws
    truths = int(matches.truths @ times)
    if not truths:
        return AveragePrecision(None, None, None, None)
    copies = np.repeat(np.arange(len(matches.score)), times[matches.frame])
    right = np.cumsum(matches.hit[:, copies], axis=1, dtype=np.float64)
    wrong = np.cumsum(matches.counts[:, copies] & ~matches.hit[:, copies], axis=1, dtype=np.float64)
    recall = right / truths
    precision = right / (right + wrong + np.spacing(1))
    # The best precision that this recall, or a higher one, has.
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    means = np.array([_mean_over_recalls(*each) for each in zip(recall, envelope, strict=True)])
    most = recall[:, -1] if len(copies) else np.zeros(len(recall))
    return AveragePrecision(
        float(means.mean()), float(means[AT_HALF]), float(means[AT_THREE_QUARTERS]), float(most.mean())
    )


def rates(matches: Matches, threshold: float, draws: Draws | None = None) -> Rates:
    """Precision and recall at a threshold.

    Args:
        matches: of a label.
        threshold: the least score.
        draws: see `average_precision`.
    """
    times = np.ones(len(matches.truths), np.int64) if draws is None else draws
    weight = times[matches.frame] * (matches.score >= threshold)
    right = int(weight @ matches.hit[AT_HALF])
    return Rates(
        threshold,
        right,
        int(weight @ matches.counts[AT_HALF]) - right,
        int(matches.truths @ times) - right,
    )


def best_threshold(matches: Matches) -> float | None:
    """The score that is best by F1 as a threshold, the lowest of those; None without detections."""
    if not len(matches.score):
        return None
    # Behind the last of equal scores, as a threshold takes all of them.
    ends = np.append(np.flatnonzero(np.diff(matches.score)), len(matches.score) - 1)
    right = np.cumsum(matches.hit[AT_HALF])[ends]
    detections = np.cumsum(matches.counts[AT_HALF])[ends]
    f1 = 2 * right / np.maximum(detections + matches.truths.sum(), 1)
    return float(matches.score[ends[np.flatnonzero(f1 == f1.max())[-1]]])


def of_frames(chosen: Sequence[bool]) -> Draws:
    """Draws that count only some frames, once each."""
    return np.asarray(chosen, np.int64)


def _mean_over_recalls(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    places = np.searchsorted(recall, RECALLS, side="left")
    reached = places < len(recall)
    return float(precision[places[reached]].sum() / len(RECALLS))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
