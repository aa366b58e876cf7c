"""A rectangle that is covered."""

from __future__ import annotations

Region = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max in fractions of the picture; may reach beyond it."""


def enlarged(box: Region, margin: float) -> Region:
    """The box, larger on every side by a share of its size."""
    x_min, y_min, x_max, y_max = box
    dx, dy = margin * (x_max - x_min), margin * (y_max - y_min)
    return x_min - dx, y_min - dy, x_max + dx, y_max + dy
