"""How good results are: every configuration by the same frames, and how far they are apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.report.evaluation.configurations import Configuration
from human_detector.report.evaluation.intervals import LEVEL, RESAMPLES, Drawing, draw, interval_of
from human_detector.report.evaluation.judged_frames import Judged, judge, judge_by_the_same
from human_detector.report.evaluation.judged_labels import JudgedLabel, judged_labels
from human_detector.report.evaluation.label_quality import LabelQuality, measure, with_interval
from human_detector.report.evaluation.truth import Truth

LOW_SCORE = 0.05
"""A result with everything from here on shows the curve as a whole."""
COMPARED = ("AP50", "AP", "recall", "f1")
"""Numbers whose differences are told; the rates are each at its own threshold."""


@dataclass(frozen=True)
class ConfigurationQuality:
    """What was measured of one configuration.

    Attributes:
        configuration: which.
        judged: its frames.
        labels: each label that was judged.
    """

    configuration: Configuration
    judged: Judged
    labels: Sequence[LabelQuality]


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured.

    Attributes:
        configurations: one, or all that are compared.
        document: what `evaluation.json` holds.
    """

    configurations: Sequence[ConfigurationQuality]
    document: dict[str, Any]


def evaluate(
    truth: Truth,
    configurations: Sequence[Configuration],
    *,
    labels: Sequence[str] = (),
    detector: str | None = None,
    threshold: float | None = None,
    seed: int = 1,
) -> Evaluation:
    """Judge the results of one configuration, or of several by the frames that all of them have.

    Args:
        truth: what is there.
        configurations: what was found.
        labels: those to judge, see `judged_labels`; all that both sides have by default.
        detector: whose detections, where several find a label.
        threshold: for precision and recall; the one that is best by F1 by default.
        seed: of the intervals.

    Raises:
        ConfigurationError: the frames, the labels or the detectors of both sides do not fit; says which.
    """
    chosen = [judged_labels(truth, each.results, labels, detector) for each in configurations]
    judged = judge_by_the_same(truth, [judge(truth, each.results) for each in configurations])
    drawing = draw([frame.video for frame in judged[0].frames], seed)
    measured = [
        ConfigurationQuality(
            configuration, frames, [measure(frames, label, drawing, threshold) for label in its_labels]
        )
        for configuration, frames, its_labels in zip(configurations, judged, chosen, strict=True)
    ]
    return Evaluation(measured, _document(truth, measured, drawing, seed))


def _document(
    truth: Truth, measured: Sequence[ConfigurationQuality], drawing: Drawing, seed: int
) -> dict[str, Any]:
    return {
        "truth": str(truth.place),
        "frames": len(measured[0].judged.frames),
        "intervals": {
            "unit": drawing.unit,
            "units": drawing.count,
            "resamples": RESAMPLES,
            "level": LEVEL,
            "seed": seed,
            "words": drawing.words,
        },
        "notes": list(dict.fromkeys(note for each in measured for note in _notes(each))),
        "configurations": [
            {"name": each.configuration.name, "labels": [quality.numbers for quality in each.labels]}
            for each in measured
        ],
        "differences": [
            difference for each in measured[1:] for difference in _differences(measured[0], each)
        ],
    }


def _differences(first: ConfigurationQuality, other: ConfigurationQuality) -> Iterator[dict[str, Any]]:
    """How much better another configuration is than the first, label by label.

    The same frames are drawn for both: so the interval is of the difference, and mostly narrower.
    """
    by_label = {quality.label.truth: quality for quality in first.labels}
    for quality in other.labels:
        if base := by_label.get(quality.label.truth):
            yield {
                "label": quality.label.truth,
                "from": first.configuration.name,
                "to": other.configuration.name,
                **{name: _difference(base, quality, name) for name in COMPARED},
            }


def _difference(base: LabelQuality, other: LabelQuality, name: str) -> dict[str, float | None]:
    def less(minuend: float | None, subtrahend: float | None) -> float | None:
        return None if minuend is None or subtrahend is None else minuend - subtrahend

    drawn = [less(*pair) for pair in zip(other.draws[name], base.draws[name], strict=True)]
    return with_interval(less(other.value(name), base.value(name)), interval_of(drawn))


def _notes(quality: ConfigurationQuality) -> list[str]:
    judged, labels = quality.judged, [each.label for each in quality.labels]
    return [*judged.notes, *_cut_off(judged, labels)]


def _cut_off(judged: Judged, labels: Sequence[JudgedLabel]) -> list[str]:
    """A sentence where the results do not hold the weak detections that AP is made of, too."""
    least = {
        score
        for label in labels
        for result in judged.results.values()
        if (score := result.least_score(label.detector)) is not None and score > LOW_SCORE
    }
    if not least:
        return []
    scores = " and ".join(f"{score:g}" for score in sorted(least))
    return [
        f"the results hold nothing below their min_detection_score of {scores}: AP and the choice of a "
        f"threshold miss that part of the curve; analyse with {LOW_SCORE:g} to see it"
    ]
