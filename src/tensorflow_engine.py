"""Runs detection graphs with TensorFlow: frozen graphs and SavedModels, on the GPU if there is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

# Before the import: TensorFlow's start-up chatter would drown the worker's own log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from detector import EngineInfo
from engine import GraphOutput
from errors import ConfigurationError
from model_files import SAVED_MODEL, damaged

OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes")
FROZEN_INPUT = "image_tensor"
"""Input and outputs that every exporter of the TensorFlow Object Detection API gives its graphs."""

_Outputs = dict[str, Any]


@cache
def gpu_names() -> list[str]:
    """The visible GPUs, such as `GPU:0 Tesla T4`; they are set to take memory as they need it."""
    names = []
    for number, gpu in enumerate(tf.config.list_physical_devices("GPU")):
        # By default TensorFlow takes all memory of all GPUs.
        tf.config.experimental.set_memory_growth(gpu, True)
        model = tf.config.experimental.get_device_details(gpu).get("device_name", "")
        names.append(f"GPU:{number} {model}".strip())
    return names


class TensorFlowEngine:
    """One model in TensorFlow.

    Args:
        model: the model as the configuration names it, for messages.
        graph: a frozen graph, or the `saved_model.pb` of a SavedModel folder.

    Raises:
        ConfigurationError: the file is damaged, or is no detection graph.
    """

    def __init__(self, model: str, graph: Path) -> None:
        self.info = EngineInfo("tensorflow", tf.__version__, next(iter(gpu_names()), "CPU"))
        load = _load_saved_model if graph.name == SAVED_MODEL else _load_frozen_graph
        try:
            self._function, input_shape = load(graph)
        except ConfigurationError as error:
            raise ConfigurationError(f"the model {model!r}: {error}") from error
        except Exception as error:  # TensorFlow raises a dozen kinds for a broken file
            raise damaged(model, graph, f"{type(error).__name__}: {str(error)[:200]}") from error
        # The SavedModels of the TensorFlow 2 zoo take one image at a time.
        self._one_by_one = bool(input_shape.rank) and input_shape[0] == 1

    def run(self, images: NDArray[np.uint8]) -> GraphOutput:
        """Run the graph on RGB images, uint8 [N, height, width, 3]."""
        batches = [images[i : i + 1] for i in range(len(images))] if self._one_by_one else [images]
        outputs = [self._function(tf.constant(batch)) for batch in batches]
        boxes, scores, classes = (
            np.concatenate([output[name].numpy() for output in outputs]) for name in OUTPUTS
        )
        return GraphOutput(boxes, scores, classes.astype(np.int64))


def _load_frozen_graph(path: Path) -> tuple[Callable[[Any], _Outputs], Any]:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(path.read_bytes())
    names = {node.name for node in graph_def.node}
    _require(names, (FROZEN_INPUT, *OUTPUTS))
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_def, name=""), [])
    image_tensor = wrapped.graph.get_tensor_by_name(f"{FROZEN_INPUT}:0")
    fetches = {name: wrapped.graph.get_tensor_by_name(f"{name}:0") for name in OUTPUTS}
    return wrapped.prune([image_tensor], fetches), image_tensor.shape


def _load_saved_model(path: Path) -> tuple[Callable[[Any], _Outputs], Any]:
    loaded = tf.saved_model.load(str(path.parent))
    signature = loaded.signatures["serving_default"]
    _require(set(signature.structured_outputs), OUTPUTS)
    ((key, spec),) = signature.structured_input_signature[1].items()

    def function(images: Any, _keep_variables_alive: Any = loaded) -> _Outputs:
        outputs: _Outputs = signature(**{key: images})
        return outputs

    return function, spec.shape


def _require(found: set[str], names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        raise ConfigurationError(
            f"no graph of the TensorFlow Object Detection API, it lacks {', '.join(missing)}"
        )
