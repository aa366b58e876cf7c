"""The network of a single-shot detector without the loops around it, ready for an engine."""

from __future__ import annotations

import logging
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.inference.graph_def import read_graph
from human_detector.inference.model_files import SAVED_MODEL, damaged
from human_detector.inference.non_max_suppression import Suppression
from human_detector.inference.ssd_graph import IMAGE_TENSOR, NotRecognised, recognise
from human_detector.inference.ssd_surgery import cut_network

log = logging.getLogger(__name__)

OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes")
"""What the exporters of the TensorFlow Object Detection API call their graphs' outputs."""


@dataclass(frozen=True, slots=True)
class SsdNetwork:
    """A network that was cut out of a graph.

    Attributes:
        graph_def: a serialized GraphDef with the input and the outputs of `ssd_surgery`.
        input_size: height and width of the images that it takes.
        suppression: what is to be done with the boxes that it proposes.
    """

    graph_def: bytes
    input_size: tuple[int, int]
    suppression: Suppression


def find_network(model: str, graph: Path) -> SsdNetwork | None:
    """Cut the network out of a model's graph; None if the graph must be run as it is.

    Args:
        model: the model as the configuration names it, for messages.
        graph: a frozen graph, or the `saved_model.pb` of a SavedModel folder.

    Raises:
        ConfigurationError: the file is damaged, or is no detection graph.
    """
    if graph.name == SAVED_MODEL:
        log.info("the model %s runs as a whole: it is a SavedModel", model)
        return None
    try:
        nodes = read_graph(graph.read_bytes())
    except ValueError as error:
        raise damaged(model, graph, error) from error
    require_outputs(model, nodes, (IMAGE_TENSOR, *OUTPUTS))
    try:
        parts = recognise(nodes, OUTPUTS)
    except NotRecognised as difference:
        log.info("the model %s runs as a whole: %s", model, difference)
        return None
    return SsdNetwork(cut_network(nodes, parts), (parts.height, parts.width), parts.suppression)


def require_outputs(model: str, found: Container[str], names: tuple[str, ...] = OUTPUTS) -> None:
    """Refuse what is no detection graph.

    Args:
        model: the model as the configuration names it, for messages.
        found: the names that the graph has.
        names: those that it must have.

    Raises:
        ConfigurationError: one is missing.
    """
    missing = [name for name in names if name not in found]
    if missing:
        raise ConfigurationError(
            f"the model {model!r}: no graph of the TensorFlow Object Detection API, it lacks "
            + ", ".join(missing)
        )
