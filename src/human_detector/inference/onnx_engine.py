"""Runs ONNX models: frames in, candidates out. What computes in between is a runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.engine import Candidates, ModelSettings, Picture
from human_detector.inference.network_input import Floats, network_input, place
from human_detector.inference.onnx_model import OnnxModel, read_model
from human_detector.values import EngineInfo, Image

Outputs = Sequence[NDArray[np.float32]]


class Runner(Protocol):
    """A loaded network.

    Attributes:
        info: what computes.
    """

    info: EngineInfo

    def __init__(self, settings: ModelSettings, model: OnnxModel) -> None:
        """Load it.

        Raises:
            ConfigurationError: it cannot be run here.
        """

    def start(self, picture: Floats) -> Callable[[], Outputs]:
        """Begin to compute; the function that is returned waits for the outputs that the model reads."""


class OnnxEngine:
    """One ONNX model.

    Args:
        settings: what to load.
        runner: what is to compute.

    Raises:
        ConfigurationError: the file is damaged, it cannot be told what its outputs mean, or it cannot be run.
    """

    def __init__(self, settings: ModelSettings, runner: type[Runner]) -> None:
        self._model = read_model(settings.model, settings.graph)
        self._runner = runner(settings, self._model)
        self.info = self._runner.info
        # Each model has its own way to scale frames, so it is given them as they are.
        self.input_size: tuple[int, int] | None = None

    def start(self, images: Sequence[Picture], min_score: float) -> Callable[[], list[Candidates]]:
        """See `Engine`."""
        jobs = [self._start_one(cast("Image", image), min_score) for image in images]
        return lambda: [finish() for finish in jobs]

    def _start_one(self, image: Image, min_score: float) -> Callable[[], Candidates]:
        placement = place(self._model.input, *image.shape[:2])
        outputs = self._runner.start(network_input(self._model.input, placement, image))
        return lambda: self._model.candidates(outputs(), placement, min_score)
