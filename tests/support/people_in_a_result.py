"""Results with people and faces at places that a test chooses, of a video of 200x100 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Box = tuple[float, float, float, float]

STANDING: Box = (0.4, 0.2, 0.5, 0.8)
"""Three times as high as wide."""
FACE: Box = (0.43, 0.22, 0.47, 0.3)
LYING: Box = (0.2, 0.6, 0.6, 0.8)


def found(
    label: str, box: Box, track: int = 1, score: float = 0.9, person: int | None = None
) -> dict[str, Any]:
    """A detection; of a face with the number of its person, if that is clear."""
    sides = dict(zip(("x_min", "y_min", "x_max", "y_max"), box, strict=True))
    owner = {} if person is None else {"person_track_id": person}
    return {"label": label, "score": score, "box": sides, "track_id": track} | owner


def document(*frames: Sequence[dict[str, Any]], step: float = 0.1) -> dict[str, Any]:
    """A result of a video of 200x100 pixels."""
    return {
        "video": {"width": 200, "height": 100, "fps": 10},
        "human_detection": {"detectors": [["FaceDetector", {"label": "face"}], ["HumanDetector", {"label": "person"}]]},
        "frames": [
            {
                "index": i,
                "timestamp": round(step * i, 6),
                "detections": {
                    "FaceDetector": [each for each in there if each["label"] == "face"],
                    "HumanDetector": [each for each in there if each["label"] == "person"],
                },
            }
            for i, there in enumerate(frames)
        ],
    }  # fmt: skip
