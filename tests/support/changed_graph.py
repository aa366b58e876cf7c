"""The model of pedestrians, changed into graphs of other builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from human_detector.inference.model_files import find_model
from support.reference import HUMANS, tf

SCALING = "Preprocessor/map/while/ResizeImage/resize_images/ResizeBilinear"


def align_corners(nodes: Any) -> None:
    nodes[SCALING].attr["align_corners"].b = True


def changed_graph(folder: Path, change: Callable[[Any], None]) -> Path:
    """A copy of the model of pedestrians with a change made to its nodes."""
    graph = tf.compat.v1.GraphDef.FromString(find_model(HUMANS).read_bytes())
    change({node.name: node for node in graph.node})
    path = folder / "frozen_inference_graph.pb"
    path.write_bytes(graph.SerializeToString())
    return path
