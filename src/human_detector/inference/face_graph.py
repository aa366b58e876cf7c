"""The face detector's frozen graph, built from its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.detection_outputs import add_detections
from human_detector.inference.graph_def import FLOAT, UINT8, placeholder
from human_detector.inference.graph_messages import AttrValue
from human_detector.inference.graph_writer import GraphWriter, integers
from human_detector.inference.non_max_suppression import Suppression

INPUT_SIZE = 512
"""Height and width of the network's input: `Preprocessor/ResizeImage/size` in the manifest."""

BATCH_NORM_EPSILON = 0.001
"""`epsilon` in the Object Detection API's samples/configs/ssd_mobilenet_v1_*.config, and in face-api."""

BOX_SCALES = (10.0, 10.0, 5.0, 5.0)
"""y, x, height, width: `faster_rcnn_box_coder` in the same configurations, and in face-api."""

CLASS_COUNT = 3
"""None of the classes, face, "background": protos/face_label_map.pbtxt of the original repository."""

SUPPRESSION = Suppression(score_threshold=1e-8, iou_threshold=0.6, max_per_class=100, max_total=100)
"""`batch_non_max_suppression` in the same configurations, and in the graph of ssdlite_pedestrian. (face-api
has its own: a score of 0.5, an overlap of 0.5, 100 detections.)"""

STRIDE_2_BLOCKS = (2, 4, 6, 12)
"""The depthwise convolutions of MobileNet v1 that halve the picture (Howard et al. 2017, table 1)."""

ANCHORS_PER_MAP = (3072, 1536, 384, 96, 24, 6)
"""3 at each of 32x32 cells, then 6 at each of 16x16, 8x8, 4x4, 2x2 and 1: `stack_1/1` in the manifest."""


def build_face_graph(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A GraphDef of the MobileNet v1 SSD with the signature of TensorFlow's detection zoo.

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
        Postprocessor/raw_box_locations float32 [N, 5118, 4]      decoded boxes, not clipped, not suppressed

    The batch normalisation is folded into the convolutions. The image is resized to 512x512 whatever its
    shape, as the original graph does; face-api pads it to a square first.

    Args:
        weights: what `read_weights` returned for the package's manifest.

    Raises:
        ConfigurationError: a variable is missing or has another shape than this network's.
    """
    return _FaceGraph(weights).build()


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


class _FaceGraph:
    """The parts of the graph, in the order of the data. Each method returns its results' names."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._writer = GraphWriter()
        self._weights = weights

    def build(self) -> bytes:
        encodings, logits = self._predictors(self._feature_maps(self._preprocessor()))
        boxes = self._decoded_boxes(encodings)
        scores = self._writer.floats("Sigmoid", "Postprocessor/convert_scores", logits)
        of_classes = self._writer.cut("Postprocessor/Slice", scores, [0, 0, 1], [-1, -1, -1])
        add_detections(self._writer, boxes, of_classes, SUPPRESSION)
        return self._writer.graph()

    def _variable(self, name: str, *shape: int | None) -> NDArray[np.float32]:
        """Returns a variable of this shape, where None stands for any size."""
        if name not in self._weights:
            raise ConfigurationError(f"the manifest has no variable {name}")
        value = self._weights[name]
        if len(shape) != value.ndim or any(
            wanted not in (None, found) for wanted, found in zip(shape, value.shape, strict=True)
        ):
            raise ConfigurationError(f"{name} has shape {list(value.shape)}, this network's is {list(shape)}")
        return value

    def _preprocessor(self) -> str:
        """uint8 [N, H, W, 3] to float32 [N, 512, 512, 3] between -1 and 1.

        The legacy bilinear resize (corners not aligned, pixel centres not at the half) is that of the zoo and
        of face-api. The cast comes first, as in the zoo's graphs: on a GPU, TensorFlow resizes floats only.
        """
        writer = self._writer
        image = writer.add(placeholder("image_tensor", UINT8, (-1, -1, -1, 3)))
        image = writer.floats(
            "ResizeBilinear",
            "Preprocessor/ResizeImage/ResizeBilinear",
            writer.cast("ToFloat", image, UINT8, FLOAT),
            writer.constant("Preprocessor/ResizeImage/size", [INPUT_SIZE, INPUT_SIZE]),
            align_corners=AttrValue(b=False),
            half_pixel_centers=AttrValue(b=False),
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

        squeezed = writer.floats("Squeeze", "Squeeze", encodings, squeeze_dims=integers(2))
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
