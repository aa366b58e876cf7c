"""Which detectors find faces, and which find people. Needs no NumPy: the configuration is checked with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from human_detector.errors import ConfigurationError

KINDS: Mapping[str, str] = {"face": "FaceDetector", "person": "HumanDetector"}
"""What is looked for, by its usual label, and the detector that finds it whatever label it was given."""


def check_detectors(wish: str, what: str, detectors: Iterable[Sequence[Any]]) -> None:
    """Return if there is a detector for what is to be covered.

    Args:
        wish: as it was written, for the message.
        what: see `AnonymizingWishes`.
        detectors: `[class name, {arguments}]` each.

    Raises:
        ConfigurationError: there is none.
    """
    kind = "person" if what == "people" else "face"
    if not detectors_by_kind(detectors)[kind]:
        raise ConfigurationError(f"{wish} needs a {KINDS[kind]}, and none is configured")


def detectors_by_kind(detectors: Iterable[Sequence[Any]]) -> dict[str, dict[str, str | None]]:
    """The names of the detectors that find faces, and of those that find people.

    Args:
        detectors: `[class name, {arguments}]` each, as a result has them.

    Returns:
        With each name the label that counts; None where all do, as one of the usual detectors has a label
        of somebody's own.
    """
    names: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    for class_name, arguments in detectors:
        label = arguments.get("label", ())
        labels = [label] if isinstance(label, str) else label
        for kind, usual in KINDS.items():
            if kind in labels:
                names[kind][arguments.get("name", class_name)] = kind
            elif class_name == usual:
                names[kind][arguments.get("name", class_name)] = None
    return names
