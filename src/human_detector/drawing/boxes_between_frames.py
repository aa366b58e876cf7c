"""Where every box is at any time: carried over the frames between those that were analysed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from human_detector.results.detection_arrays import SIDES
from human_detector.results.tracking import with_tracks

DocumentDetection = Mapping[str, Any]
"""A detection as the result file has it."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One detection on its way to the next of the same track, or on its own.

    Attributes:
        start: seconds, included.
        end: seconds, excluded.
        name: of the detector.
        first: the detection at `start`.
        last: the detection at `end`; the same as `first` where the box stands still.
    """

    start: float
    end: float
    name: str
    first: DocumentDetection
    last: DocumentDetection

    def at(self, timestamp: float) -> DocumentDetection:
        """The detection with its box as it is at that time."""
        if self.last is self.first:
            return self.first
        share = (timestamp - self.start) / (self.end - self.start)
        box = {
            side: self.first["box"][side] + share * (self.last["box"][side] - self.first["box"][side])
            for side in SIDES
        }
        return {**self.first, "box": box}


class BoxPaths:
    """The boxes of a video at times that only go forward.

    A box moves in a straight line from one analysed frame to the next that shows the same person or face,
    also over frames where the detector missed it, for up to a second. Before its first and after its last
    sighting it stands still until the neighbouring analysed frame, which did not show it. So no frame
    between two analysed ones is without the boxes of both.

    Args:
        frames: all analysed frames, as the result file has them.
        hold: seconds that it stands still at least, before and after.
    """

    def __init__(self, frames: Sequence[Mapping[str, Any]], hold: float = 0) -> None:
        self._names = list(frames[0]["detections"]) if frames else []
        self._waiting = sorted(_stretches(frames, hold), key=lambda stretch: stretch.start, reverse=True)
        self._active: list[_Stretch] = []

    def at(self, timestamp: float) -> dict[str, list[DocumentDetection]]:
        """The detections at a time, by detector name, as a frame of the result file has them.

        Args:
            timestamp: seconds from the first frame; never less than in the call before.
        """
        while self._waiting and self._waiting[-1].start <= timestamp:
            self._active.append(self._waiting.pop())
        self._active = [stretch for stretch in self._active if timestamp < stretch.end]
        found: dict[str, list[DocumentDetection]] = {name: [] for name in self._names}
        for stretch in self._active:
            found[stretch.name].append(stretch.at(timestamp))
        return found


def _stretches(frames: Sequence[Mapping[str, Any]], hold: float) -> Iterator[_Stretch]:
    times = [frame["timestamp"] for frame in frames]
    for (name, _), sightings in _by_track(frames).items():
        first_place, first = sightings[0]
        if first_place > 0:
            # Strictly after the frame that did not show it.
            start = min(_just_after(times[first_place - 1]), times[first_place] - hold)
            yield _Stretch(start, times[first_place], name, first, first)
        for (place, detection), (next_place, following) in pairwise(sightings):
            yield _Stretch(times[place], times[next_place], name, detection, following)
        last_place, last = sightings[-1]
        end = max(_following(times, last_place), _just_after(times[last_place] + hold))
        yield _Stretch(times[last_place], end, name, last, last)


def _by_track(
    frames: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, int], list[tuple[int, DocumentDetection]]]:
    """The sightings of each thing, by detector name and track: place among the frames, and detection."""
    tracks: dict[tuple[str, int], list[tuple[int, DocumentDetection]]] = {}
    for place, (frame, followed) in enumerate(zip(frames, with_tracks(frames), strict=True)):
        for name, found in frame["detections"].items():
            for detection, tracked in zip(found, followed["detections"][name], strict=True):
                tracks.setdefault((name, tracked["track_id"]), []).append((place, detection))
    return tracks


def _just_after(timestamp: float) -> float:
    return timestamp + 1e-6  # time stamps of a result are whole microseconds


def _following(times: Sequence[float], place: int) -> float:
    """When the next analysed frame comes; never after the last one."""
    return times[place + 1] if place + 1 < len(times) else float("inf")
