"""How far a batch of videos is, and how long the rest of it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

MEMORY_SECONDS = 120.0
"""How fast work is, is judged by about this much of the past: frames that an earlier run has analysed are
gone through quickly."""


@dataclass(frozen=True)
class VideoWork:
    """What a video of a batch will take.

    Attributes:
        frames: in the video, as far as it is known; 0 if not.
        stages: what is done with all of them, one after another: a result, a copy, a page.
    """

    frames: float
    stages: Sequence[str]


@dataclass
class _Pace:
    """How long a stage has taken for how many frames; what is long ago counts for little."""

    seconds: float = 0.0
    frames: float = 0.0

    def add(self, seconds: float, frames: float) -> None:
        kept = math.exp(-seconds / MEMORY_SECONDS)
        self.seconds = kept * self.seconds + seconds
        self.frames = kept * self.frames + frames

    @property
    def seconds_per_frame(self) -> float | None:
        return self.seconds / self.frames if self.frames > 0 < self.seconds else None


class BatchProgress:
    """Counts the frames of a batch, and measures what a frame costs in each stage, as these differ much.

    Args:
        videos: in the order in which they are begun.

    Attributes:
        count: how many videos there are.
        number: of the video at work, from 1; 0 before the first.
        total: frames of all videos. What a video that failed has left undone is taken off.
    """

    def __init__(self, videos: Sequence[VideoWork]) -> None:
        usual = mean([video.frames for video in videos if video.frames] or [1])
        self._frames = [video.frames or usual if video.stages else 0 for video in videos]
        self._stages = [video.stages for video in videos]
        self._paces = {stage: _Pace() for video in videos for stage in video.stages}
        self._begun_stages = 0
        self._fraction = 0.0
        self._looked_at = 0.0
        self._done_before = 0.0
        self.count, self.number = len(videos), 0
        self.total = sum(self._frames)

    @property
    def is_long(self) -> bool:
        """Whether it is more than one piece of work."""
        return self.count > 1 or max(map(len, self._stages), default=0) > 1

    def start_video(self, now: float) -> None:
        """Begin the next video.

        Args:
            now: seconds on any clock that only goes forward.
        """
        self.advance(self._fraction, now)
        self._done_before = done = self.done()
        self.number, self._begun_stages = self.number + 1, 0
        self.total = done + sum(self._frames[self.number - 1 :])

    def start_stage(self, now: float) -> None:
        """Begin the next stage of the video."""
        self.advance(self._fraction, now)
        self._begun_stages += 1
        self._fraction = 0.0

    def advance(self, fraction: float, now: float) -> None:
        """Say how far the stage at work is, 0 to 1."""
        if self._begun_stages:
            frames = (fraction - self._fraction) * self._frames[self.number - 1]
            stage = self._stages[self.number - 1][self._begun_stages - 1]
            self._paces[stage].add(now - self._looked_at, frames)
        self._fraction, self._looked_at = fraction, now

    def done(self) -> float:
        """How many frames are done: of the video at work, the share of its time that is over."""
        if not self._begun_stages:
            return self._done_before
        costs = [self._cost(stage) for stage in self._stages[self.number - 1]]
        over = sum(costs[: self._begun_stages - 1]) + self._fraction * costs[self._begun_stages - 1]
        return self._done_before + over / sum(costs) * self._frames[self.number - 1]

    def seconds_left(self) -> float | None:
        """How long the rest takes; None as long as nothing tells."""
        if not any(pace.seconds_per_frame for pace in self._paces.values()):
            return None
        seconds = 0.0
        for place in range(max(self.number - 1, 0), self.count):
            costs = [self._cost(stage) for stage in self._stages[place]]
            if place == self.number - 1 and self._begun_stages:
                costs = costs[self._begun_stages - 1 :]
                costs[0] *= 1 - self._fraction
            seconds += self._frames[place] * sum(costs)
        return seconds

    def _cost(self, stage: str) -> float:
        """Seconds per frame; of a stage that has not been seen yet, what the others cost."""
        known = [cost for pace in self._paces.values() if (cost := pace.seconds_per_frame)]
        return self._paces[stage].seconds_per_frame or mean(known or [1])
