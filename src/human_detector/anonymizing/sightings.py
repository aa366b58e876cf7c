"""Faces and people of a result, frame by frame, each with its track."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.anonymizing.covering import Region
from human_detector.errors import ConfigurationError
from human_detector.results.detection_arrays import SIDES
from human_detector.results.tracking import with_tracks

KINDS: Mapping[str, str] = {"face": "FaceDetector", "person": "HumanDetector"}
"""What is looked for, by its usual label, and the detector that finds it whatever label it was given."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face or a person in one frame.

    Attributes:
        kind: one of `KINDS`.
        track: the number of the face or the person in this video.
        score: of the detector.
        box: where it is.
    """

    kind: str
    track: int
    score: float
    box: Region

    @property
    def name(self) -> str:
        """Which one it is, as people write it: `person:2`."""
        return f"{self.kind}:{self.track}"


@dataclass(frozen=True, slots=True)
class Sighted:
    """What was found in one analysed frame.

    Attributes:
        index: counts decoded frames from 0.
        timestamp: seconds from the first frame.
        faces: in the order of the result.
        people: in the order of the result.
    """

    index: int
    timestamp: float
    faces: Sequence[Sighting]
    people: Sequence[Sighting]


def sighted_frames(document: Mapping[str, Any]) -> list[Sighted]:
    """The faces and people of all analysed frames.

    Args:
        document: a result.
    """
    detectors = detectors_by_kind(document["human_detection"]["detectors"])
    frames = []
    for frame in with_tracks(document["frames"]):
        found = {kind: list(_sightings(frame, kind, names)) for kind, names in detectors.items()}
        frames.append(Sighted(frame["index"], frame["timestamp"], found["face"], found["person"]))
    return frames


def check_detectors(wish: str, what: str, detectors: Iterable[Sequence[Any]]) -> None:
    """Return if there is a detector for what is to be covered.

    Args:
        wish: as it was written, for the message.
        what: see `AnonymizingWishes`.
        detectors: `[class name, {arguments}]` each.

    Raises:
        ConfigurationError: there is none.
    """
    kind = "person" if what == "people" else "face"
    if not detectors_by_kind(detectors)[kind]:
        raise ConfigurationError(f"{wish} needs a {KINDS[kind]}, and none is configured")


def detectors_by_kind(detectors: Iterable[Sequence[Any]]) -> dict[str, dict[str, str | None]]:
    """The names of the detectors that find faces, and of those that find people.

    Args:
        detectors: `[class name, {arguments}]` each, as a result has them.

    Returns:
        With each name the label that counts; None where all do, as one of the usual detectors has a label
        of somebody's own.
    """
    names: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    for class_name, arguments in detectors:
        label = arguments.get("label", ())
        labels = [label] if isinstance(label, str) else label
        for kind, usual in KINDS.items():
            if kind in labels:
                names[kind][arguments.get("name", class_name)] = kind
            elif class_name == usual:
                names[kind][arguments.get("name", class_name)] = None
    return names


def _sightings(frame: Mapping[str, Any], kind: str, names: Mapping[str, str | None]) -> Iterator[Sighting]:
    """What detectors of one kind have found. Two of one kind number their tracks apart."""
    for place, (name, label) in enumerate(names.items()):
        for each in frame["detections"].get(name, ()):
            if label in (None, each["label"]):
                x_min, y_min, x_max, y_max = (each["box"][side] for side in SIDES)
                track = each["track_id"] * len(names) + place
                yield Sighting(kind, track, each["score"], (x_min, y_min, x_max, y_max))
