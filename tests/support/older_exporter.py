"""Detection graphs in the way of the first exporters of the TensorFlow Object Detection API (2017).

They loop over the images with TensorArrays, as later ones do, but suppress with `NonMaxSuppressionV2`, which has no
score threshold: the boxes are gathered above one first. And they write out a batch normalisation as the arithmetic
that it is. The original of the face model is of that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from human_detector.inference.graph_def import (
    FLOAT,
    Node,
    ancestors,
    constant,
    placeholder,
    read_graph,
    type_attribute,
    write_graph,
)
from human_detector.inference.model_files import find_model
from human_detector.inference.non_max_suppression import Suppression
from support.reference import FACES, tf

SIZE = 64
CLASSES = 2
CELLS = (SIZE // 8) ** 2
SUPPRESSION = Suppression(score_threshold=0.4, iou_threshold=0.3, max_per_class=20, max_total=20)
"""Of the small graph."""

FACE_SIZE = 512
FACE_SUPPRESSION = Suppression(score_threshold=1e-8, iou_threshold=0.6, max_per_class=100, max_total=100)
EPSILON = 0.001
"""Of the face graph, from the same places as in face_graph.py."""

Network = Callable[[Any], tuple[Any, Any]]
"""Normalised images [N, height, width, 3] in; boxes [N, A, 1, 4] and scores [N, A, classes] out."""


def write_small_graph(path: Path) -> None:
    """Write a frozen graph with random weights, the same each time."""
    _write(path, _small_network, SIZE, SUPPRESSION)


def write_face_graph(path: Path) -> None:
    """Write the face graph of this repository in the form that its original has."""
    _write(path, _face_network, FACE_SIZE, FACE_SUPPRESSION)


def _write(path: Path, network: Network, size: int, suppression: Suppression) -> None:
    v1 = tf.compat.v1
    # The loops of that time are made of single operations; today's are one operation with a function.
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as graph:
            images = tf.cast(v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor"), tf.float32)
            scaled = tf.map_fn(lambda image: v1.image.resize_images(image, [size, size]), images)
            suppress = partial(_suppress, suppression=suppression)
            kept = (tf.float32, tf.float32, tf.float32)
            boxes, scores, classes = tf.map_fn(suppress, network(scaled * (2 / 255) - 1.0), dtype=kept)
            tf.identity(boxes, "detection_boxes")
            tf.identity(scores, "detection_scores")
            tf.identity(classes + 1.0, "detection_classes")
    finally:
        v1.enable_control_flow_v2()
    path.write_bytes(graph.as_graph_def().SerializeToString())


def _small_network(images: Any) -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    network = images
    for channels, stride in ((8, 2), (5 + CLASSES, 4)):
        weights = random.normal(0, 0.3, (4, 4, network.shape[-1], channels)).astype(np.float32)
        network = tf.tanh(tf.nn.conv2d(network, weights, strides=stride, padding="SAME"))
    cells = tf.reshape(network, [-1, CELLS, 5 + CLASSES])
    centre, size = (cells[:, :, :2] + 1) / 2, 0.25 + tf.abs(cells[:, :, 2:4]) / 4
    boxes = tf.expand_dims(tf.concat([centre - size, centre + size], 2), 2)
    return boxes, tf.sigmoid(3 * cells[:, :, 4:])[:, :, 1:]


def _face_network(images: Any) -> tuple[Any, Any]:
    outputs = ("Postprocessor/raw_box_locations", "Postprocessor/convert_scores")
    whole = read_graph(find_model(FACES).read_bytes())
    source = placeholder("Preprocessor/sub", FLOAT, (-1, FACE_SIZE, FACE_SIZE, 3))
    nodes = ancestors({**whole, source.name: source}, outputs)
    for node in [*nodes.values()]:
        if node.op == "BiasAdd" and node.name.startswith("FeatureExtractor/"):
            nodes |= {each.name: each for each in _spelled_out(nodes, node)}
    definition = tf.compat.v1.GraphDef.FromString(write_graph(nodes.values()))
    boxes, scores = tf.import_graph_def(
        definition, {source.name: images}, [f"{name}:0" for name in outputs], name=""
    )
    return tf.expand_dims(boxes, 2), scores[:, :, 1:]


def _spelled_out(nodes: Mapping[str, Node], bias: Node) -> Iterator[Node]:
    """A convolution's bias as a batch normalisation: each channel's gain is taken out of the weights."""
    convolution = nodes[bias.sources[0]]
    weights, beta = (nodes[name].tensor() for name in (convolution.sources[1], bias.sources[1]))
    by_channel = weights.reshape(-1, beta.size)
    gain = np.abs(by_channel).max(axis=0) + np.float32(EPSILON)
    scope = f"{convolution.name}/BatchNorm"

    def operation(op: str, name: str, *inputs: str) -> Node:
        return Node(name, op, inputs, {"T": type_attribute(FLOAT)})

    yield constant(convolution.sources[1], (by_channel / gain).reshape(weights.shape))
    yield constant(f"{scope}/gamma", gain * np.sqrt(np.float32(1 + EPSILON)))
    yield constant(f"{scope}/beta", beta)
    yield constant(f"{scope}/moving_mean", np.zeros_like(beta))
    yield constant(f"{scope}/moving_variance", np.ones_like(beta))
    yield constant(f"{scope}/add/y", np.float32(EPSILON))
    yield operation("Add", f"{scope}/add", f"{scope}/moving_variance", f"{scope}/add/y")
    yield operation("Rsqrt", f"{scope}/Rsqrt", f"{scope}/add")
    yield operation("Mul", f"{scope}/mul", f"{scope}/Rsqrt", f"{scope}/gamma")
    yield operation("Mul", f"{scope}/mul_1", convolution.name, f"{scope}/mul")
    yield operation("Mul", f"{scope}/mul_2", f"{scope}/moving_mean", f"{scope}/mul")
    yield operation("Sub", f"{scope}/sub", f"{scope}/beta", f"{scope}/mul_2")
    yield operation("Add", bias.name, f"{scope}/mul_1", f"{scope}/sub")


def _suppress(one_image: tuple[Any, Any], suppression: Suppression) -> tuple[Any, Any, Any]:
    boxes, scores = one_image
    (shared_boxes,) = tf.unstack(boxes, axis=1)
    most = suppression.max_total
    kept = []
    for number in range(scores.shape[1]):
        of_class = tf.reshape(tf.slice(scores, [0, number], [scores.shape[0], 1]), [-1])
        above = tf.reshape(tf.where(tf.greater(of_class, suppression.score_threshold)), [-1])
        high = tf.cast(above, tf.int32)
        proposed, proposed_scores = tf.gather(shared_boxes, high), tf.gather(of_class, high)
        chosen = tf.raw_ops.NonMaxSuppressionV2(
            boxes=proposed,
            scores=proposed_scores,
            max_output_size=tf.minimum(suppression.max_per_class, tf.shape(proposed)[0]),
            iou_threshold=suppression.iou_threshold,
        )
        best = tf.gather(proposed_scores, chosen)
        kept.append((tf.gather(proposed, chosen), best, tf.zeros_like(best) + number))
    merged = [tf.concat(parts, 0) for parts in zip(*kept, strict=True)]
    order = tf.math.top_k(merged[1], tf.minimum(most, tf.shape(merged[1])[0])).indices
    sorted_boxes, *others = (tf.gather(part, order) for part in merged)
    results = [tf.clip_by_value(sorted_boxes, 0, 1), *others]
    missing = most - tf.shape(order)[0]
    padded = [tf.pad(part, [[0, missing]] + [[0, 0]] * (len(part.shape) - 1)) for part in results]
    return tuple(tf.ensure_shape(part, [most, *part.shape[1:]]) for part in padded)  # type: ignore[return-value]
