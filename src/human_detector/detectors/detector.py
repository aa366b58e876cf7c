"""Detector base class, and the factory that builds detectors by name.

A detector of one's own is a subclass of `Detector` that implements `detect`, named in the configuration as
`package.module:ClassName`.
"""

from __future__ import annotations

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from human_detector.errors import ConfigurationError
from human_detector.validation import Anything, Check, Number, Section, Text, WholeNumber
from human_detector.values import Detection, EngineInfo, Image, ScaledImage

REGISTERED_DETECTORS = {
    "HumanDetector": "human_detector.detectors.human_detector:HumanDetector",
    "FaceDetector": "human_detector.detectors.face_detector:FaceDetector",
}
"""The detectors of this repository by name. Imported when asked for, so that naming one costs nothing."""

DEFAULT_MIN_DETECTION_SCORE = 0.4
DEFAULT_MAX_BATCH_SIZE = 5
"""Of a detector whose configuration says neither. variables.json states the same two numbers."""


class Detector(ABC):
    """Finds one kind of thing in images.

    Building one is cheap and only checks the arguments; `load` brings in what is heavy.

    Args:
        name: key of the detections in the result; the class name by default.
        min_detection_score: detections with a lower score are left out, 0 to 1.
        max_batch_size: the most images that `detect` is given at once.
    """

    checks: ClassVar[Mapping[str, Check]] = {
        "name": Text(),
        "min_detection_score": Number(0, 1),
        "max_batch_size": WholeNumber(1, 1024),
    }
    """How each keyword argument is checked. A subclass adds its own: `{**Detector.checks, ...}`."""

    def __init__(
        self,
        *,
        name: str | None = None,
        min_detection_score: float = DEFAULT_MIN_DETECTION_SCORE,
        max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
    ) -> None:
        self.name = type(self).__name__ if name is None else name
        self.min_detection_score = min_detection_score
        self.max_batch_size = max_batch_size

    def load(self) -> None:  # noqa: B027 - a detector without a model has nothing to load
        """Load the model and run it once, so that the first images need not wait.

        Raises:
            ConfigurationError: the model is missing or damaged.
        """

    @property
    def engine(self) -> EngineInfo | None:
        """What computes, known after `load`; None for a detector that does not say."""
        return None

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width of the images that the detector wants; None for frames as they are.

        Known after `load`. A frame is scaled once for all detectors that want the same size, without regard
        to its shape; `start` then gets it as a `ScaledImage`.
        """
        return None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments in effect, defaults included, as the result file has them."""
        return {
            "name": self.name,
            "min_detection_score": self.min_detection_score,
            "max_batch_size": self.max_batch_size,
        }

    @abstractmethod
    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find things in a batch of images.

        Args:
            images: 1 to `max_batch_size` images, RGB uint8 [height, width, 3].

        Returns:
            For each image, in order, the detections with at least `min_detection_score`.
        """

    def start(self, images: Sequence[Image | ScaledImage]) -> Callable[[], list[list[Detection]]]:
        """Begin what `detect` does; for a detector that computes elsewhere while Python goes on.

        The next batch is started before the result of the one before it is asked for, so that the device
        finds its next work ready.

        Args:
            images: 1 to `max_batch_size` images, as they are or scaled to `input_size`.

        Returns:
            A function that waits for the result and returns it.
        """
        found = self.detect(cast("Sequence[Image]", images))
        return lambda: found


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
