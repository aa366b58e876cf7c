"""Reads the weights of a TensorFlow.js model: a manifest in JSON, and the binary files that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.utils import parse_json

Weights = dict[str, NDArray[Any]]
"""Variables by name: float32, or int32 for shapes and axes."""


def read_weights(manifest: Path) -> Weights:
    """The variables of a model whose manifest is a file of its own.

    Args:
        manifest: the JSON file; its binary files lie beside it.

    Raises:
        ConfigurationError: a file is missing, no manifest, or of another size than the manifest says.
    """
    return read_groups(read_json(manifest), manifest)


def read_json(path: Path) -> Any:
    """What a JSON file says.

    Raises:
        ConfigurationError: it is missing, or no JSON.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise _no_manifest(path, error) from error


def read_groups(groups: Any, path: Path) -> Weights:
    """The variables that a manifest describes.

    Args:
        groups: the manifest.
        path: the file that it stands in, beside the binary files.

    Returns:
        float16 ones as float32. Those in 8 or 16 bits are q * scale + min, computed in double precision and
        rounded once, as TensorFlow.js does.

    Raises:
        ConfigurationError: a file is missing, no manifest, or of another size than the manifest says.
    """
    weights: Weights = {}
    try:
        for group in groups:
            data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
            weights.update(_split(data, group["weights"]))
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_manifest(path, error) from error
    return weights


def _no_manifest(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(f"{path} is no TensorFlow.js weights manifest: {error!r}")


def _split(data: bytes, entries: Sequence[Mapping[str, Any]]) -> Weights:
    """One group's bytes as its variables, in the manifest's order."""
    weights: Weights = {}
    offset = 0
    for entry in entries:
        quantization = entry.get("quantization")
        stored = np.dtype(quantization["dtype"] if quantization else entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if offset + count * stored.itemsize > len(data):
            raise ConfigurationError(f"the weights end at byte {len(data)}, inside {entry['name']}")
        values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        offset += values.nbytes
        if quantization and stored.kind == "u":
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        weights[entry["name"]] = values.astype(entry["dtype"])
    if offset != len(data):
        raise ConfigurationError(f"the weights have {len(data)} bytes, their manifest describes {offset}")
    return weights
