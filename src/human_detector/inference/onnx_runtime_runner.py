"""Computes ONNX models with ONNX Runtime: on a GPU if there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import ModelSettings
from human_detector.inference.model_files import damaged
from human_detector.inference.onnx_engine import Outputs
from human_detector.inference.onnx_model import OnnxModel
from human_detector.utils import usable_cores
from human_detector.values import EngineInfo

_DEVICES = {"CUDAExecutionProvider": "GPU", "CPUExecutionProvider": "CPU"}
"""Who may compute, the fastest first, and on what."""
_ERRORS_ONLY = 3


class OnnxRuntimeRunner:
    """See `Runner`."""

    def __init__(self, settings: ModelSettings, model: OnnxModel) -> None:
        if settings.precision not in ("fp32", "auto"):
            raise ConfigurationError(
                f"precision: found {settings.precision!r}, valid for ONNX Runtime are fp32, auto"
            )
        self._outputs = model.outputs
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_cores()
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(model.content(), options, _providers())
        except Exception as error:  # ONNX Runtime raises a dozen kinds for a broken file
            raise damaged(settings.model, settings.graph, " ".join(str(error).split())[:200]) from error
        device = _DEVICES[self._session.get_providers()[0]]
        self.info = EngineInfo("onnxruntime", onnxruntime.__version__, device)
        # One image uses all cores; Python prepares the next one meanwhile.
        self._thread = ThreadPoolExecutor(1, "onnxruntime")

    def start(self, inputs: Mapping[str, NDArray[Any]]) -> Callable[[], Outputs]:
        """See `Runner`."""
        return self._thread.submit(self._session.run, self._outputs, inputs).result


def _providers() -> list[str]:
    """Who may compute here."""
    return [name for name in _DEVICES if name in onnxruntime.get_available_providers()]
