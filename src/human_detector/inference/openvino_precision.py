"""In what kind of number OpenVINO computes a model here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import ModelSettings
from human_detector.inference.openvino_device import able_precisions, processor, version
from human_detector.inference.quantised_models import Found, find_quantised

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a model computes in.

    Attributes:
        precision: one of `PRECISIONS`, never `auto`.
        network: the quantised network that is to be loaded in the model's place; None for the model itself.
    """

    precision: str
    network: Path | None = None


def choose_precision(settings: ModelSettings) -> Chosen:
    """What a model computes in, as it was asked for.

    Raises:
        ConfigurationError: this CPU lacks it, or nobody has quantised the model; says what to do.
    """
    if settings.quantised:
        return Chosen("int8", settings.quantised)
    if settings.precision == "auto":
        return _fastest(settings)
    able = able_precisions()
    if settings.precision not in able:
        raise ConfigurationError(
            f"precision: found {settings.precision!r}, valid for OpenVINO on this CPU ({processor()}) are "
            + ", ".join([*able, "auto"])
        )
    if settings.precision != "int8":
        return Chosen(settings.precision)
    found = find_quantised(settings.graph, version())
    if found.network is None:
        raise ConfigurationError(
            f"precision: found 'int8', but the model {settings.model!r} is not quantised here{_but(found)}; "
            f"run: human-detector models quantize {settings.model}"
        )
    return Chosen("int8", found.network)


def _fastest(settings: ModelSettings) -> Chosen:
    """8 bits where somebody has quantised the model, else 16 where the CPU has them."""
    able = able_precisions()
    found = find_quantised(settings.graph, version()) if "int8" in able else Found(None, [])
    if found.network is not None:
        chosen = Chosen("int8", found.network)
    else:
        chosen = Chosen("bf16" if "bf16" in able else "fp32")
    level = logging.WARNING if found.unfit and found.network is None else logging.INFO
    log.log(level, "the model %s computes in %s%s", settings.model, chosen.precision, _but(found))
    return chosen


def _but(found: Found) -> str:
    """What lies there and was not taken."""
    return f" ({'; '.join(found.unfit)})" if found.unfit else ""
