"""The arguments of a VideoAnalyzer, which are the section `human_detection` of the configuration.

Apart from video_analyzer.py, so that the worker process can check them without loading a decoder.
"""

from __future__ import annotations

from typing import Any

from human_detector.detectors.detector import Detector, create_detector
from human_detector.errors import ConfigurationError
from human_detector.validation import boolean, check_mapping, found, number, problem

FRAME_RATIO = number(0, 1, above_low=True)
DETECTOR_ENTRY = '["DetectorName", {keyword arguments}]'


def _at_least_one(value: Any) -> str | None:
    is_list = isinstance(value, list | tuple) and len(value) > 0
    return None if is_list else f"a list of at least one {DETECTOR_ENTRY}"


CHECKS = {"detectors": _at_least_one, "frame_ratio": FRAME_RATIO, "tracker": boolean}


def check_arguments(path: str, arguments: Any) -> list[str]:
    """Every problem of the arguments of a VideoAnalyzer, found without running foreign code.

    Detectors from outside this repository (`package.module:ClassName`) are left to the analysis process:
    importing one may bring an inference library with it.

    Args:
        path: where the arguments stand in the configuration file.
        arguments: the keyword arguments.
    """
    problems = check_mapping(path, arguments, CHECKS, required=["detectors"])
    if isinstance(arguments, dict) and _at_least_one(arguments.get("detectors")) is None:
        _, detector_problems = create_detectors(arguments["detectors"], foreign=False)
        problems += [f"{path}.{sentence}" for sentence in detector_problems]
    return problems


def create_detectors(entries: Any, *, foreign: bool = True) -> tuple[list[Detector], list[str]]:
    """Build the detectors of a configuration.

    Args:
        entries: `[name, keyword arguments]` each.
        foreign: whether to build detectors from outside this repository.

    Returns:
        The detectors that could be built, and every problem with its place.
    """
    if valid := _at_least_one(entries):
        return [], [problem("detectors", entries, valid)]
    created: list[Detector] = []
    problems: list[str] = []
    for i, entry in enumerate(entries):
        place = f"detectors[{i}]"
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
