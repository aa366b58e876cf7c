"""How doubtful what was found in a frame is: by its scores, and by what others find in the same frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from human_detector.report.evaluation.mistakes import box_of
from human_detector.values import Box

REACH = 0.25
"""A score so far from the threshold leaves no doubt."""
SAME = 0.5
"""The overlap from which on two boxes are of the same thing."""

Frame = Mapping[str, Any]
"""An analysed frame, as the result file has it."""


def uncertainty(frame: Frame, threshold: float) -> float:
    """How many detections are close to the threshold, each the more the closer it is.

    Args:
        frame: to judge.
        threshold: the score from which on a detection counts.
    """
    scores = (found["score"] for detections in frame["detections"].values() for found in detections)
    return float(sum(max(0.0, 1 - abs(score - threshold) / REACH) for score in scores))


def disagreement(frames: Sequence[Frame], threshold: float) -> int:
    """How many boxes only one of two results has, over all pairs of results.

    Args:
        frames: the same frame in each result.
        threshold: detections with less do not count.
    """
    boxes = [_by_label(frame, threshold) for frame in frames]
    return sum(
        _without_partner(one[label], other[label])
        for one, other in combinations(boxes, 2)
        for label in one.keys() | other.keys()
    )


def _by_label(frame: Frame, threshold: float) -> defaultdict[str, list[Box]]:
    """The boxes of each label, the strongest first."""
    boxes: defaultdict[str, list[Box]] = defaultdict(list)
    everything = (found for detections in frame["detections"].values() for found in detections)
    for found in sorted(everything, key=lambda each: -float(each["score"])):
        if found["score"] >= threshold:
            boxes[found["label"]].append(box_of(found))
    return boxes


def _without_partner(ours: Sequence[Box], theirs: Sequence[Box]) -> int:
    left = list(theirs)
    alone = 0
    for box in ours:
        partner = max(left, key=box.overlap, default=None)
        if partner is None or box.overlap(partner) < SAME:
            alone += 1
        else:
            left.remove(partner)
    return alone + len(left)
