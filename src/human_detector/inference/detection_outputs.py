"""The end of a detection graph: what overlaps is suppressed, and the rest becomes the zoo's four outputs."""

from __future__ import annotations

from human_detector.inference.graph_def import BOOL, FLOAT, INT32, type_attribute
from human_detector.inference.graph_messages import AttrValue
from human_detector.inference.graph_writer import GraphWriter
from human_detector.inference.non_max_suppression import Suppression


def add_detections(writer: GraphWriter, boxes: str, scores: str, suppression: Suppression) -> None:
    """Suppress overlaps within each class, and add the outputs of TensorFlow's detection zoo.

    Args:
        writer: of the graph.
        boxes: [N, A, 4], y_min, x_min, y_max, x_max in fractions of the image.
        scores: [N, A, C] for the classes 1 to C.
        suppression: what is to be done with the boxes.
    """
    scores = writer.floats("Mul", "Postprocessor/visible_scores", scores, _visibility(writer, boxes))
    axis = writer.constant("Postprocessor/ExpandDims/dim", 2)
    boxes = writer.floats("ExpandDims", "Postprocessor/ExpandDims", boxes, axis, Tdim=type_attribute(INT32))

    # One batched operation gives what the zoo's loop over the images gives. It is put on the CPU so that
    # its result is the same with and without a GPU.
    scope = "Postprocessor/BatchMultiClassNonMaxSuppression"
    kept = writer.node(
        "CombinedNonMaxSuppression",
        scope,
        boxes,
        scores,
        writer.constant(f"{scope}/max_output_size_per_class", suppression.max_per_class),
        writer.constant(f"{scope}/max_total_size", suppression.max_total),
        writer.constant(f"{scope}/iou_threshold", suppression.iou_threshold),
        writer.constant(f"{scope}/score_threshold", suppression.score_threshold),
        device="/device:CPU:0",
        pad_per_class=AttrValue(b=False),
        clip_boxes=AttrValue(b=True),
    )
    # The operation counts classes from 0, the zoo from 1.
    classes = writer.floats("Add", "add", f"{kept}:2", writer.constant("add/y", 1.0))
    count = writer.cast("Postprocessor/ToFloat", f"{kept}:3", INT32, FLOAT)
    writer.floats("Identity", "detection_boxes", kept)
    writer.floats("Identity", "detection_scores", f"{kept}:1")
    writer.floats("Identity", "detection_classes", classes)
    writer.floats("Identity", "num_detections", count)


def _visibility(writer: GraphWriter, boxes: str) -> str:
    """[N, A, 1]: 1 for a box that has an area inside the image, 0 for one that has none.

    The zoo's graphs drop what lies outside the image after the suppression. Here its score becomes 0,
    which is below the floor, before it.
    """
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
        "Prod", f"{scope}/area", size, axis, Tidx=type_attribute(INT32), keep_dims=AttrValue(b=True)
    )
    inside = writer.floats("Greater", f"{scope}/Greater", area, low)
    return writer.cast(f"{scope}/visible", inside, BOOL, FLOAT)
