"""Whose turn it is: the analysis process has one video at a time, and the next is fetched meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WAIT_SECONDS = 0.1


class AnalysisTurn:
    """Gives the analysis process to one job after another.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._first: tuple[float, float] | None = None
        self._last: tuple[float, float] | None = None

    @contextmanager
    def taken(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for the turn, and keep it during the block.

        Args:
            check: called several times a second; what it raises ends the wait.
        """
        while not self._lock.acquire(timeout=WAIT_SECONDS):
            check()
        try:
            yield
        finally:
            self._first = self._last = None
            self._lock.release()

    def report(self, fraction: float) -> None:
        """Take note that this share of the video, 0 to 1, is analysed."""
        self._last = (self._clock(), fraction)
        self._first = self._first or self._last

    def free_within(self, seconds: float) -> bool:
        """Whether the turn is free, or will be soon if the analysis goes on as it has so far.

        Only then is the next message fetched: a video that waits here for hours is one that an idle worker
        could have had.
        """
        if not self._lock.locked():
            return True
        first, last = self._first, self._last
        if first is None or last is None or last[0] <= first[0] or last[1] <= first[1]:
            return False
        rate = (last[1] - first[1]) / (last[0] - first[0])
        return (1 - last[1]) / rate - (self._clock() - last[0]) <= seconds
