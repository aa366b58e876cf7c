"""A small detection graph in the way of the first exporters of the TensorFlow Object Detection API.

They loop over the images with TensorArrays, as later ones do, but suppress with `NonMaxSuppressionV2`, which has no
score threshold: the boxes are gathered above one first. The original of the face model is of that time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reference import tf

SIZE = 64
CLASSES = 2
CELLS = (SIZE // 8) ** 2
SCORE_THRESHOLD = 0.4
MOST = 20


def write_graph(path: Path) -> None:
    """Write a frozen graph with random weights, the same each time."""
    v1 = tf.compat.v1
    # The loops of that time are made of single operations; today's are one operation with a function.
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as graph:
            image_tensor = v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
            boxes, scores, classes = _detect(tf.cast(image_tensor, tf.float32))
            tf.identity(boxes, "detection_boxes")
            tf.identity(scores, "detection_scores")
            tf.identity(classes + 1.0, "detection_classes")
    finally:
        v1.enable_control_flow_v2()
    path.write_bytes(graph.as_graph_def().SerializeToString())


def _detect(images: Any) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(3)
    scaled = tf.map_fn(lambda image: tf.compat.v1.image.resize_images(image, [SIZE, SIZE]), images)
    network = scaled * (2 / 255) - 1.0
    for channels, stride in ((8, 2), (5 + CLASSES, 4)):
        weights = random.normal(0, 0.3, (4, 4, network.shape[-1], channels)).astype(np.float32)
        network = tf.tanh(tf.nn.conv2d(network, weights, strides=stride, padding="SAME"))
    cells = tf.reshape(network, [-1, CELLS, 5 + CLASSES])
    centre, size = (cells[:, :, :2] + 1) / 2, 0.25 + tf.abs(cells[:, :, 2:4]) / 4
    boxes = tf.expand_dims(tf.concat([centre - size, centre + size], 2), 2)
    scores = tf.sigmoid(3 * cells[:, :, 4:])[:, :, 1:]
    return tf.map_fn(_suppress, (boxes, scores), dtype=(tf.float32, tf.float32, tf.float32))


def _suppress(one_image: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    boxes, scores = one_image
    (shared_boxes,) = tf.unstack(boxes, axis=1)
    kept = []
    for number in range(CLASSES):
        of_class = tf.reshape(tf.slice(scores, [0, number], [CELLS, 1]), [-1])
        high = tf.cast(tf.reshape(tf.where(tf.greater(of_class, SCORE_THRESHOLD)), [-1]), tf.int32)
        proposed, proposed_scores = tf.gather(shared_boxes, high), tf.gather(of_class, high)
        most = tf.minimum(MOST, tf.shape(proposed)[0])
        chosen = tf.raw_ops.NonMaxSuppressionV2(
            boxes=proposed, scores=proposed_scores, max_output_size=most, iou_threshold=0.3
        )
        best = tf.gather(proposed_scores, chosen)
        kept.append((tf.gather(proposed, chosen), best, tf.zeros_like(best) + number))
    merged = [tf.concat(parts, 0) for parts in zip(*kept, strict=True)]
    order = tf.math.top_k(merged[1], tf.minimum(MOST, tf.shape(merged[1])[0])).indices
    sorted_boxes, *others = (tf.gather(part, order) for part in merged)
    results = [tf.clip_by_value(sorted_boxes, 0, 1), *others]
    missing = MOST - tf.shape(order)[0]
    padded = [tf.pad(part, [[0, missing]] + [[0, 0]] * (len(part.shape) - 1)) for part in results]
    return tuple(tf.ensure_shape(part, [MOST, *part.shape[1:]]) for part in padded)  # type: ignore[return-value]
