"""How far a batch of videos is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean


@dataclass(frozen=True)
class VideoWork:
    """What a video of a batch will take.

    Attributes:
        frames: in the video, as far as it is known; 0 if not.
        pieces: how often all of them are gone through: for the result, for a copy, for a page.
    """

    frames: float
    pieces: int


class BatchProgress:
    """Counts the frames of a batch. Each video is as much work as it has frames, whatever is done with them.

    Args:
        videos: in the order in which they are begun.

    Attributes:
        count: how many videos there are.
        number: of the video at work, from 1; 0 before the first.
        total: frames of all videos. What a video that failed has left undone is taken off.
    """

    def __init__(self, videos: Sequence[VideoWork]) -> None:
        usual = mean([video.frames for video in videos if video.frames] or [1])
        self._frames = [video.frames or usual if video.pieces else 0 for video in videos]
        self._pieces = [max(video.pieces, 1) for video in videos]
        self._begun_pieces = 0
        self._done_before = 0.0
        self.count, self.number = len(videos), 0
        self.total = sum(self._frames)

    @property
    def is_long(self) -> bool:
        """Whether it is more than one piece of work."""
        return self.count > 1 or max(self._pieces, default=0) > 1

    def start_video(self, fraction: float) -> None:
        """Begin the next video.

        Args:
            fraction: of the last piece of the video before, as far as it was done.
        """
        self._done_before = done = self.done(fraction)
        self.number, self._begun_pieces = self.number + 1, 0
        self.total = done + sum(self._frames[self.number - 1 :])

    def start_piece(self) -> None:
        """Begin the next piece of work on the video."""
        self._begun_pieces += 1

    def done(self, fraction: float) -> float:
        """How many frames are done.

        Args:
            fraction: of the piece at work, 0 to 1.
        """
        if not self._begun_pieces:
            return self._done_before
        pieces = self._pieces[self.number - 1]
        share = min((self._begun_pieces - 1 + fraction) / pieces, 1.0)
        return self._done_before + share * self._frames[self.number - 1]
