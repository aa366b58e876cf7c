"""A small graph of two stages, of the operations that the zoo's Faster R-CNNs are made of.

python two_stage_graph.py FILE

The weights are random, from a seed: what it finds means nothing, but it is the same for everybody who runs it. Run
as a program of its own, because the loops of 2018 (Enter, Exit, NextIteration) need TensorFlow 1's behaviour, which
cannot be switched on for a part of a process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

SHORT_SIDE, LONG_SIDE = 96, 160
"""Images are scaled to the first, or less where the other side would pass the second: 600 and 1024 in the zoo."""

STRIDE = 16
ANCHORS = np.array([[32, 32], [24, 48], [64, 32], [72, 72]], np.float32)
"""Heights and widths, in pixels of the scaled image."""

PROPOSALS, DETECTIONS, CLASSES = 40, 20, 3
CODER_SCALES = np.array([10, 10, 5, 5], np.float32)

v1 = tf.compat.v1
_random = np.random.default_rng(2018)


def build() -> bytes:
    """The frozen graph, from `image_tensor` to the zoo's four outputs."""
    v1.disable_v2_behavior()
    with tf.Graph().as_default() as graph:
        images = v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
        scaled = tf.map_fn(_scale, tf.cast(images, tf.float32))
        window = tf.cast(tf.shape(scaled)[1:3], tf.float32)
        features = _trunk(scaled - [123.68, 116.779, 103.939])
        proposals = _propose(features, window)
        boxes, scores = _classify(features, proposals, window)
        found = tf.map_fn(_choose, (boxes, scores), dtype=(tf.float32, tf.float32, tf.float32, tf.float32))
        names = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
        for name, output in zip(names, found, strict=True):
            tf.identity(output, name)
        return bytes(graph.as_graph_def().SerializeToString())


def _scale(image: Any) -> Any:
    """One image in the size that the network takes, its shape kept."""
    is_wide = tf.less(tf.shape(image)[0], tf.shape(image)[1])
    return v1.cond(
        is_wide,
        lambda: _fit(image, SHORT_SIDE, LONG_SIDE),
        lambda: _fit(image, LONG_SIDE, SHORT_SIDE),
    )


def _fit(image: Any, height: int, width: int) -> Any:
    return v1.image.resize_images(image, tf.stack([height, width]), preserve_aspect_ratio=True)


def _trunk(images: Any) -> Any:
    """Features of every 16th pixel, [N, H, W, 32]."""
    small = v1.nn.max_pool(_convolve(images / 64, 16, 7, 2), [1, 3, 3, 1], [1, 2, 2, 1], "SAME")
    return _convolve(_convolve(small, 24, 3, 2), 32, 3, 2)


def _propose(features: Any, window: Any) -> Any:
    """The first stage: where something may be, [N, PROPOSALS, 4] in fractions of the image."""
    hidden = _convolve(features, 32, 3, 1)
    batch, count = tf.shape(features)[0], len(ANCHORS)
    encodings = tf.reshape(_convolve(hidden, 4 * count, 1, 1, activate=None), [batch, -1, 4])
    objectness = tf.reshape(_convolve(hidden, 2 * count, 1, 1, activate=None), [batch, -1, 2])
    boxes = tf.clip_by_value(_decode(encodings, _anchors(tf.shape(features))) / _sides(window), 0.0, 1.0)

    def best(each: tuple[Any, Any]) -> Any:
        kept = v1.image.non_max_suppression(each[0], each[1], PROPOSALS, 0.7)
        return _padded(tf.gather(each[0], kept), PROPOSALS)

    return tf.map_fn(best, (boxes, tf.nn.softmax(objectness)[:, :, 1]), dtype=tf.float32)


