"""Faces and people of a result, frame by frame, each with its track."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.drawing.anonymizing.kinds import detectors_by_kind
from human_detector.drawing.anonymizing.region import Region
from human_detector.results.detection_arrays import SIDES
from human_detector.results.tracking import with_tracks


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face or a person in one frame.

    Attributes:
        kind: one of `kinds.KINDS`.
        track: the number of the face or the person in this video.
        score: of the detector.
        box: where it is.
        person: of a face the name of the person whose it is, over the whole track; "" where that is unclear.
    """

    kind: str
    track: int
    score: float
    box: Region
    person: str = ""

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
        found = {kind: list(_sightings(frame, kind, detectors)) for kind in detectors}
        frames.append(Sighted(frame["index"], frame["timestamp"], found["face"], found["person"]))
    return frames


def _sightings(
    frame: Mapping[str, Any], kind: str, detectors: Mapping[str, Mapping[str, str | None]]
) -> Iterator[Sighting]:
    """What detectors of one kind have found. Two of one kind number their tracks apart."""
    names = detectors[kind]
    for place, (name, label) in enumerate(names.items()):
        for each in frame["detections"].get(name, ()):
            if label in (None, each["label"]):
                x_min, y_min, x_max, y_max = (each["box"][side] for side in SIDES)
                track = each["track_id"] * len(names) + place
                # The result means the people of the first detector that finds some.
                owner = each.get("person_track_id")
                person = "" if owner is None else f"person:{owner * len(detectors['person'])}"
                yield Sighting(kind, track, each["score"], (x_min, y_min, x_max, y_max), person)
