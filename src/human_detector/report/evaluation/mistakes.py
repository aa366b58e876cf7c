"""The misses and false alarms of a label, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.report.evaluation.box_matching import Pairing
from human_detector.report.evaluation.judged_frames import JudgedFrame
from human_detector.report.evaluation.label_quality import LabelQuality
from human_detector.values import Box

MISS, FALSE_ALARM = "miss", "false alarm"
SAME_PLACE = 0.5
"""Overlap from which on a mistake in another frame of the video counts as the same one again."""


@dataclass(frozen=True)
class Mistake:
    """A labelled box that was not found, or a detection where nothing is labelled.

    Attributes:
        kind: `MISS` or `FALSE_ALARM`.
        frame: where.
        box: of it.
        score: of a false alarm; of a miss what a detection on it has, below the threshold, if there is one.
        pairing: everything else in the frame.
        again: how many other frames of the video have it at the same place.
    """

    kind: str
    frame: JudgedFrame
    box: Box
    score: float | None
    pairing: Pairing
    again: int = 0


def worst_mistakes(
    frames: Sequence[JudgedFrame], quality: LabelQuality, kind: str, most: int
) -> list[Mistake]:
    """The worst mistakes of a kind: false alarms by score, misses by size.

    What is wrong at the same place in frame after frame is shown once.

    Args:
        frames: that were judged.
        quality: what was measured.
        kind: `MISS` or `FALSE_ALARM`.
        most: as many at most.
    """
    find = _misses if kind == MISS else _false_alarms
    mistakes = [
        mistake
        for frame, pairing in zip(frames, quality.matching.pairings, strict=True)
        for mistake in find(frame, pairing, quality.threshold)
    ]
    mistakes.sort(key=lambda mistake: -(mistake.box.area if kind == MISS else mistake.score or 0))
    shown: list[Mistake] = []
    times: list[int] = []
    for mistake in mistakes:
        place = next((i for i, other in enumerate(shown) if _is_same(mistake, other)), None)
        if place is not None:
            times[place] += mistake.frame.index != shown[place].frame.index
        elif len(shown) < most:
            shown.append(mistake)
            times.append(0)
    return [
        Mistake(each.kind, each.frame, each.box, each.score, each.pairing, again)
        for each, again in zip(shown, times, strict=True)
    ]


def box_of(found: Mapping[str, Any]) -> Box:
    """The box of a detection, as the result file has it."""
    return Box(**found["box"])


def _misses(frame: JudgedFrame, pairing: Pairing, threshold: float) -> Iterator[Mistake]:
    for truth, score in zip(pairing.truth, pairing.found_by, strict=True):
        if score is None or score < threshold:
            yield Mistake(MISS, frame, truth.box, score, pairing)


def _false_alarms(frame: JudgedFrame, pairing: Pairing, threshold: float) -> Iterator[Mistake]:
    for found, right, ignored in zip(pairing.found, pairing.right, pairing.ignored, strict=True):
        if not right and not ignored and found["score"] >= threshold:
            yield Mistake(FALSE_ALARM, frame, box_of(found), found["score"], pairing)


def _is_same(mistake: Mistake, other: Mistake) -> bool:
    return mistake.frame.video == other.frame.video and mistake.box.overlap(other.box) >= SAME_PLACE
