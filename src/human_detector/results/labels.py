"""What the detectors of a result look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from human_detector.results.document import Summary


def asked_labels(document: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """The labels that may be found, by detector name, as far as the detectors said.

    Args:
        document: a result, or its header.
    """
    return {
        arguments.get("name", name): [label] if isinstance(label, str) else label
        for name, arguments in document["human_detection"]["detectors"]
        if isinstance(label := arguments.get("label"), str | list)
    }


def labels_apart(document: Mapping[str, Any], between: str = ": ") -> Mapping[str, Any]:
    """The result as if a detector of its own had found each label: for what knows one thing at a time.

    Args:
        document: a result.
        between: what stands between the detector's name and the label in the new name. A detector with a
            single label keeps its name.
    """
    labels = _labels_of_all(document)
    if all(len(each) <= 1 for each in labels.values()):
        return document
    parts = [
        (f"{name}{between}{label}" if len(each) > 1 else name, name, label)
        for name, each in labels.items()
        for label in each or ("",)
    ]
    summary = Summary(new_name for new_name, _, _ in parts)
    frames = []
    for frame in document["frames"]:
        detections = {
            new_name: [found for found in frame["detections"][name] if found["label"] == label]
            for new_name, name, label in parts
        }
        summary.add(detections)
        frames.append({**frame, "detections": detections})
    return {**document, "summary": summary.to_dict(), "frames": frames}


def _labels_of_all(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Of every detector what it was asked for and what it found, each label once."""
    asked = asked_labels(document)
    labels = {name: dict.fromkeys(asked.get(name, ())) for name in document["summary"]["detectors"]}
    for frame in document["frames"]:
        for name, found in frame["detections"].items():
            labels[name].update(dict.fromkeys(each["label"] for each in found))
    return {name: list(each) for name, each in labels.items()}
