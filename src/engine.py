"""What the detectors ask of an inference engine, and the choice of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector import EngineInfo

ENGINES = ("auto", "tensorflow")
"""What a detector's argument `engine` may be. Both are TensorFlow."""


@dataclass(frozen=True, slots=True)
class GraphOutput:
    """What a TensorFlow Object Detection API graph says of N images, M candidates each.

    Attributes:
        boxes: float32 [N, M, 4], y_min, x_min, y_max, x_max in fractions of the image.
        scores: float32 [N, M].
        classes: int64 [N, M], 1-based.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


class Engine(Protocol):
    """One loaded model."""

    info: EngineInfo

    def run(self, images: NDArray[np.uint8]) -> GraphOutput:
        """Run the graph on RGB images, uint8 [N, height, width, 3]."""


def load_engine(model: str, graph: Path) -> Engine:
    """Load a model into an engine.

    Args:
        model: the model as the configuration names it, for messages.
        graph: its file, from `find_model`.

    Raises:
        ConfigurationError: the graph cannot be loaded or is no detection graph.
    """
    # Imported here because TensorFlow takes seconds and hundreds of megabytes, and the worker process
    # needs none of it.
    from tensorflow_engine import TensorFlowEngine

    return TensorFlowEngine(model, graph)


def visible_gpus() -> list[str]:
    """The GPUs that TensorFlow can use, such as `GPU:0 Tesla T4`."""
    from tensorflow_engine import gpu_names

    return gpu_names()
