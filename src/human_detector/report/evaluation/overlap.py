"""How much two boxes have in common."""

from __future__ import annotations

from human_detector.values import Box


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    down = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    common = max(across, 0) * max(down, 0)
    both = area(one) + area(other) - common
    return common / both if both else 0


def area(box: Box) -> float:
    """The share of the frame that a box has."""
    return (box.x_max - box.x_min) * (box.y_max - box.y_min)
