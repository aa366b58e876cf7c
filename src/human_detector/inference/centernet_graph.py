"""The general human detector's frozen graph, built from its TensorFlow.js model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.detection_outputs import add_detections
from human_detector.inference.graph_def import BOOL, FLOAT, INT32, UINT8, Node, ancestors, placeholder
from human_detector.inference.graph_def import type_attribute as type_of
from human_detector.inference.graph_messages import AttrValue
from human_detector.inference.graph_writer import GraphWriter, integers
from human_detector.inference.non_max_suppression import Suppression

IMAGES, HEAT, SIZES = "tower_0/images", "tower_0/keypoints", "tower_0/wh"
"""The network's input, and its two results: how much each cell is the centre of each class, and how far the
box reaches from the cell's corner to the left, top, right and bottom, in pixels of the input."""

INPUT_SIZE = 512
CELLS = 128
"""Rows and columns of the two results; a cell is 4x4 pixels of the input."""
CLASS_COUNT = 80
MAX_DETECTIONS = 100

SUPPRESSION = Suppression(
    score_threshold=1e-8, iou_threshold=0.6, max_per_class=MAX_DETECTIONS, max_total=MAX_DETECTIONS
)
"""The zoo's. The package suppresses at 0.4, whatever the class. On the pictures of benchmarks/labels.json the
average precision of people is the same from 0.4 to 0.8 (0.95), and 0.90 without: some have two peaks."""


def build_centernet_graph(model: Mapping[str, Node]) -> bytes:
    """A GraphDef of the network with the signature of TensorFlow's detection zoo.

        image_tensor       uint8   [N, H, W, 3]  RGB, 0 to 255
        detection_boxes    float32 [N, 100, 4]   y_min, x_min, y_max, x_max as fractions of the image, 0 to 1
        detection_scores   float32 [N, 100]      falling, 0 where there is no detection
        detection_classes  float32 [N, 100]      COCO's 80 classes without gaps, 1 is a person
        num_detections     float32 [N]

    The image is resized to 512x512 whatever its shape, as the package does it. A box is proposed for each
    of the 100 best peaks of the heat maps, as in the model's own last part, `tower_0/detections`; that is
    made for one image, and is replaced by one for any number of them.

    Args:
        model: what `read_graph_model` returned for the package's `centernet.json`.

    Raises:
        ConfigurationError: it is another network.
    """
    if missing := [name for name in (IMAGES, HEAT, SIZES) if name not in model]:
        raise ConfigurationError(f"the model has no node {missing[0]}")
    writer = GraphWriter()
    images = _scaled_images(writer)
    network = ancestors({**model, IMAGES: placeholder(IMAGES, FLOAT, ())}, [HEAT, SIZES])
    network[IMAGES] = Node(IMAGES, "Identity", (images,), {"T": type_of(FLOAT)})
    for node in network.values():
        writer.add(node)
    peaks = _peaks(writer)
    cells = _best_cells(writer, peaks)
    boxes = _gather(writer, "Boxes/best", _boxes(writer), cells, axis=1, batch_dims=1)
    scores = _gather(writer, "Peaks/best", peaks, cells, axis=1, batch_dims=1)
    add_detections(writer, boxes, scores, SUPPRESSION)
    return writer.graph()


def _scaled_images(writer: GraphWriter) -> str:
    """uint8 [N, H, W, 3] to float32 [N, 512, 512, 3], sampled as the package samples (and the zoo)."""
    images = writer.add(placeholder("image_tensor", UINT8, (-1, -1, -1, 3)))
    return writer.floats(
        "ResizeBilinear",
        "Preprocessor/ResizeImage/ResizeBilinear",
        writer.cast("ToFloat", images, UINT8, FLOAT),
        writer.constant("Preprocessor/ResizeImage/size", [INPUT_SIZE, INPUT_SIZE]),
        align_corners=AttrValue(b=False),
        half_pixel_centers=AttrValue(b=False),
    )


def _peaks(writer: GraphWriter) -> str:
    """[N, 16384, 80]: the heat maps, 0 wherever one of the eight neighbours has more of the same class."""
    highest = writer.floats(
        "MaxPool",
        "Peaks/highest_around",
        HEAT,
        ksize=integers(1, 3, 3, 1),
        strides=integers(1, 1, 1, 1),
        padding=AttrValue(s=b"SAME"),
        data_format=AttrValue(s=b"NHWC"),
    )
    is_peak = writer.cast("Peaks/is_peak", writer.floats("Equal", "Peaks/Equal", HEAT, highest), BOOL, FLOAT)
    peaks = writer.floats("Mul", "Peaks/heat", HEAT, is_peak)
    return writer.reshape("Peaks/flat", peaks, [-1, CELLS * CELLS, CLASS_COUNT])


def _best_cells(writer: GraphWriter, peaks: str) -> str:
    """The cells with the 100 highest peaks of any class, [N, 100], among which the 100 best peaks all are.

    The model's own last part looks for the best among all cells and classes at once, which takes OpenVINO
    ten times as long as the whole network.
    """
    axis = writer.constant("Cells/highest/axis", [2])
    highest = writer.floats("Max", "Cells/highest", peaks, axis, Tidx=type_of(INT32))
    count = writer.constant("Cells/best/k", np.array(MAX_DETECTIONS))
    return writer.floats("TopKV2", "Cells/best", highest, count, sorted=AttrValue(b=True)) + ":1"


def _boxes(writer: GraphWriter) -> str:
    """The box about each cell, [N, 16384, 4], in the zoo's order and as fractions of the image."""
    order = writer.constant("Boxes/order", [1, 0, 3, 2])
    reach = _gather(writer, "Boxes/reach", SIZES, order, axis=3)
    signs = np.array([-1, -1, 1, 1], np.float32) / INPUT_SIZE
    reach = writer.floats("Mul", "Boxes/from_corner", reach, writer.constant("Boxes/signs", signs))
    boxes = writer.floats("Add", "Boxes/of_cells", writer.constant("Boxes/corners", _corners()), reach)
    return writer.reshape("Boxes/flat", boxes, [-1, CELLS * CELLS, 4])


def _corners() -> NDArray[np.float32]:
    """The upper left corner of each cell, twice: [1, 128, 128, 4], y, x, y, x as fractions of the image."""
    y, x = np.meshgrid(np.arange(CELLS), np.arange(CELLS), indexing="ij")
    corners = np.stack([y, x, y, x], axis=-1)[np.newaxis] / CELLS
    return corners.astype(np.float32)


def _gather(writer: GraphWriter, name: str, source: str, places: str, axis: int, batch_dims: int = 0) -> str:
    return writer.node(
        "GatherV2",
        name,
        source,
        places,
        writer.constant(f"{name}/axis", np.array(axis)),
        Tparams=type_of(FLOAT),
        Tindices=type_of(INT32),
        Taxis=type_of(INT32),
        batch_dims=AttrValue(i=batch_dims),
    )
