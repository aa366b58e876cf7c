"""Where the head of a person is who shows no face: turned away, far off, blurred by movement."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence

from human_detector.drawing.anonymizing.region import Region, enlarged
from human_detector.drawing.anonymizing.sightings import Sighted, Sighting

NEIGHBOUR_SECONDS = 2.0
"""A face says where the person's head is for that long, before and after."""
STANDING, LYING = 2.0, 1.25
"""Height through width of somebody who stands, and width through height of somebody who lies (or of several
people in one box): their head may be at either end."""
REACH = 0.35
"""How far beyond the place of a head the middle of its face may be, as a share of the head's size."""

Owners = Mapping[int, Sighting]
"""The face of a person, by the person's track."""


def faces_of_people(frames: Sequence[Sighted], aspect: float) -> list[Owners]:
    """Whose head each face is, in every frame: one face to a person, the nearest pair first.

    Args:
        frames: of the whole video.
        aspect: width of the picture through its height.
    """
    return [_owners(frame.faces, frame.people, aspect) for frame in frames]


class HeadPlaces:
    """Says where in the boxes of a person the head is.

    Args:
        frames: of the whole video.
        owners: for each of them, from `faces_of_people`.
        aspect: width of the picture through its height.
    """

    def __init__(self, frames: Sequence[Sighted], owners: Sequence[Owners], aspect: float) -> None:
        self._aspect = aspect
        self._seen: dict[int, list[tuple[float, Region]]] = defaultdict(list)
        for frame, owned in zip(frames, owners, strict=True):
            for person in frame.people:
                if face := owned.get(person.track):
                    self._seen[person.track].append((frame.timestamp, _relative(face.box, person.box)))

    def head(self, person: Sighting, timestamp: float) -> Region | None:
        """The head part of a person's box; None where it could be anywhere in it.

        Args:
            person: in a frame in which no face was found.
            timestamp: of the frame.
        """
        if places := self._neighbours(person.track, timestamp):
            return _hull([_absolute(place, person.box) for place in places])
        return usual_head(person.box, self._aspect)

    def _neighbours(self, track: int, timestamp: float) -> list[Region]:
        """Where the face was last before, and first after."""
        seen = self._seen.get(track, [])
        place = bisect(seen, (timestamp,))
        return [
            where for time, where in seen[max(0, place - 1) : place + 1]
            if abs(time - timestamp) <= NEIGHBOUR_SECONDS
        ]  # fmt: skip


def usual_head(box: Region, aspect: float) -> Region | None:
    """Where heads are if nothing is known but the box, with room for leaning; None of people who lie.

    Args:
        box: of the person.
        aspect: width of the picture through its height.
    """
    x_min, y_min, x_max, y_max = box
    width, height = x_max - x_min, y_max - y_min
    slimness = height / max(width * aspect, 1e-9)
    if slimness < 1 / LYING:
        return None
    # Of somebody who stands the head is a small part; of somebody cut off at the chest nearly half.
    share = 0.22 if slimness > STANDING else min(0.5, 0.44 / slimness)
    side = 0.15 * width
    return x_min + side, y_min, x_max - side, y_min + share * height


def _owners(faces: Sequence[Sighting], people: Sequence[Sighting], aspect: float) -> dict[int, Sighting]:
    heads = [usual_head(person.box, aspect) or person.box for person in people]
    pairs = sorted(
        (_distance(face.box, head), i, j)
        for j, head in enumerate(heads)
        for i, face in enumerate(faces)
        if _is_within(_centre(face.box), enlarged(head, REACH))
    )
    owners: dict[int, Sighting] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in taken and people[j].track not in owners:
            owners[people[j].track] = faces[i]
            taken.add(i)
    return owners


def _distance(first: Region, second: Region) -> float:
    (x, y), (other_x, other_y) = _centre(first), _centre(second)
    return (x - other_x) ** 2 + (y - other_y) ** 2


def _centre(box: Region) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _is_within(point: tuple[float, float], box: Region) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _relative(box: Region, outer: Region) -> Region:
    width, height = max(outer[2] - outer[0], 1e-9), max(outer[3] - outer[1], 1e-9)
    return (
        (box[0] - outer[0]) / width,
        (box[1] - outer[1]) / height,
        (box[2] - outer[0]) / width,
        (box[3] - outer[1]) / height,
    )


def _absolute(place: Region, outer: Region) -> Region:
    width, height = outer[2] - outer[0], outer[3] - outer[1]
    return (
        outer[0] + place[0] * width,
        outer[1] + place[1] * height,
        outer[0] + place[2] * width,
        outer[1] + place[3] * height,
    )


def _hull(boxes: Sequence[Region]) -> Region:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
