"""The choice of an engine, and the one place that imports one."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Engine, ModelSettings

EXTRAS: Mapping[str, Sequence[str]] = {
    "auto": ("openvino", "tensorflow", "gpu"),
    "tensorflow": ("tensorflow", "gpu"),
    "openvino": ("openvino",),
}
"""What a plain installation lacks for each engine, one of them: extras of pyproject.toml."""


def load_engine(wanted: str, settings: ModelSettings) -> Engine:
    """Load a model into an engine.

    Args:
        wanted: one of `ENGINES`.
        settings: what to load.

    Raises:
        ConfigurationError: the engine is not installed, the graph cannot be loaded or is no detection graph,
            or the device cannot compute in the precision.
    """
    name = _choose() if wanted == "auto" else wanted
    if not _installed(name):
        what = "none is" if wanted == "auto" else "it is not"
        how = " or ".join(f'pip install "human-detector[{extra}]"' for extra in EXTRAS[wanted])
        raise ConfigurationError(f"engine: found {wanted!r}, but {what} installed here: {how}")
    # Imported when needed: either takes seconds and hundreds of megabytes. The worker process needs none.
    if name == "openvino":
        from human_detector.inference.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(settings)
    from human_detector.inference.tensorflow_engine import TensorFlowEngine

    return TensorFlowEngine(settings)


def visible_gpus() -> list[str]:
    """The GPUs that TensorFlow can use, such as `GPU:0 Tesla T4`."""
    # Asking the driver first spares a machine without a GPU the import of TensorFlow.
    if not (_installed("tensorflow") and _driver_sees_gpu()):
        return []
    from human_detector.inference.tensorflow_engine import gpu_names

    return gpu_names()


def _choose() -> str:
    if visible_gpus():
        return "tensorflow"
    return "openvino" if _installed("openvino") else "tensorflow"


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
