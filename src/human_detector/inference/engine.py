"""What the detectors ask of an inference engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.values import EngineInfo, Image, ScaledImage

ENGINES = ("auto", "tensorflow", "openvino", "onnxruntime")
"""What a detector's argument `engine` may be."""

PRECISIONS = ("fp32", "bf16", "fp16", "int8", "auto")
"""What a detector's argument `precision` may be: in what kind of number the network computes.

`auto` is 8 bits where the model was quantised, else 16 where the CPU has them; `Engine.info` says which.
"""


class NotForThisEngine(ConfigurationError):
    """An engine cannot read or run a graph; another one may."""


Picture = Image | ScaledImage
"""What an engine takes: an image as it is, or scaled."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a graph found in one image, K things.

    Attributes:
        boxes: float32 [K, 4], y_min, x_min, y_max, x_max in fractions of the image.
        scores: float32 [K].
        classes: int64 [K], 1-based.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]

    @classmethod
    def none(cls) -> Candidates:
        """Nothing found."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    @classmethod
    def at_least(cls, min_score: float, outputs: Sequence[NDArray[np.float32]]) -> Candidates:
        """The good ones among a whole graph's outputs for one image: boxes, scores and classes."""
        boxes, scores, classes = outputs
        kept = scores >= min_score
        return cls(boxes[kept], scores[kept], classes[kept].astype(np.int64))


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What an engine is to load.

    Attributes:
        model: the model as the configuration names it, for messages.
        graph: its file, from `find_model`.
        batch_size: the most images that are given at once.
        precision: one of `PRECISIONS`.
        quantised: the quantised network to be loaded; None for the model itself, or what lies beside it.
    """

    model: str
    graph: Path
    batch_size: int
    precision: str = "fp32"
    quantised: Path | None = None


class Engine(Protocol):
    """One loaded model. Used by one thread at a time.

    Attributes:
        info: what computes.
        input_size: height and width of the images that it takes; None if it takes images as they are.
        class_names: what the model calls its classes, 1-based; empty where it does not say.
    """

    info: EngineInfo
    input_size: tuple[int, int] | None
    class_names: Mapping[int, str]

    def start(self, images: Sequence[Picture], min_score: float) -> Callable[[], list[Candidates]]:
        """Begin to look at RGB images, and return without waiting where the engine can.

        Args:
            images: 1 to `batch_size` images, in `input_size` if there is one.
            min_score: what scores less is left out.

        Returns:
            A function that waits for the result: for each image, what was found. Called once, and in the
            order of the calls of `start`.
        """
