"""Which labels are judged, and whose detections of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from human_detector.errors import ConfigurationError
from human_detector.report.evaluation.given_results import Found, GivenResult
from human_detector.report.evaluation.judged_frames import JudgedFrame
from human_detector.report.evaluation.truth import Truth, TruthBox


@dataclass(frozen=True)
class JudgedLabel:
    """A category of the truth, and the label that it has in the results.

    Attributes:
        truth: its name in the truth.
        found: its name in the results.
        detector: whose detections are judged.
    """

    truth: str
    found: str
    detector: str

    def is_truth(self, box: TruthBox) -> bool:
        """Whether a labelled box is of it."""
        return box.label == self.truth

    def detections(self, frame: JudgedFrame) -> list[Found]:
        """The detections of it in a frame."""
        found: Sequence[Found] = frame.frame["detections"].get(self.detector, [])
        return [detection for detection in found if detection["label"] == self.found]


def judged_labels(
    truth: Truth, results: Sequence[GivenResult], wanted: Sequence[str], detector: str | None
) -> list[JudgedLabel]:
    """What is to be judged: what was asked for, else every label that both sides have.

    Args:
        truth: the labels.
        results: of one configuration.
        wanted: names, or `TRUTH=RESULT` where both sides call it differently.
        detector: whose detections, where several detectors find a label.

    Raises:
        ConfigurationError: a name is on one side only, none is on both, or several detectors find it.
    """
    detectors = _detectors(results, detector)
    pairs = [_pair(name, truth, detectors) for name in wanted] or _common(truth, detectors)
    if not pairs:
        raise ConfigurationError(
            f"no label is on both sides: --truth {truth.place} has {', '.join(truth.labels)}; the results "
            f"have {', '.join(sorted(detectors)) or 'none'}; --label TRUTH=RESULT says which are the same"
        )
    return [JudgedLabel(ours, theirs, _only(theirs, detectors[theirs])) for ours, theirs in pairs]


def _detectors(results: Sequence[GivenResult], wanted: str | None) -> dict[str, list[str]]:
    """The detectors of each label."""
    detectors: dict[str, list[str]] = {}
    names: dict[str, None] = {}
    for result in results:
        for label, found_by in result.detectors_by_label().items():
            names.update(dict.fromkeys(found_by))
            known = detectors.setdefault(label, [])
            known += [name for name in found_by if name not in known and wanted in (None, name)]
    if wanted is not None and wanted not in names:
        raise ConfigurationError(f"--detector: found {wanted}, valid is one of {', '.join(names)}")
    return {label: found_by for label, found_by in detectors.items() if found_by}


def _pair(wanted: str, truth: Truth, detectors: Mapping[str, object]) -> tuple[str, str]:
    ours, _, theirs = wanted.partition("=")
    theirs = theirs or ours
    for name, known, side in ((ours, truth.labels, "--truth"), (theirs, sorted(detectors), "the results")):
        if name not in known:
            raise ConfigurationError(
                f"--label {wanted}: {name} is not in {side}, valid is one of {', '.join(known)}"
            )
    return ours, theirs


def _common(truth: Truth, detectors: Mapping[str, object]) -> list[tuple[str, str]]:
    """Labels that are on both sides, whether or not they are written with capitals."""
    by_spelling = {label.casefold(): label for label in detectors}
    return [
        (label, by_spelling[label.casefold()]) for label in truth.labels if label.casefold() in by_spelling
    ]


def _only(label: str, detectors: Sequence[str]) -> str:
    if len(detectors) > 1:
        raise ConfigurationError(
            f"several detectors find {label}: {', '.join(detectors)}; --detector says which"
        )
    return detectors[0]
