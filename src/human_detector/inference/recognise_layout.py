"""Recognises what the outputs of a network are, by their names, kinds and shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from human_detector.inference import centerface
from human_detector.inference.onnx_file import Tensor

_NAMES = {
    "boxes": ("boxes", "pred_boxes", "detection_boxes"),
    "scores": ("scores", "logits", "pred_logits", "detection_scores"),
    "classes": ("labels", "classes", "class_ids", "detection_classes"),
}
"""What exporters call an output."""

_MOST_AFTER_NMS = 1000
"""A network that has chosen among its boxes says no more of them than this; one that has not, many more."""

Roles = Mapping[str, str]


def recognise_layout(outputs: Sequence[Tensor], class_count: int | None) -> tuple[str, Roles] | None:
    """What the outputs are.

    Args:
        outputs: of the network.
        class_count: how many classes the network knows, if its file says so.

    Returns:
        The layout, and the output for each role; None if they look like none.
    """
    if tuple(tensor.shape[1] for tensor in outputs if len(tensor.shape) == 4) == centerface.CHANNELS:
        return "centerface", roles_in_order(("likelihood", "extent", "offset"), outputs)
    if roles := _boxes_scores_classes(outputs):
        return "boxes_scores_classes", roles
    if roles := _boxes_class_scores(outputs):
        return "boxes_class_scores", roles
    arrays = [tensor for tensor in outputs if len(tensor.shape) == 3]
    if len(arrays) == 1 and (layout := _layout_of_array(arrays[0], class_count)):
        return layout, {"boxes": arrays[0].name}
    return None


def find_roles(layout: str, wanted: Sequence[str], outputs: Sequence[Tensor]) -> Roles:
    """The output for each role of a layout that is known; those that cannot be told are missing.

    Args:
        layout: one of `LAYOUTS`.
        wanted: its roles.
        outputs: of the network.
    """
    match layout:
        case "boxes_scores_classes":
            return _boxes_scores_classes(outputs) or {}
        case "boxes_class_scores":
            return _boxes_class_scores(outputs) or {}
    return roles_in_order(wanted, outputs)


def roles_in_order(wanted: Sequence[str], outputs: Sequence[Tensor]) -> Roles:
    """The outputs by their order in the file."""
    return {role: tensor.name for role, tensor in zip(wanted, outputs, strict=False)}


def _boxes_scores_classes(outputs: Sequence[Tensor]) -> Roles | None:
    named = _by_name(("boxes", "scores", "classes"), outputs)
    if named:
        return named
    whole = [tensor for tensor in outputs if tensor.kind.startswith("int")]
    boxes = [tensor for tensor in outputs if _has_boxes(tensor)]
    if len(outputs) != 3 or len(whole) != 1 or len(boxes) != 1:
        return None
    (scores,) = (tensor for tensor in outputs if tensor not in (*whole, *boxes))
    return {"boxes": boxes[0].name, "scores": scores.name, "classes": whole[0].name}


def _boxes_class_scores(outputs: Sequence[Tensor]) -> Roles | None:
    arrays = [tensor for tensor in outputs if len(tensor.shape) == 3]
    named = _by_name(("boxes", "scores"), arrays)
    if named:
        return named
    boxes = [tensor for tensor in arrays if _has_boxes(tensor)]
    if len(arrays) != 2 or len(boxes) != 1:
        return None
    (scores,) = (tensor for tensor in arrays if tensor not in boxes)
    return {"boxes": boxes[0].name, "scores": scores.name}


def _by_name(roles: Sequence[str], outputs: Sequence[Tensor]) -> Roles | None:
    found = {role: tensor.name for role in roles for tensor in outputs if tensor.name.lower() in _NAMES[role]}
    return found if len(found) == len(roles) else None


def _has_boxes(tensor: Tensor) -> bool:
    return len(tensor.shape) in (2, 3) and tensor.shape[-1] == 4


def _layout_of_array(tensor: Tensor, class_count: int | None) -> str | None:
    """Which of YOLO's arrays this is: A is much larger than the number of classes."""
    _, rows, columns = tensor.shape
    if class_count is not None and rows == 4 + class_count:
        return "yolo"
    if columns == 6 and (rows is None or rows <= _MOST_AFTER_NMS):
        return "yolo_nms"
    if rows is not None and rows >= 5 and (columns is None or columns > rows):
        return "yolo"
    if columns is not None and columns >= 6 and (rows is None or rows > columns):
        return "yolo_objectness"
    return None
