"""The truth: the boxes that people have drawn into frames of videos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.values import Box


class TruthError(ConfigurationError):
    """The labels cannot be used as they are; says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class TruthBox:
    """One thing that somebody has labelled.

    Attributes:
        label: the name of its category.
        box: where it is.
        area: its share of the frame: of its outline where the truth has one, else of the box.
        crowd: COCO's `iscrowd`: many things in one box. It may be found or not, neither counts.
    """

    label: str
    box: Box
    area: float
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """A frame that somebody has looked at; without boxes if nothing is in it.

    Attributes:
        videos: names of the video that it may be of, the likeliest first; none where the truth does not say.
        index: counts the frames of the video from 0.
        boxes: what is in it.
    """

    videos: tuple[str, ...]
    index: int
    boxes: tuple[TruthBox, ...]


@dataclass(frozen=True)
class Truth:
    """Everything that a file or a folder of labels says.

    Attributes:
        place: the file or the folder.
        frames: all that are labelled.
    """

    place: Path
    frames: Sequence[TruthFrame]

    @property
    def labels(self) -> list[str]:
        """The categories that have a box."""
        return sorted({box.label for frame in self.frames for box in frame.boxes})


def truth_box(
    label: str, sides: Sequence[float], *, area: float | None = None, crowd: bool = False
) -> TruthBox | None:
    """A box, as far as it lies in the frame; None if nothing of it does.

    Args:
        label: the category.
        sides: x_min, y_min, x_max, y_max in fractions of the frame.
        area: of the outline, as a share of the frame.
        crowd: see `TruthBox`.

    Raises:
        TruthError: a side is no number.
    """
    if not all(map(math.isfinite, sides)):
        raise TruthError(f"a box of {label}: found a side that is no number")
    box = Box.clipped(*sides)
    own_area = (box.x_max - box.x_min) * (box.y_max - box.y_min)
    if not own_area > 0:
        return None
    return TruthBox(label, box, own_area if area is None else area, crowd)
