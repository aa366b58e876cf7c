"""Detector base class.

A detector of one's own is a subclass that implements `detect`, named in the configuration as
`package.module:ClassName`. factory.py builds it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from human_detector.detectors.defaults import DEFAULT_MAX_BATCH_SIZE, DEFAULT_MIN_DETECTION_SCORE
from human_detector.validation import Check, Number, Pattern, Text, WholeNumber
from human_detector.values import Detection, EngineInfo, Image, ScaledImage


class Detector(ABC):
    """Finds one kind of thing in images.

    Building one is cheap and only checks the arguments; `load` brings in what is heavy.

    Args:
        name: key of the detections in the result; the class name by default.
        min_detection_score: detections with a lower score are left out, 0 to 1.
        max_batch_size: the most images that `detect` is given at once.
        tiles: `COLUMNSxROWS`: have a video's frames looked at in tiles as well, see tiles.py.
    """

    checks: ClassVar[Mapping[str, Check]] = {
        "name": Text(),
        "min_detection_score": Number(0, 1),
        "max_batch_size": WholeNumber(1, 1024),
        "tiles": Pattern("[1-8]x[1-8]", 'COLUMNSxROWS with 1 to 8 of each, such as "2x2"'),
    }
    """How each keyword argument is checked. A subclass adds its own: `{**Detector.checks, ...}`."""

    def __init__(
        self,
        *,
        name: str | None = None,
        min_detection_score: float = DEFAULT_MIN_DETECTION_SCORE,
        max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
        tiles: str | None = None,
    ) -> None:
        self.name = type(self).__name__ if name is None else name
        self.min_detection_score = min_detection_score
        self.max_batch_size = max_batch_size
        self.tiles = tiles

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
            **({"tiles": self.tiles} if self.tiles else {}),
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
