"""Runs detection graphs with OpenVINO: on a CPU, faster than TensorFlow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Candidates, ModelSettings, Picture
from human_detector.inference.model_files import damaged
from human_detector.inference.openvino_graph import read_network, read_whole
from human_detector.inference.ssd_network import OUTPUTS, find_network, require_outputs
from human_detector.inference.ssd_surgery import BOXES, SCORES
from human_detector.values import EngineInfo

DEVICE = "CPU"
_PRECISIONS = {"fp32": ("FP32", ov.Type.f32), "bf16": ("BF16", ov.Type.bf16), "fp16": ("FP16", ov.Type.f16)}
"""What a CPU must be capable of, and what OpenVINO calls it."""


class OpenVinoEngine:
    """One model in OpenVINO: the network alone where it can be cut out, else the whole graph.

    Each image is an asynchronous request of its own: on a CPU a batch of them gains nothing, several streams
    of requests use the cores better, and a batch that is not full costs no more than its images.

    Args:
        settings: what to load.

    Raises:
        ConfigurationError: the file is damaged, is no detection graph, or the CPU lacks what it takes.
    """

    def __init__(self, settings: ModelSettings) -> None:
        processor = str(_core().get_property(DEVICE, "FULL_DEVICE_NAME"))
        self.info = EngineInfo("openvino", ov.__version__.partition("-")[0], f"{DEVICE} {processor}")
        _check_precision(settings.precision, processor)
        self._network = find_network(settings.model, settings.graph)
        self.input_size = self._network.input_size if self._network else None
        try:
            model = (
                read_network(_core(), self._network) if self._network else read_whole(_core(), settings.graph)
            )
        except RuntimeError as error:
            raise damaged(settings.model, settings.graph, _reason(error)) from error
        try:
            compiled = _core().compile_model(model, DEVICE, _options(settings.precision))
        except RuntimeError as error:
            raise ConfigurationError(
                f"the model {settings.model!r} cannot be run by OpenVINO on this CPU ({processor}): "
                f"{_reason(error)}; the engine tensorflow may run it"
            ) from error
        names = (BOXES, SCORES) if self._network else OUTPUTS
        outputs = {name.partition(":")[0]: output for output in compiled.outputs for name in output.names}
        require_outputs(settings.model, outputs, names)
        self._outputs = [outputs[name] for name in names]
        streams = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        # Twice as many as can run, so that the next ones stand ready when those end.
        self._idle = [compiled.create_infer_request() for _ in range(2 * streams)]
        self._running: deque[_Job] = deque()

    def start(self, images: Sequence[Picture], min_score: float) -> Callable[[], list[Candidates]]:
        """See `Engine`."""
        jobs = [self._start_one(image) for image in images]

        def finish() -> list[Candidates]:
            while any(job in self._running for job in jobs):
                self._finish_oldest()
            return [self._candidates(job.result(), min_score) for job in jobs]

        return finish

    def _start_one(self, image: Picture) -> _Job:
        if not self._idle:
            self._finish_oldest()
        job = _Job(self._idle[-1], image)
        job.request.start_async({0: image[np.newaxis]}, share_inputs=True)
        self._idle.pop()  # not before: one that could not be started stays idle
        self._running.append(job)
        return job

    def _finish_oldest(self) -> None:
        job = self._running.popleft()
        try:
            job.request.wait()
            # Copied, because the request is used again.
            job.outputs = [job.request.get_tensor(output).data[0].copy() for output in self._outputs]
        except Exception as error:
            job.error = error  # It belongs to this image's video, and whoever waits may have another one.
        finally:
            self._idle.append(job.request)

    def _candidates(self, outputs: Sequence[NDArray[np.float32]], min_score: float) -> Candidates:
        """What one image's outputs say."""
        if self._network is None:
            return Candidates.at_least(min_score, outputs)
        boxes, scores = outputs
        return self._network.suppression.apply(boxes, scores, min_score)


class _Job:
    """One image on its way through the network."""

    def __init__(self, request: Any, image: Picture) -> None:
        self.request = request
        self.image = image  # which the request reads without a copy of its own, so it must stay
        self.outputs: list[NDArray[np.float32]] = []
        self.error: Exception | None = None

    def result(self) -> list[NDArray[np.float32]]:
        """The outputs of an image that is finished, or what went wrong."""
        if self.error is not None:
            raise self.error
        return self.outputs


@cache
def _core() -> Any:
    return ov.Core()


def _reason(error: RuntimeError) -> str:
    return " ".join(str(error).split())[-200:]


def _check_precision(precision: str, processor: str) -> None:
    capabilities = _core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    able = [name for name, (capability, _) in _PRECISIONS.items() if capability in capabilities]
    if precision not in able:
        raise ConfigurationError(
            f"precision: found {precision!r}, valid for OpenVINO on this CPU ({processor}) are "
            + ", ".join(able)
        )


def _options(precision: str) -> dict[str, Any]:
    return {"INFERENCE_PRECISION_HINT": _PRECISIONS[precision][1], "PERFORMANCE_HINT": "THROUGHPUT"}
