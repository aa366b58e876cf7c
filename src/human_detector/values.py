"""The values that all rooms speak of: pictures, boxes, detections, facts about a video and an engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

REQUIRED, PREFERRED = "required", "preferred"
"""What somebody may say of the cage: no videos without it, or a warning where something of it is missing."""

FULL_PRECISION = "fp32"
"""The kind of number that networks are made for: what computes in another one, says so in the result."""

Image = NDArray[np.uint8]
"""One RGB picture: uint8 [height, width, 3]."""

ScaledImage = NDArray[np.float32]
"""One RGB picture that was scaled: float32 [height, width, 3], from 0 to 255, not rounded."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the displayed image: x to the right, y down, all from 0 to 1.

    Raises:
        ValueError: a side lies outside [0, 1] or the sides are swapped (pixels instead of fractions, mostly).
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def __post_init__(self) -> None:
        if not (0 <= self.x_min <= self.x_max <= 1 and 0 <= self.y_min <= self.y_max <= 1):
            raise ValueError(
                f"found {self}, valid are fractions of the image with 0 <= min <= max <= 1 "
                "(Box.clipped cuts off what lies outside the image)"
            )

    @classmethod
    def clipped(cls, x_min: float, y_min: float, x_max: float, y_max: float) -> Box:
        """The part of the rectangle that lies inside the image."""
        sides = (min(max(float(side), 0.0), 1.0) for side in (x_min, y_min, x_max, y_max))
        return cls(*sides)

    @property
    def area(self) -> float:
        """The share of the image that it has."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)

    def overlap(self, other: Box) -> float:
        """Intersection over union: 0 for boxes that are apart, 1 for equal ones."""
        width = min(self.x_max, other.x_max) - max(self.x_min, other.x_min)
        height = min(self.y_max, other.y_max) - max(self.y_min, other.y_min)
        common = max(width, 0.0) * max(height, 0.0)
        union = self.area + other.area - common
        return common / union if union else 0.0

    def to_dict(self) -> dict[str, float]:
        """The box as the result file has it; 5 digits are a tenth of a pixel at 8K."""
        return {side: round(getattr(self, side), 5) for side in ("x_min", "y_min", "x_max", "y_max")}


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing found in one image.

    Raises:
        ValueError: the score is not a number from 0 to 1.
    """

    label: str
    score: float
    box: Box

    def __post_init__(self) -> None:
        if not (math.isfinite(self.score) and 0 <= self.score <= 1):
            raise ValueError(f"score: found {self.score!r}, valid is a number from 0 to 1")

    def to_dict(self) -> dict[str, Any]:
        """The detection as the result file has it."""
        return {"label": self.label, "score": round(float(self.score), 4), "box": self.box.to_dict()}


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What computes: the library, its version, the device, such as `GPU:0 Tesla T4`, and the precision.

    The precision is that of one model, and stands in the result by detector.
    """

    name: str
    version: str
    device: str
    precision: str = FULL_PRECISION

    def to_dict(self) -> dict[str, str]:
        """The engine as the result file has it."""
        return {"name": self.name, "version": self.version, "device": self.device}


@dataclass(frozen=True, slots=True)
class FrameDetections:
    """What all detectors found in one analysed frame.

    Attributes:
        index: counts decoded frames from 0.
        timestamp: seconds from the first frame.
        detections: by detector name; an empty list where a detector found nothing.
        carried: nothing had changed, so nobody has looked: the detections are those of the frame before.
    """

    index: int
    timestamp: float
    detections: Mapping[str, Sequence[Detection]]
    carried: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The frame as the result file has it."""
        return {
            "index": self.index,
            "timestamp": round(self.timestamp, 6),
            **({"carried": True} if self.carried else {}),
            "detections": {
                name: [detection.to_dict() for detection in found] for name, found in self.detections.items()
            },
        }


@dataclass(frozen=True)
class VideoInfo:
    """Facts about a video, measured while it was decoded.

    Attributes:
        width: pixels of the first frame as displayed (rotation applied).
        height: pixels of the first frame as displayed.
        fps: mean frames per second between the first and the last frame; 0.0 where nothing tells it.
        duration: seconds from the first frame to the end of the last one.
        frame_count: decoded frames.
        complete: False where the file ended early or something in it could not be decoded, or where somebody
            stopped before its end.
        damage: what is wrong with the file, in words; nothing if nothing is.
    """

    width: int
    height: int
    fps: float
    duration: float
    frame_count: int
    complete: bool
    damage: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns the facts as they stand in the result file."""
        facts = asdict(self)
        if not self.damage:
            del facts["damage"]
        return facts
