"""Computes ONNX models with OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from human_detector.inference.engine import ModelSettings, NotForThisEngine
from human_detector.inference.onnx_engine import Outputs
from human_detector.inference.onnx_model import OnnxModel
from human_detector.inference.openvino_device import (
    DEVICE,
    core,
    engine_info,
    options,
    processor,
    reason,
)
from human_detector.inference.openvino_graph import read_quantised
from human_detector.inference.openvino_precision import Chosen, choose_precision
from human_detector.inference.openvino_requests import Requests

MOST_SIZES = 2
"""How many sizes of pictures a model stays compiled for: that of the frames, and that of their tiles."""


class OpenVinoRunner:
    """See `Runner`. Compiled for each size of pictures anew, which is faster than once for any size."""

    def __init__(self, settings: ModelSettings, model: OnnxModel) -> None:
        chosen = choose_precision(settings)
        self.info = engine_info(chosen.precision)
        self._settings = settings
        self._picture = model.inputs.picture.name
        self._outputs = model.outputs
        # Frames of any size may be large: one at a time on all cores needs the memory of one.
        hint = "LATENCY" if model.input.size is None else "THROUGHPUT"
        self._options = options(chosen.precision, hint)
        try:
            self._network = _read(settings, chosen)
        except RuntimeError as error:
            raise NotForThisEngine(
                f"the model {settings.model!r} cannot be read by OpenVINO ({reason(error)}): "
                f"{settings.graph} is damaged, or has operations that only the engine onnxruntime knows"
            ) from error
        self._compiled: dict[tuple[int, ...], Requests] = {}

    def start(self, inputs: Mapping[str, NDArray[Any]]) -> Callable[[], Outputs]:
        """See `Runner`."""
        requests = self._compiled_for(inputs)
        job = requests.start(inputs)
        return lambda: requests.outputs_of(job)

    def _compiled_for(self, inputs: Mapping[str, NDArray[Any]]) -> Requests:
        shape = inputs[self._picture].shape
        if shape not in self._compiled:
            if len(self._compiled) == MOST_SIZES:
                del self._compiled[next(iter(self._compiled))]  # which was used least recently
            self._compiled[shape] = self._compile(inputs)
        self._compiled[shape] = requests = self._compiled.pop(shape)
        return requests

    def _compile(self, inputs: Mapping[str, NDArray[Any]]) -> Requests:
        try:
            self._network.reshape({name: list(array.shape) for name, array in inputs.items()})
            compiled = core().compile_model(self._network, DEVICE, self._options)
        except RuntimeError as error:
            raise NotForThisEngine(
                f"the model {self._settings.model!r} cannot be run by OpenVINO on this CPU ({processor()}): "
                f"{reason(error)}; the engine onnxruntime may run it"
            ) from error
        return Requests(compiled, [compiled.output(name) for name in self._outputs])


def _read(settings: ModelSettings, chosen: Chosen) -> Any:
    if chosen.network:
        return read_quantised(core(), settings.model, chosen.network)
    return core().read_model(settings.graph)
