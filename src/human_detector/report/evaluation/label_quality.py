"""How good the results of one configuration are at one label: every number, as the JSON file has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.report.evaluation.box_matching import SIZES, Matching, match_boxes
from human_detector.report.evaluation.intervals import Drawing, Interval, interval_of_share
from human_detector.report.evaluation.judged_frames import Judged
from human_detector.report.evaluation.judged_labels import JudgedLabel
from human_detector.report.evaluation.quality import (
    AveragePrecision,
    Draws,
    Rates,
    average_precision,
    best_threshold,
    of_frames,
    rates,
)

THRESHOLDS = [round(0.05 * step, 2) for step in range(1, 20)]

AVERAGES: Mapping[str, Callable[[AveragePrecision], float | None]] = {
    "AP": lambda each: each.mean,
    "AP50": lambda each: each.at_half,
    "AP75": lambda each: each.at_three_quarters,
    "AR": lambda each: each.recall,
}
"""By COCO's names."""
RATES: Mapping[str, Callable[[Rates], float | None]] = {
    "precision": lambda each: each.precision,
    "recall": lambda each: each.recall,
    "f1": lambda each: each.f1,
}


@dataclass(frozen=True)
class LabelQuality:
    """What was measured of one label.

    Attributes:
        label: which.
        matching: what hit what.
        threshold: the one that precision and recall are told at.
        numbers: everything, as the JSON file has it.
        draws: each of the main numbers in each resample, for the intervals of differences.
    """

    label: JudgedLabel
    matching: Matching
    threshold: float
    numbers: Mapping[str, Any]
    draws: Mapping[str, Sequence[float | None]]

    def value(self, name: str) -> float | None:
        """One of the main numbers."""
        found: float | None = (self.numbers["at_threshold"] if name in RATES else self.numbers)[name]["value"]
        return found


def measure(
    judged: Judged, label: JudgedLabel, drawing: Drawing, threshold: float | None = None
) -> LabelQuality:
    """Judge one label.

    Args:
        judged: the frames.
        label: which label.
        drawing: for the intervals.
        threshold: for precision and recall; the one that is best by F1 by default.
    """
    matching = match_boxes(judged.frames, label.is_truth, label.detections)
    matches = matching.by_size["all"]
    best = best_threshold(matches)
    chosen = threshold if threshold is not None else best or 0.0
    drawn = _drawn(matching, chosen, drawing)
    averages = average_precision(matches)

    def interval(name: str, value: float | None) -> dict[str, float | None]:
        return with_interval(value, interval_of_share(drawn[name], drawing.count))

    numbers = {
        "truth_label": label.truth,
        "label": label.found,
        "detector": label.detector,
        "truth_boxes": int(matches.truths.sum()),
        "detections": len(matches.score),
        **{name: interval(name, number(averages)) for name, number in AVERAGES.items()},
        "best_threshold": best,
        "at_threshold": {
            **_counts(rates(matches, chosen)),
            **{name: interval(name, number(rates(matches, chosen))) for name, number in RATES.items()},
        },
        "thresholds": [_at(rates(matches, each)) for each in THRESHOLDS],
        "sizes": {size: _of_size(matching, size, chosen) for size in SIZES[1:]},
        "videos": {video: _of_video(judged, matching, video, chosen) for video in judged.results},
    }
    return LabelQuality(label, matching, chosen, numbers, drawn)


def with_interval(value: float | None, interval: Interval | None) -> dict[str, float | None]:
    """A number and its interval, as the JSON file has them."""
    low, high = interval or (None, None)
    return {"value": value, "low": low, "high": high}


def _drawn(matching: Matching, threshold: float, drawing: Drawing) -> dict[str, list[float | None]]:
    """Every main number, in each resample."""
    matches = matching.by_size["all"]
    averages = [average_precision(matches, draws) for draws in drawing.draws]
    at_threshold = [rates(matches, threshold, draws) for draws in drawing.draws]
    return {
        **{name: [number(each) for each in averages] for name, number in AVERAGES.items()},
        **{name: [number(each) for each in at_threshold] for name, number in RATES.items()},
    }


def _of_size(matching: Matching, size: str, threshold: float) -> dict[str, Any]:
    matches = matching.by_size[size]
    return {"truth_boxes": int(matches.truths.sum()), **_brief(matching, size, threshold)}


def _of_video(judged: Judged, matching: Matching, video: str, threshold: float) -> dict[str, Any]:
    draws = of_frames([frame.video == video for frame in judged.frames])
    return {
        "result": judged.results[video].place,
        "frames": int(draws.sum()),
        "truth_boxes": int(matching.by_size["all"].truths @ draws),
        **_brief(matching, "all", threshold, draws),
    }


def _brief(matching: Matching, size: str, threshold: float, draws: Draws | None = None) -> dict[str, Any]:
    matches = matching.by_size[size]
    averages = average_precision(matches, draws)
    return {
        "AP": averages.mean,
        "AP50": averages.at_half,
        **_at(rates(matches, threshold, draws)),
    }


def _at(each: Rates) -> dict[str, Any]:
    return {**_counts(each), **{name: number(each) for name, number in RATES.items()}}


def _counts(each: Rates) -> dict[str, Any]:
    return {"threshold": each.threshold, "right": each.right, "wrong": each.wrong, "missed": each.missed}
