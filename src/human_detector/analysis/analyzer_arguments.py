"""The arguments of a VideoAnalyzer, which are the section `human_detection` of the configuration.

Apart from video_analyzer.py, so that the worker process can check them without loading a decoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from human_detector.detectors.detector import Detector
from human_detector.detectors.factory import (
    REGISTERED_DETECTORS,
    arguments_of,
    create_detector,
    detector_class,
)
from human_detector.errors import ConfigurationError
from human_detector.validation import Boolean, Check, Number, Schema, Section, found, problem

DETECTOR_ENTRY = '["DetectorName", {keyword arguments}]'


@dataclass(frozen=True)
class DetectorList(Check):
    """Valid: `[name, keyword arguments]` of at least one detector, found without running foreign code.

    Detectors from outside this repository (`package.module:ClassName`) are left to the analysis process:
    importing one may bring an inference library with it.
    """

    def __call__(self, value: Any) -> str | None:
        """Judges the kind of the value only; `problems` looks into it."""
        is_list = isinstance(value, list | tuple) and len(value) > 0
        return None if is_list else f"a list of at least one {DETECTOR_ENTRY}"

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem of every detector."""
        return create_detectors(value, path, foreign=False)[1]

    def schema(self) -> Schema:
        """What each entry takes depends on the name in it. (It cannot say that all names must differ.)"""
        names = {"anyOf": [{"enum": list(REGISTERED_DETECTORS)}, {"type": "string", "pattern": ":"}]}
        entry = {"type": "array", "minItems": 1, "maxItems": 2, "prefixItems": [names, {"type": "object"}]}
        by_name = [
            {
                "if": {"prefixItems": [{"const": name}]},
                "then": {"prefixItems": [True, arguments_of(detector_class(name)).schema()]},
            }
            for name in REGISTERED_DETECTORS
        ]
        return {"type": "array", "minItems": 1, "items": {**entry, "allOf": by_name}}


DETECTORS = DetectorList()
FRAME_RATIO = Number(0, 1, above_low=True)
TRACKER = Boolean()
SKIP_STILL = Boolean()

ARGUMENTS = Section(
    {"detectors": DETECTORS, "frame_ratio": FRAME_RATIO, "tracker": TRACKER, "skip_still": SKIP_STILL},
    required=("detectors",),
)


def create_detectors(
    entries: Any, path: str = "detectors", *, foreign: bool = True
) -> tuple[list[Detector], list[str]]:
    """Build the detectors of a configuration.

    Args:
        entries: `[name, keyword arguments]` each.
        path: where they stand, for messages.
        foreign: whether to build detectors from outside this repository.

    Returns:
        The detectors that could be built, and every problem with its place.
    """
    if valid := DETECTORS(entries):
        return [], [problem(path, entries, valid)]
    created: list[Detector] = []
    problems: list[str] = []
    for i, entry in enumerate(entries):
        place = f"{path}[{i}]"
        match entry:
            case [str(name)] | [str(name), dict()]:
                arguments = entry[1] if len(entry) == 2 else {}
            case _:
                problems.append(problem(place, entry, DETECTOR_ENTRY))
                continue
        if ":" in name and not foreign:
            continue
        try:
            detector = create_detector(name, arguments)
        except ConfigurationError as error:
            problems += [f"{place} ({name}): {sentence}" for sentence in error.problems]
            continue
        if detector.name in (other.name for other in created):
            problems.append(
                f"{place}: found a second detector named {found(detector.name)}, "
                'valid is another name, given as the keyword argument "name"'
            )
        created.append(detector)
    return created, problems
