"""Builds detectors by name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from human_detector.detectors.detector import Detector
from human_detector.errors import ConfigurationError
from human_detector.validation import Anything, Section

REGISTERED_DETECTORS = {
    "HumanDetector": "human_detector.detectors.human_detector:HumanDetector",
    "FaceDetector": "human_detector.detectors.face_detector:FaceDetector",
    "OnnxDetector": "human_detector.detectors.onnx_detector:OnnxDetector",
}
"""The detectors of this repository by name. Imported when asked for, so that naming one costs nothing."""


def detector_class(name: str) -> type[Detector]:
    """The class behind a detector's name.

    Args:
        name: a registered name, or `package.module:ClassName`.

    Raises:
        ConfigurationError: the name is unknown, cannot be imported or is no `Detector`.
    """
    target = REGISTERED_DETECTORS.get(name, name)
    module_name, colon, class_name = target.partition(":")
    if not colon:
        known = ", ".join(REGISTERED_DETECTORS)
        raise ConfigurationError(f"unknown detector {name!r}, valid are {known}, or package.module:ClassName")
    try:
        found_class = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # an import runs foreign code: whatever it raises belongs to this name
        raise ConfigurationError(
            f"detector {name!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not (inspect.isclass(found_class) and issubclass(found_class, Detector)):
        raise ConfigurationError(f"detector {name!r} is not a subclass of human_detector.Detector")
    return found_class


def create_detector(name: str, arguments: Mapping[str, Any] | None = None) -> Detector:
    """Build a detector by name.

    Args:
        name: a registered name, or `package.module:ClassName`.
        arguments: keyword arguments of that class.

    Raises:
        ConfigurationError: the name or an argument is not valid; every problem is listed.
    """
    arguments = dict(arguments or {})
    found_class = detector_class(name)
    if problems := arguments_of(found_class).problems("", arguments):
        raise ConfigurationError(*problems)
    try:
        return found_class(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name} refuses its arguments: {error}") from error


def arguments_of(found_class: type[Detector]) -> Section:
    """What a class takes as keyword arguments."""
    accepted = _keyword_arguments(found_class)
    checks = {key: check for key, check in found_class.checks.items() if key in accepted}
    return Section({**checks, **dict.fromkeys(sorted(accepted - checks.keys()), Anything())})


def _keyword_arguments(found_class: type[Detector]) -> set[str]:
    """The keyword arguments that a class accepts.

    A constructor with `**kwargs` passes them on to its base class, so the bases are looked through as well.
    """
    accepted: set[str] = set()
    for base in found_class.__mro__:
        if "__init__" in vars(base):
            parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
            accepted |= {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    return accepted
