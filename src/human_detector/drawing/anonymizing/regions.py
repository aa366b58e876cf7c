"""Which regions of a video are covered at which time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from human_detector.drawing.anonymizing.heads import HeadPlaces, Owners, faces_of_people
from human_detector.drawing.anonymizing.region import Region, enlarged
from human_detector.drawing.anonymizing.sightings import Sighted, Sighting, sighted_frames
from human_detector.drawing.anonymizing.wishes import HOLD_SECONDS, AnonymizingWishes
from human_detector.drawing.boxes_between_frames import BoxPaths
from human_detector.errors import PermanentError
from human_detector.results.detection_arrays import SIDES
from human_detector.results.tracking import LONGEST_GAP_SECONDS

HAIR_AND_EARS = (0.35, 0.6, 0.35, 0.25)
"""What a head has around its face, as shares of the face: to the left, above, to the right, below."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is covered in one analysed frame.

    Attributes:
        kind: `face`, `head` (placed by the person's box), `person` (from head to foot) or `decided`.
        of: the face or person, or the moment that was decided on.
        box: what is covered, before the margin.
    """

    kind: str
    of: str
    box: Region


@dataclass(frozen=True, slots=True)
class MarkedFrame:
    """What is covered in one analysed frame."""

    index: int
    timestamp: float
    marks: Sequence[Mark]


class Scene:
    """Who was seen in a video, and where the heads are.

    Args:
        document: its result.
        wishes: what is to be covered.
    """

    def __init__(self, document: Mapping[str, Any], wishes: AnonymizingWishes) -> None:
        video = document["video"]
        self._aspect = video["width"] / video["height"]
        self.wishes = wishes
        self.frames = sighted_frames(document)
        self._best = _best_scores(self.frames)
        self.counted = [self._counted(frame) for frame in self.frames]
        self.owners: list[Owners] = faces_of_people(self.counted, self._aspect)
        self.heads = HeadPlaces(self.counted, self.owners, self._aspect)

    def is_sure(self, sighting: Sighting) -> bool:
        """Whether the track counts: its best sighting is good enough."""
        least = self.wishes.sure_face if sighting.kind == "face" else self.wishes.sure_person
        return self._best[sighting.name] >= least

    def owners_among(self, frame: Sighted) -> Owners:
        """Whose heads the faces are that count, among all people of a frame, also those who do not count."""
        faces = [face for face in frame.faces if self.is_sure(face)]
        return faces_of_people([replace(frame, faces=faces)], self._aspect)[0]

    def is_kept(self, sighting: Sighting) -> bool:
        """Whether somebody stays as he is; with a person, his face.

        Whose a face is, the whole track says: in a single frame the nearest one may be a stranger's.
        """
        return not {sighting.name, sighting.person}.isdisjoint(self.wishes.keep)

    def check_keep(self) -> None:
        """Return if everybody is in the video who is to stay as he is.

        Raises:
            PermanentError: somebody is not.
        """
        if unknown := sorted(set(self.wishes.keep) - set(self._best)):
            raise PermanentError(f"--keep {unknown[0]}: found nobody of that number in the video")

    def marks(self) -> list[MarkedFrame]:
        """What is covered in each analysed frame, without what has been decided."""
        return [
            MarkedFrame(frame.index, frame.timestamp, list(self._marks(frame, owners)))
            for frame, owners in zip(self.counted, self.owners, strict=True)
        ]

    def _counted(self, frame: Sighted) -> Sighted:
        faces, people = (
            [each for each in found if self.is_sure(each)] for found in (frame.faces, frame.people)
        )
        return Sighted(frame.index, frame.timestamp, faces, people)

    def _marks(self, frame: Sighted, owners: Owners) -> Iterator[Mark]:
        what = self.wishes.what
        for face in frame.faces:
            if not self.is_kept(face):
                yield Mark("face", face.name, face.box if what == "faces" else _whole_head(face.box))
        for person in frame.people:
            if self.is_kept(person):
                continue
            if what == "people":
                yield Mark("person", person.name, person.box)
            elif person.track not in owners:
                head = self.heads.head(person, frame.timestamp)
                # Nobody is left uncovered because it is not known where the head is.
                yield Mark("head", person.name, head) if head else Mark("person", person.name, person.box)


class Regions:
    """The regions that are covered, at times that only go forward.

    Args:
        frames: what is covered in each analysed frame.
        margin: the share of its size by which a region grows on every side.
    """

    def __init__(self, frames: Sequence[MarkedFrame], margin: float) -> None:
        self._margin = margin
        self._paths = BoxPaths(list(_as_result(frames)), HOLD_SECONDS)

    def at(self, timestamp: float) -> list[Region]:
        """What is covered at a time.

        Args:
            timestamp: seconds from the first frame; never less than in the call before.
        """
        found = self._paths.at(timestamp).get(_MARKS, ())
        boxes = ([each["box"][side] for side in SIDES] for each in found)
        return [enlarged((x0, y0, x1, y1), self._margin) for x0, y0, x1, y1 in boxes]


_MARKS = "marks"


def _as_result(frames: Iterable[MarkedFrame]) -> Iterator[dict[str, Any]]:
    """The marks in the form of a result's frames. What was not there for a while counts as another thing: a
    head has no place of its own while its face is seen."""
    numbers: dict[tuple[str, str], tuple[int, float]] = {}
    count = 0
    for frame in frames:
        found = []
        for mark in frame.marks:
            number, seen_at = numbers.get((mark.kind, mark.of), (0, 0.0))
            if not number or frame.timestamp - seen_at > LONGEST_GAP_SECONDS:
                number = count = count + 1
            numbers[mark.kind, mark.of] = number, frame.timestamp
            box = dict(zip(SIDES, mark.box, strict=True))
            found.append({"label": mark.kind, "box": box, "track_id": number})
        yield {"index": frame.index, "timestamp": frame.timestamp, "detections": {_MARKS: found}}


def _best_scores(frames: Iterable[Sighted]) -> dict[str, float]:
    best: dict[str, float] = {}
    for frame in frames:
        for each in (*frame.faces, *frame.people):
            best[each.name] = max(best.get(each.name, 0), each.score)
    return best


def _whole_head(face: Region) -> Region:
    width, height = face[2] - face[0], face[3] - face[1]
    left, above, right, below = HAIR_AND_EARS
    return (
        face[0] - left * width,
        face[1] - above * height,
        face[2] + right * width,
        face[3] + below * height,
    )
