"""What OpenVINO has here to compute with."""

from __future__ import annotations

from functools import cache
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.inference.openvino_module import ov
from human_detector.values import EngineInfo

DEVICE = "CPU"
_PRECISIONS = {"fp32": ("FP32", ov.Type.f32), "bf16": ("BF16", ov.Type.bf16), "fp16": ("FP16", ov.Type.f16)}
"""What a CPU must be capable of, and what OpenVINO calls it."""


@cache
def core() -> Any:
    """OpenVINO itself."""
    return ov.Core()


def processor() -> str:
    """The processor's name."""
    return str(core().get_property(DEVICE, "FULL_DEVICE_NAME"))


def engine_info() -> EngineInfo:
    """What computes."""
    return EngineInfo("openvino", ov.__version__.partition("-")[0], f"{DEVICE} {processor()}")


def check_precision(precision: str) -> None:
    """Refuse what this CPU cannot compute in.

    Raises:
        ConfigurationError: names what it can.
    """
    capabilities = core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    able = [name for name, (capability, _) in _PRECISIONS.items() if capability in capabilities]
    if precision not in able:
        raise ConfigurationError(
            f"precision: found {precision!r}, valid for OpenVINO on this CPU ({processor()}) are "
            + ", ".join(able)
        )


def options(precision: str, performance_hint: str) -> dict[str, Any]:
    """How to compile a model: `THROUGHPUT` for many images at once, `LATENCY` for one on all cores."""
    return {"INFERENCE_PRECISION_HINT": _PRECISIONS[precision][1], "PERFORMANCE_HINT": performance_hint}


def reason(error: Exception) -> str:
    """The end of what OpenVINO says of an error, where the cause stands, on one line."""
    return " ".join(str(error).split())[-200:]
