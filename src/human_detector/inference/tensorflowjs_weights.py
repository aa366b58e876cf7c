"""Reads the weights of a TensorFlow.js model: a manifest in JSON, and the binary files that it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError


def read_weights(manifest: Path) -> dict[str, NDArray[np.float32]]:
    """The floating-point variables of a model by name.

    Args:
        manifest: the JSON file; its binary files lie beside it.

    Returns:
        Quantised ones are q * scale + min, computed in double precision and rounded once, as TensorFlow.js
        does. The integer entries (shapes and axes of the original graph) are left out.

    Raises:
        ConfigurationError: a file is missing, no manifest, or of another size than the manifest says.
    """
    weights: dict[str, NDArray[np.float32]] = {}
    try:
        for group in json.loads(manifest.read_text(encoding="utf-8")):
            data = b"".join((manifest.parent / name).read_bytes() for name in group["paths"])
            weights.update(_split(data, group["weights"]))
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{manifest} is no TensorFlow.js weights manifest: {error!r}") from error
    return weights


def _split(data: bytes, entries: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[np.float32]]:
    """One group's bytes as its variables, in the manifest's order."""
    weights: dict[str, NDArray[np.float32]] = {}
    offset = 0
    for entry in entries:
        quantization = entry.get("quantization")
        stored = np.dtype(quantization["dtype"] if quantization else entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if offset + count * stored.itemsize > len(data):
            raise ConfigurationError(f"the weights end at byte {len(data)}, inside {entry['name']}")
        values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        offset += values.nbytes
        if entry["dtype"] != "float32":
            continue
        if quantization:
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        weights[entry["name"]] = values.astype(np.float32)
    if offset != len(data):
        raise ConfigurationError(f"the weights have {len(data)} bytes, their manifest describes {offset}")
    return weights
