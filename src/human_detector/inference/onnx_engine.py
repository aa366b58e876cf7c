"""Runs ONNX models: frames in, candidates out. What computes in between is a runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Candidates, ModelSettings, Picture
from human_detector.inference.network_input import network_input, place
from human_detector.inference.onnx_model import OnnxModel, read_model
from human_detector.inference.read_outputs import UnexpectedOutputs
from human_detector.values import EngineInfo, Image

Outputs = Sequence[NDArray[Any]]

_TRIAL = (480, 640)


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

    def start(self, inputs: Mapping[str, NDArray[Any]]) -> Callable[[], Outputs]:
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
        self.class_names = self._model.class_names
        self._try(settings.model)

    def start(self, images: Sequence[Picture], min_score: float) -> Callable[[], list[Candidates]]:
        """See `Engine`."""
        jobs = [self._start_one(cast("Image", image), min_score) for image in images]
        return lambda: [finish() for finish in jobs]

    def _start_one(self, image: Image, min_score: float) -> Callable[[], Candidates]:
        placement = place(self._model.input, *image.shape[:2])
        planes = network_input(self._model.input, placement, image)
        outputs = self._runner.start(self._model.inputs.arrays(planes))
        return lambda: self._model.candidates(outputs(), placement, min_score)

    def _try(self, model: str) -> None:
        """Look at one image: only now it is certain that sizes, inputs and outputs are what was stated."""
        try:
            self.start([np.zeros((*_TRIAL, 3), np.uint8)], 1)()
        except ConfigurationError:
            raise
        except UnexpectedOutputs as error:
            raise ConfigurationError(f"the model {model!r}: {error}") from error
        except Exception as error:  # of the library that computes
            reason = " ".join(str(error).split())[-300:]
            raise ConfigurationError(f"the model {model!r} cannot be run: {reason}") from error