def _classify(features: Any, proposals: Any, window: Any) -> tuple[Any, Any]:
    """The second stage: boxes [N, PROPOSALS, CLASSES, 4] and scores [N, PROPOSALS, CLASSES]."""
    flat = tf.reshape(proposals, [-1, 4])
    owner = tf.repeat(tf.range(tf.shape(features)[0]), PROPOSALS)
    crops = v1.nn.max_pool(
        v1.image.crop_and_resize(features, flat, owner, [14, 14]), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"
    )
    pooled = tf.reduce_mean(_convolve(crops, 48, 3, 2), [1, 2])
    logits = tf.matmul(pooled, _weights(48, CLASSES + 1) * 4) + _weights(CLASSES + 1)
    encodings = tf.reshape(tf.matmul(pooled, _weights(48, CLASSES * 4)), [-1, CLASSES, 4])
    corners = tf.tile((flat * _sides(window))[:, tf.newaxis], [1, CLASSES, 1])
    boxes = _decode(encodings, _centred(corners)) / _sides(window)
    return (
        tf.reshape(tf.clip_by_value(boxes, 0.0, 1.0), [-1, PROPOSALS, CLASSES, 4]),
        tf.reshape(tf.nn.softmax(logits)[:, 1:], [-1, PROPOSALS, CLASSES]),
    )


def _choose(each: tuple[Any, Any]) -> tuple[Any, Any, Any, Any]:
    """What stays of one image's boxes: those that are the best of their class where they are."""
    boxes, scores, classes = [], [], []
    for number in range(CLASSES):
        kept = v1.image.non_max_suppression(each[0][:, number], each[1][:, number], DETECTIONS, 0.6)
        kept = tf.boolean_mask(kept, tf.gather(each[1][:, number], kept) > 0.2)
        boxes.append(tf.gather(each[0][:, number], kept))
        scores.append(tf.gather(each[1][:, number], kept))
        classes.append(tf.fill(tf.shape(kept), float(number + 1)))
    joined = tf.concat(scores, 0)
    count = tf.minimum(tf.size(joined), DETECTIONS)
    values, order = tf.nn.top_k(joined, count)
    chosen = (tf.gather(tf.concat(boxes, 0), order), values, tf.gather(tf.concat(classes, 0), order))
    return (*(_padded(one, DETECTIONS) for one in chosen), tf.cast(count, tf.float32))


def _anchors(shape: Any) -> Any:
    """Of every feature, [H * W * ANCHORS, 4]: centre y, centre x, height and width in pixels."""
    rows, columns = (tf.cast(tf.range(shape[axis]), tf.float32) * STRIDE for axis in (1, 2))
    y, x, which = tf.meshgrid(rows, columns, tf.range(float(len(ANCHORS))), indexing="ij")
    sizes = tf.gather(tf.constant(ANCHORS), tf.cast(tf.reshape(which, [-1]), tf.int32))
    return tf.concat([tf.stack([tf.reshape(y, [-1]), tf.reshape(x, [-1])], 1), sizes], 1)


def _decode(encodings: Any, anchors: Any) -> Any:
    """Corners in pixels, from what the network says relative to its anchors."""
    moved = encodings / CODER_SCALES
    centre = moved[..., :2] * anchors[..., 2:] + anchors[..., :2]
    size = tf.exp(moved[..., 2:]) * anchors[..., 2:]
    return tf.concat([centre - size / 2, centre + size / 2], -1)


def _centred(corners: Any) -> Any:
    size = corners[..., 2:] - corners[..., :2]
    return tf.concat([corners[..., :2] + size / 2, size], -1)


def _sides(window: Any) -> Any:
    return tf.tile(window, [2])


def _padded(values: Any, count: int) -> Any:
    """Rows of zeros behind, so that all images have as many."""
    missing = count - tf.shape(values)[0]
    filled = tf.pad(values, [[0, missing]] + [[0, 0]] * (len(values.shape) - 1))
    filled.set_shape([count, *values.shape[1:]])
    return filled


def _convolve(
    source: Any, channels: int, size: int, stride: int, activate: Callable[[Any], Any] | None = tf.nn.relu
) -> Any:
    """A convolution with the batch norm behind it, folded into scale and shift as in a frozen graph."""
    inputs = int(source.shape[-1])
    result = v1.nn.conv2d(source, _weights(size, size, inputs, channels), [1, stride, stride, 1], "SAME")
    result = result * np.float32(1.1) + _weights(channels)
    return activate(result) if activate else result


def _weights(*shape: int) -> Any:
    """Random ones that keep the size of what goes through, and of it what differs from place to place."""
    if len(shape) == 1:
        return _random.normal(0, 0.1, shape).astype(np.float32)
    drawn = _random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
    return (drawn - drawn.mean(axis=tuple(range(len(shape) - 1)))).astype(np.float32)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(build())
