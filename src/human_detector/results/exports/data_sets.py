"""What formats for labelling and training have in common: labelled pictures, and an order of the labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.results.labels import asked_labels

PICTURES = "images"


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with what is in it.

    Attributes:
        name: of the file.
        index: of the frame.
        size: width and height, pixels.
        found: detections as the result file has them; `label` and `box` are what counts.
    """

    name: str
    index: int
    size: tuple[int, int]
    found: Sequence[Mapping[str, Any]]


def labelled_pictures(document: Mapping[str, Any], name: str) -> list[LabelledPicture]:
    """The analysed frames of a result.

    Args:
        document: a result.
        name: of the result, without suffix.
    """
    size = document["video"]["width"], document["video"]["height"]
    return [
        LabelledPicture(picture_name(name, frame["index"]), frame["index"], size, list(detections_of(frame)))
        for frame in document["frames"]
    ]


def picture_name(name: str, index: int) -> str:
    """The file of a frame, as `ffmpeg -i VIDEO -start_number 0 -fps_mode passthrough NAME_%06d.jpg` names it.

    Args:
        name: of the result, without suffix.
        index: of the frame.
    """
    return f"{name}_{index:06d}.jpg"


def picture_folder(name: str) -> str:
    """Where the pictures of a result lie, beside its labels."""
    return f"{name}.{PICTURES}"


def labels_in_order(document: Mapping[str, Any]) -> list[str]:
    """All labels: first what was looked for, so that several videos have the same numbers."""
    asked = [label for labels in asked_labels(document).values() for label in labels]
    others = {each["label"] for frame in document["frames"] for each in detections_of(frame)}
    return list(dict.fromkeys([*asked, *sorted(others)]))


def detections_of(frame: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The detections of all detectors in a frame."""
    for found in frame["detections"].values():
        yield from found
