"""Results and labels for tests of what is measured."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Sides = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max in pixels."""
WIDTH, HEIGHT = 1000, 500


def result(
    frames: Mapping[int, Mapping[str, Sequence[tuple[str, float, Sides]]]],
    video: str = "clip.mp4",
    **arguments: Any,
) -> dict[str, Any]:
    """A result with these detections: by frame and detector, the label, the score and the box.

    Args:
        frames: by their index.
        video: its file.
        arguments: of each detector.
    """
    names = list(dict.fromkeys(name for found in frames.values() for name in found))
    analysed = [
        {
            "index": index,
            "timestamp": index / 25,
            "detections": {
                name: [_detection(label, score, sides) for label, score, sides in found.get(name, ())]
                for name in names
            },
        }
        for index, found in sorted(frames.items())
    ]
    return {
        "schema_version": "1.0",
        "video": {
            "file": video,
            "width": WIDTH,
            "height": HEIGHT,
            "fps": 25.0,
            "duration": 4.0,
            "frame_count": 100,
            "complete": True,
        },
        "human_detection": {"frame_ratio": 1.0, "detectors": [[name, dict(arguments)] for name in names]},
        "engine": {"name": "python", "version": "3", "device": "CPU"},
        "summary": {"analyzed_frames": len(analysed), "detectors": {}},
        "frames": analysed,
    }


def write_result(path: Path, *arguments: Any, **options: Any) -> Path:
    """Write a result; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result(*arguments, **options)))
    return path


def coco(frames: Mapping[str, Sequence[tuple[str, Sides]]], **more: Any) -> dict[str, Any]:
    """Labels in COCO's format: by picture, the label and the box.

    Args:
        frames: by the name of the picture.
        more: what else is in each annotation.
    """
    labels = sorted({label for boxes in frames.values() for label, _ in boxes})
    return {
        "images": [
            {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
            for number, name in enumerate(frames, 1)
        ],
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, 1)],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": labels.index(label) + 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0),
                "iscrowd": 0,
                **more,
            }
            for number, (image, label, (x0, y0, x1, y1)) in enumerate(
                (
                    (image, label, sides)
                    for image, boxes in enumerate(frames.values(), 1)
                    for label, sides in boxes
                ),
                1,
            )
        ],
    }


def write_json(path: Path, document: Any) -> Path:
    """Write JSON; returns its path."""
    path.write_text(json.dumps(document))
    return path


def random_case(seed: int, frames: int = 30) -> tuple[dict[str, Any], dict[str, Any]]:
    """Labels and a result as a mediocre detector finds it: boxes of all sizes, some missed, moved or made up.

    Scores have two digits, so that many are equal. Some labels are of crowds, some frames are empty.
    """
    numbers = random.Random(seed)
    labelled: dict[str, list[tuple[str, Sides]]] = {}
    found: dict[int, dict[str, list[tuple[str, float, Sides]]]] = {}
    for index in range(frames):
        boxes = [_random_box(numbers) for _ in range(numbers.randrange(6))]
        detected = [_moved(box, numbers) for box in boxes if numbers.random() < 0.8]
        detected += [_random_box(numbers) for _ in range(numbers.randrange(3))]
        labelled[f"clip_{index:06d}.jpg"] = [("person", box) for box in boxes]
        found[index] = {
            "HumanDetector": [("person", round(numbers.uniform(0.05, 1), 2), box) for box in detected]
        }
    truth = coco(labelled)
    for annotation in truth["annotations"]:
        annotation["iscrowd"] = int(numbers.random() < 0.1)
    return truth, result(found, min_detection_score=0.05)


def _random_box(numbers: random.Random) -> Sides:
    width, height = (numbers.choice((12, 25, 60, 90, 200)) * numbers.uniform(0.8, 1.2) for _ in range(2))
    x, y = numbers.uniform(0, WIDTH - width), numbers.uniform(0, HEIGHT - height)
    return (x, y, x + width, y + height)


def _moved(box: Sides, numbers: random.Random) -> Sides:
    x0, y0, x1, y1 = box
    across, down = (numbers.gauss(0, 0.12) * (x1 - x0), numbers.gauss(0, 0.12) * (y1 - y0))
    return (
        min(max(x0 + across, 0), WIDTH),
        min(max(y0 + down, 0), HEIGHT),
        min(max(x1 + across, 0), WIDTH),
        min(max(y1 + down, 0), HEIGHT),
    )


def _detection(label: str, score: float, sides: Sides) -> dict[str, Any]:
    x0, y0, x1, y1 = sides
    box = {"x_min": x0 / WIDTH, "y_min": y0 / HEIGHT, "x_max": x1 / WIDTH, "y_max": y1 / HEIGHT}
    return {"label": label, "score": score, "box": {side: round(value, 5) for side, value in box.items()}}
