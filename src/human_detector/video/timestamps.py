"""The time stamps of decoded frames, turned into seconds from the first frame."""

from __future__ import annotations

from human_detector.errors import VideoError

_LARGEST_MEASURED_RATE = 1e6  # no camera is faster; stamps that differ by less are as good as the same
_LONGEST_SANE_VIDEO = 1e9  # seconds, 31 years
_LARGEST_SANE_RATE = 1000.0  # frames per second; containers without a rate declare 90000 and the like
_LONGEST_SANE_FRAME = 10.0  # seconds
_SPLICE = 1.0  # seconds; a longer step back is no disorder but the start of another recording


class Timestamps:
    """Turns the stamps of decoded frames into seconds from the first frame, and measures the frame rate.

    The result never goes back and is never NaN. A frame without a stamp comes one frame duration after the
    frame before it. A small step back is held at the time before it. A large one is where recordings were
    joined: time goes on from there.

    Args:
        declared_rate: the frame rate that the stream declares, or None. It serves only where the stamps tell
            nothing.
    """

    def __init__(self, declared_rate: float | None) -> None:
        sane = declared_rate is not None and 0 < declared_rate <= _LARGEST_SANE_RATE
        self._declared_rate = declared_rate if declared_rate is not None and sane else 0.0
        self._count = 0
        self._time = 0.0
        self._origin: float | None = None
        self._frame_duration = 0.0

    @property
    def frame_count(self) -> int:
        """Frames counted so far."""
        return self._count

    @property
    def fps(self) -> float:
        """Mean frames per second so far; where the stamps do not tell the declared rate, 0.0 if unknown."""
        if self._count - 1 <= self._time * _LARGEST_MEASURED_RATE and self._time > 0:
            return (self._count - 1) / self._time
        return self._declared_rate

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last one."""
        if not self._count:
            return 0.0
        return self._time + (self._frame_duration or self._mean_gap())

    def add(self, stamp: float | None, frame_duration: float) -> float:
        """Counts the next frame in presentation order.

        Args:
            stamp: seconds on the stream's own clock; None where the stream has none for this frame.
            frame_duration: seconds; 0.0 where unknown.

        Returns:
            Seconds from the first frame, in whole microseconds.

        Raises:
            VideoError: it would lie beyond all measure.
        """
        following = self.duration  # 0.0 before the first frame
        if stamp is None:
            self._time = following
        else:
            if self._origin is None or stamp - self._origin < self._time - _SPLICE:
                self._origin = stamp - following
            self._time = max(stamp - self._origin, self._time)
        if self._time > _LONGEST_SANE_VIDEO:
            raise VideoError(
                f"the video's time stamps are damaged: {self._time:g} s lie between its first frame"
                " and a later one"
            )
        self._frame_duration = frame_duration if 0 < frame_duration <= _LONGEST_SANE_FRAME else 0.0
        self._count += 1
        return round(self._time, 6)

    def _mean_gap(self) -> float:
        return 1 / self.fps if self.fps else 0.0
