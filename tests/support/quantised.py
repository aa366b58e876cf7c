"""Quantised models made by hand: what NNCF does to a network, coarsely, without NNCF."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from openvino import opset13 as ops

from human_detector.inference.checksum import Checksum
from human_detector.inference.openvino_device import core, version
from human_detector.inference.openvino_graph import read_network
from human_detector.inference.openvino_module import ov
from human_detector.inference.quantised_models import store_quantised as store
from human_detector.inference.ssd_network import find_network

LEVELS = 256


def facts_of(graph: Path, openvino: str | None = None, made: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    """What the JSON file beside a quantised network says, as far as it decides whether that is taken."""
    return {
        "model": {"file": graph.name, "sha256": Checksum.of(graph).value},
        "calibration": {"sha256": made},
        "nncf": "3.4.0",
        "openvino": openvino or version(),
        "made": made,
    }


def store_quantised(graph: Path, highest: float = 255.0, **facts: str) -> Path:
    """Put a network beside a model that takes its pictures in 256 steps from 0 to `highest`; all above is cut.

    Args:
        graph: the model's file.
        highest: 255 leaves pictures as they are; less makes a network that can be told from the model.
        **facts: see `facts_of`.

    Returns:
        The JSON file that tells of it.
    """
    network = None if graph.suffix == ".onnx" else find_network("it", graph)
    model = read_network(core(), network) if network else core().read_model(graph)
    take_pictures_in_steps(model, highest)
    with tempfile.TemporaryDirectory(dir=graph.parent) as folder:
        file = Path(folder) / "network.xml"
        ov.save_model(model, file, compress_to_fp16=False)
        return store(graph, file, facts_of(graph, **facts))


def take_pictures_in_steps(model: Any, highest: float) -> None:
    """Have a network take its pictures in 256 steps from 0 to `highest`."""
    pictures = model.input(0)
    readers = [*pictures.get_target_inputs()]
    low, high = np.float32(0), np.float32(highest)
    in_steps = ops.fake_quantize(pictures, low, high, low, high, LEVELS)
    for reader in readers:
        reader.replace_source_output(in_steps.output(0))
    model.validate_nodes_and_infer_types()


def copy_of_model(file: Path, folder: Path) -> Path:
    """A model in a folder of its own, alone."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(file, folder))
