"""What OpenVINO has here to compute with."""

from __future__ import annotations

from functools import cache
from typing import Any

from human_detector.inference.openvino_module import ov
from human_detector.values import EngineInfo

DEVICE = "CPU"
_PRECISIONS = {
    "fp32": ("FP32", ov.Type.f32),
    "bf16": ("BF16", ov.Type.bf16),
    "fp16": ("FP16", ov.Type.f16),
    "int8": ("INT8", ov.Type.f32),
}
"""What a CPU must be capable of, and in what it computes what is not quantised.

Beside 8 bits that is 32, also where 16 are to be had: what a network says then hardly depends on the machine,
and the agreement that was measured on one holds on another.
"""


@cache
def core() -> Any:
    """OpenVINO itself."""
    return ov.Core()


def processor() -> str:
    """The processor's name."""
    return str(core().get_property(DEVICE, "FULL_DEVICE_NAME"))


def version() -> str:
    """OpenVINO's version, such as 2026.4.1."""
    return str(ov.__version__.partition("-")[0])


def engine_info(precision: str) -> EngineInfo:
    """What computes, and in what kind of number."""
    return EngineInfo("openvino", version(), f"{DEVICE} {processor()}", precision)


def able_precisions() -> list[str]:
    """What this CPU can compute in."""
    capabilities = core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    return [name for name, (capability, _) in _PRECISIONS.items() if capability in capabilities]


def options(precision: str, performance_hint: str) -> dict[str, Any]:
    """How to compile a model: `THROUGHPUT` for many images at once, `LATENCY` for one on all cores."""
    return {"INFERENCE_PRECISION_HINT": _PRECISIONS[precision][1], "PERFORMANCE_HINT": performance_hint}


def reason(error: Exception) -> str:
    """The end of what OpenVINO says of an error, where the cause stands, on one line."""
    return " ".join(str(error).split())[-200:]
