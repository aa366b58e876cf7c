"""Result documents for tests of what is made from them."""

from __future__ import annotations

import random
from typing import Any

WIDTH, HEIGHT = 1280, 719


def sample_result(frames: int = 20, *, tracks: bool = False, seed: int = 1) -> dict[str, Any]:
    """A result with none to four detections per frame and detector, anywhere.

    Args:
        frames: how many are analysed, every fifth of the video.
        tracks: whether detections have a `track_id`.
        seed: the same gives the same.
    """
    numbers = random.Random(seed)
    names = {"HumanDetector": "person", "FaceDetector": "face", "Cats, big/small": "cat"}
    analysed = [
        {
            "index": 5 * i,
            "timestamp": round(i / 6, 6),
            "detections": {
                name: [_detection(label, numbers, k if tracks else None) for k in range(numbers.randrange(5))]
                for name, label in names.items()
            },
        }
        for i in range(frames)
    ]
    return {
        "schema_version": "1.0",
        "video_id": 42,
        "video": {
            "bucket": "my-bucket",
            "key": "videos/clip.mp4",
            "etag": "e",
            "width": WIDTH,
            "height": HEIGHT,
            "fps": 30.0,
            "duration": frames / 6,
            "frame_count": 5 * frames,
            "complete": True,
        },
        "human_detection": {"frame_ratio": 0.2, "detectors": [[name, {"name": name}] for name in names]},
        "engine": {"name": "python", "version": "3", "device": "CPU"},
        "summary": {
            "analyzed_frames": frames,
            "detectors": {name: _counts(analysed, name) for name in names},
        },
        "frames": analysed,
    }


def _detection(label: str, numbers: random.Random, place: int | None) -> dict[str, Any]:
    x, y = sorted(numbers.random() for _ in range(2)), sorted(numbers.random() for _ in range(2))
    sides = dict(zip(("x_min", "y_min", "x_max", "y_max"), (x[0], y[0], x[1], y[1]), strict=True))
    box = {side: round(value, 5) for side, value in sides.items()}
    track = {} if place is None else {"track_id": place + 1}
    return {"label": label, "score": round(numbers.uniform(0.3, 1), 4), "box": box, **track}


def _counts(frames: list[dict[str, Any]], name: str) -> dict[str, int]:
    found = [len(frame["detections"][name]) for frame in frames]
    return {
        "detections": sum(found),
        "frames_with_detections": sum(count > 0 for count in found),
        "max_per_frame": max(found, default=0),
    }


def two_labels() -> dict[str, Any]:
    """A result of one detector that looked for people, bicycles and cars, and found no car."""
    document = sample_result(tracks=True)
    for frame in document["frames"]:
        del frame["detections"]["Cats, big/small"]
        for place, each in enumerate(frame["detections"]["HumanDetector"]):
            each["label"] = ("person", "bicycle")[place % 2]
    del document["summary"]["detectors"]["Cats, big/small"]
    labels = ["person", "bicycle", "car"]
    document["human_detection"]["detectors"] = [
        ["HumanDetector", {"name": "HumanDetector", "label": labels, "class_id": [1, 2, 3]}],
        ["FaceDetector", {"name": "FaceDetector", "label": "face", "class_id": 1}],
    ]
    return document
