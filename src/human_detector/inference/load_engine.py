"""The choice of an engine, and the one place that imports one."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import chain

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Engine, ModelSettings, NotForThisEngine
from human_detector.inference.model_files import is_onnx

log = logging.getLogger(__name__)

EXTRAS: Mapping[str, Sequence[str]] = {
    "openvino": ("openvino",),
    "tensorflow": ("tensorflow", "gpu"),
    "onnxruntime": ("onnx",),
}
"""What a plain installation lacks for each engine, one of them: extras of pyproject.toml."""

NAMES = {"tensorflow": "TensorFlow", "onnxruntime": "ONNX Runtime"}

FOR_GRAPHS = ("openvino", "tensorflow")
FOR_ONNX = ("openvino", "onnxruntime")
"""The engines that run each kind of model; the last one runs all of them."""


def load_engine(wanted: str, settings: ModelSettings) -> Engine:
    """Load a model into an engine.

    Args:
        wanted: one of `ENGINES`.
        settings: what to load.

    Raises:
        ConfigurationError: the engine is not installed or is none for this kind of model, the model cannot be
            loaded or finds nothing, or the device cannot compute in the precision.
    """
    onnx = is_onnx(settings.graph)
    able = FOR_ONNX if onnx else FOR_GRAPHS
    if wanted not in ("auto", *able):
        raise ConfigurationError(
            f"engine: found {wanted!r}, valid for {settings.graph.name} are {', '.join(('auto', *able))}"
        )
    name = wanted
    if wanted == "auto":
        name = _choose_for_onnx() if onnx else _choose_for_graphs()
    if not _installed(name):
        what = "none is" if wanted == "auto" else "it is not"
        extras = chain.from_iterable(EXTRAS[each] for each in (able if wanted == "auto" else [name]))
        how = " or ".join(f'pip install "human-detector[{extra}]"' for extra in extras)
        raise ConfigurationError(f"engine: found {wanted!r}, but {what} installed here: {how}")
    load = _load_onnx if onnx else _load_graph
    return load(name, settings) if wanted != "auto" else _load_somehow(load, name, able[-1], settings)


def _load_somehow(
    load: Callable[[str, ModelSettings], Engine], preferred: str, other: str, settings: ModelSettings
) -> Engine:
    """A model in the engine that is fastest here, else in the one that its format was made for."""
    try:
        return load(preferred, settings)
    except NotForThisEngine as error:
        if preferred == other or not _installed(other):
            raise
        log.warning("%s: %s runs it", error, NAMES[other])
        return load(other, settings)


# Imported when needed: each takes seconds and hundreds of megabytes. The worker process needs none.
def _load_graph(name: str, settings: ModelSettings) -> Engine:
    if name == "openvino":
        from human_detector.inference.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(settings)
    from human_detector.inference.tensorflow_engine import TensorFlowEngine

    return TensorFlowEngine(settings)


def _load_onnx(name: str, settings: ModelSettings) -> Engine:
    from human_detector.inference.onnx_engine import OnnxEngine

    if name == "openvino":
        from human_detector.inference.openvino_runner import OpenVinoRunner

        return OnnxEngine(settings, OpenVinoRunner)
    from human_detector.inference.onnx_runtime_runner import OnnxRuntimeRunner

    return OnnxEngine(settings, OnnxRuntimeRunner)


def visible_gpus() -> list[str]:
    """The GPUs that TensorFlow can use, such as `GPU:0 Tesla T4`."""
    # Asking the driver first spares a machine without a GPU the import of TensorFlow.
    if not (_installed("tensorflow") and _driver_sees_gpu()):
        return []
    from human_detector.inference.tensorflow_engine import gpu_names

    return gpu_names()


def _choose_for_graphs() -> str:
    if visible_gpus():
        return "tensorflow"
    return "openvino" if _installed("openvino") else "tensorflow"


def _choose_for_onnx() -> str:
    if _installed("onnxruntime") and _driver_sees_gpu() and _onnx_runtime_has_cuda():
        return "onnxruntime"
    return "openvino" if _installed("openvino") else "onnxruntime"


def _onnx_runtime_has_cuda() -> bool:
    """Whether the build of ONNX Runtime that is installed can use a GPU."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def _installed(module: str) -> bool:
    return find_spec(module) is not None


def _driver_sees_gpu() -> bool:
    """Whether NVIDIA's driver is there and has a device for this process (`CUDA_VISIBLE_DEVICES` counts)."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
