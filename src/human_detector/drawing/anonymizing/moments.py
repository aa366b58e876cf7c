"""Moments of a video that somebody should look at: a face may be there that is not covered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from human_detector.drawing.anonymizing.heads import Owners
from human_detector.drawing.anonymizing.region import Region
from human_detector.drawing.anonymizing.regions import Mark, MarkedFrame, Regions, Scene
from human_detector.drawing.anonymizing.sightings import Sighting
from human_detector.drawing.anonymizing.wishes import HOLD_SECONDS
from human_detector.results.tracking import LONGEST_GAP_SECONDS

LOW_SCORE, NO_HEAD, TRACK_BEGINS, TRACK_ENDS = "low score", "no head", "track begins", "track ends"

LOOK_SECONDS = 1.0
"""How long before its beginning and after its end a track may go on unseen."""
LEAST_MARKS = 3
"""A track that is shorter is a flicker, which ends for no reason."""
COVERED_SHARE = 0.8
"""What is covered to this share counts as covered."""
AT_THE_EDGE = 0.02
"""What reaches that close to the edge of the picture comes into it or goes out of it."""
GRID = 8


@dataclass(frozen=True)
class Moment:
    """Some frames in which one thing is in doubt.

    Attributes:
        kind: one of the four above.
        of: the face or person, such as `face:3`.
        score: the best score there is.
        places: which of the analysed frames, and where in them.
        is_covered: whether it is covered already, and too much is what is in doubt.
    """

    kind: str
    of: str
    score: float
    places: Sequence[tuple[int, Region]]
    is_covered: bool

    @property
    def name(self) -> str:
        """What a decision calls it. The same result has the same names."""
        return f"{self.kind}, {self.of}, {self.places[0][0]}"


class Doubts:
    """Looks for the moments of a video.

    Args:
        scene: who was seen.
        frames: what is covered.
    """

    def __init__(self, scene: Scene, frames: Sequence[MarkedFrame]) -> None:
        self._scene = scene
        self._frames = frames
        regions = Regions(frames, scene.wishes.margin)
        self._covered = [regions.at(frame.timestamp) for frame in frames]

    def moments(self) -> list[Moment]:
        """All moments, in the order of time."""
        found = [*self._low_scores(), *self._without_a_head(), *self._broken_tracks()]
        return sorted(_without_doubles(found), key=lambda moment: moment.places[0][0])

    def _low_scores(self) -> Iterator[Moment]:
        """Tracks that do not count, where nothing else covers them."""
        places: dict[str, list[tuple[int, Region]]] = defaultdict(list)
        scores: dict[str, float] = {}
        for i, frame in enumerate(self._scene.frames):
            owners = self._scene.owners_among(frame)
            for each in filter(self._is_left_out, (*frame.faces, *frame.people)):
                box = self._needed(each, frame.timestamp, owners)
                if not box or self._is_covered(i, box):
                    continue
                places[each.name].append((i, box))
                scores[each.name] = max(scores.get(each.name, 0), each.score)
        for name, there in places.items():
            # A single frame, with a score that hardly counts: there are many, and nobody sees them.
            if len(there) > 1:
                yield Moment(LOW_SCORE, name, scores[name], there, is_covered=False)

    def _is_left_out(self, sighting: Sighting) -> bool:
        """Whether it is not covered because it does not count, and not because somebody wants it so."""
        return not self._scene.is_sure(sighting) and sighting.name not in self._scene.wishes.keep

    def _needed(self, sighting: Sighting, timestamp: float, owners: Owners) -> Region | None:
        """What would have to be covered; nothing of a person whose face is covered."""
        if sighting.kind == "face" or self._scene.wishes.what == "people":
            return sighting.box
        if sighting.track in owners:
            return None
        return self._scene.heads.head(sighting, timestamp) or sighting.box

    def _without_a_head(self) -> Iterator[Moment]:
        """People whose head could be anywhere; they are covered as a whole."""
        if self._scene.wishes.what == "people":
            return
        for run in self._runs():
            if run[0][1].kind == "person":
                name = run[0][1].of
                yield Moment(NO_HEAD, name, 0.0, [(i, mark.box) for i, mark in run], is_covered=True)

    def _broken_tracks(self) -> Iterator[Moment]:
        for run in self._runs():
            if len(run) >= LEAST_MARKS:
                yield from self._unseen(TRACK_BEGINS, run[0], -1)
                yield from self._unseen(TRACK_ENDS, run[-1], 1)

    def _unseen(self, kind: str, last: tuple[int, Mark], step: int) -> Iterator[Moment]:
        """Where a thing may have been before or after it was seen, if nothing covers that place."""
        i, mark = last
        seen_at = self._frames[i].timestamp
        places = []
        while not _is_at_the_edge(mark.box) and 0 <= (i := i + step) < len(self._frames):
            seconds = round(abs(self._frames[i].timestamp - seen_at), 3)
            if seconds <= HOLD_SECONDS:
                continue
            if seconds > HOLD_SECONDS + LOOK_SECONDS or self._is_covered(i, mark.box):
                break
            places.append((i, mark.box))
        if places:
            yield Moment(kind, mark.of, 0.0, sorted(places), is_covered=False)

    def _runs(self) -> Iterator[list[tuple[int, Mark]]]:
        """The marks of one thing as long as it is not away for long, with their frames."""
        runs: dict[tuple[str, str], list[tuple[int, Mark]]] = {}
        for i, frame in enumerate(self._frames):
            for mark in frame.marks:
                run = runs.setdefault((mark.kind, mark.of), [])
                if run and frame.timestamp - self._frames[run[-1][0]].timestamp > LONGEST_GAP_SECONDS:
                    yield run
                    run = runs[mark.kind, mark.of] = []
                run.append((i, mark))
        yield from runs.values()

    def _is_covered(self, i: int, box: Region) -> bool:
        return share_covered(box, self._covered[i]) >= COVERED_SHARE


def with_decided(frames: Sequence[MarkedFrame], moments: Sequence[Moment]) -> list[MarkedFrame]:
    """The frames with what somebody has decided to cover.

    Args:
        frames: what is covered without.
        moments: those to cover.
    """
    added: dict[int, list[Mark]] = defaultdict(list)
    for moment in moments:
        for i, box in moment.places:
            added[i].append(Mark("decided", moment.name, box))
    return [
        MarkedFrame(frame.index, frame.timestamp, [*frame.marks, *added.get(i, ())])
        for i, frame in enumerate(frames)
    ]


def share_covered(box: Region, regions: Sequence[Region]) -> float:
    """How much of a box lies in any of the regions, 0 to 1, by looking at points spread over it."""
    near = [each for each in regions if _common(each, box)]
    if not near:
        return 0.0
    x_min, y_min, x_max, y_max = box
    steps = [(i + 0.5) / GRID for i in range(GRID)]
    points = [(x_min + u * (x_max - x_min), y_min + v * (y_max - y_min)) for u in steps for v in steps]
    inside = sum(any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in near) for x, y in points)
    return inside / len(points)


def _without_doubles(moments: Sequence[Moment]) -> Iterator[Moment]:
    """A face and the head that it is on end at the same time: one moment is enough, the first."""
    kept: list[Moment] = []
    for moment in moments:
        places = dict(moment.places)
        if not any(
            i in places and share_covered(box, [places[i]]) > 0.5 for other in kept for i, box in other.places
        ):
            kept.append(moment)
            yield moment


def _common(first: Region, second: Region) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _is_at_the_edge(box: Region) -> bool:
    return min(box[0], box[1], 1 - box[2], 1 - box[3]) < AT_THE_EDGE
