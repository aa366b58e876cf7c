"""Amazon Rekognition's answers, so that code which was written for it reads a result.

GetFaceDetection, GetPersonTracking and GetLabelDetection (https://docs.aws.amazon.com/rekognition/latest/APIReference).
What Rekognition knows beyond boxes, such as ages and landmarks, is left out: none of it is required.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from human_detector.results.tracking import with_tracks

LABEL_NAMES = {"person": "Person", "face": "Face"}
"""Labels as Rekognition calls them; others stay as they are."""


def export_rekognition(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.face_detection.json`, `<name>.person_tracking.json` and `<name>.label_detection.json`.

    Args:
        document: a result. The persons' Index is their `track_id`; they are followed now if they were not.
        folder: where to.
        name: of the files, without suffix.
    """
    common = {"JobStatus": "SUCCEEDED", **_video(document)}
    answers = {
        "face_detection": {**common, "Faces": list(_faces(document))},
        "person_tracking": {**common, "Persons": list(_persons(document))},
        "label_detection": {**common, "Labels": list(_labels(document)), "LabelModelVersion": "3.0"},
    }
    paths = []
    for kind, answer in answers.items():
        path = folder / f"{name}.{kind}.json"
        path.write_text(json.dumps(answer, indent=1))
        paths.append(path)
    return paths


def _video(document: Mapping[str, Any]) -> dict[str, Any]:
    video = document["video"]
    metadata = {
        "DurationMillis": _milliseconds(video["duration"]),
        "FrameRate": video["fps"],
        "FrameWidth": video["width"],
        "FrameHeight": video["height"],
    }
    if "key" not in video:
        return {"VideoMetadata": metadata}
    place = {"S3Object": {"Bucket": video["bucket"], "Name": video["key"]}}
    return {"VideoMetadata": metadata, "Video": place}


def _faces(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for frame in document["frames"]:
        for found in _found(frame):
            if found["label"] == "face":
                face = {"BoundingBox": _box(found), "Confidence": _confidence(found)}
                yield {"Timestamp": _milliseconds(frame["timestamp"]), "Face": face}


def _persons(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    # Rekognition counts all persons from 0; tracks are counted from 1, by each detector for itself.
    indices: dict[tuple[str, int], int] = {}
    for frame in with_tracks(document["frames"]):
        faces = {found["person_track_id"]: found for found in _found(frame) if "person_track_id" in found}
        for detector, found in _found_by(frame):
            if found["label"] == "person":
                index = indices.setdefault((detector, found["track_id"]), len(indices))
                person = {"Index": index, "BoundingBox": _box(found)}
                # Faces have numbers of the detector that was the first to find somebody.
                is_first = detector == next(iter(indices))[0]
                if is_first and (face := faces.get(found["track_id"])):
                    person["Face"] = {"BoundingBox": _box(face), "Confidence": _confidence(face)}
                yield {"Timestamp": _milliseconds(frame["timestamp"]), "Person": person}


def _labels(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One entry per frame and label, with all its instances."""
    for frame in document["frames"]:
        by_label: dict[str, list[Mapping[str, Any]]] = {}
        for found in _found(frame):
            by_label.setdefault(found["label"], []).append(found)
        for label, instances in by_label.items():
            yield {
                "Timestamp": _milliseconds(frame["timestamp"]),
                "Label": {
                    "Name": LABEL_NAMES.get(label, label),
                    "Confidence": max(map(_confidence, instances)),
                    "Instances": [
                        {"BoundingBox": _box(found), "Confidence": _confidence(found)} for found in instances
                    ],
                    "Parents": [],
                },
            }


def _found(frame: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (found for _, found in _found_by(frame))


def _found_by(frame: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for detector, detections in frame["detections"].items():
        for found in detections:
            yield detector, found


def _box(found: Mapping[str, Any]) -> dict[str, float]:
    box = found["box"]
    return {
        "Width": round(box["x_max"] - box["x_min"], 5),
        "Height": round(box["y_max"] - box["y_min"], 5),
        "Left": box["x_min"],
        "Top": box["y_min"],
    }


def _confidence(found: Mapping[str, Any]) -> float:
    """Per cent."""
    return round(100 * float(found["score"]), 2)


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
