"""Virtual time: it passes when somebody waits, and only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

EPOCH = 1_700_000_000.0
"""When a simulation begins, in epoch seconds: some day, the same for all."""


class Clock(Protocol):
    """What the services and the network need of time. A scheduler lets others act while somebody waits."""

    def now(self) -> float:
        """Epoch seconds."""

    def wait(self, seconds: float) -> None:
        """Return so many seconds later."""

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        """Return once a condition holds, at the latest so many seconds later."""


class LoneClock:
    """The clock of a world in which one sender acts: while it waits, nothing happens but that time passes."""

    STEP_SECONDS = 0.5
    """How often a condition is looked at."""

    def __init__(self, now: float = EPOCH) -> None:
        self._now = now

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += seconds

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        """Let time pass until a condition holds, at most so many seconds."""
        ends_at = self._now + seconds
        while not condition() and self._now < ends_at:
            self._now = min(self._now + self.STEP_SECONDS, ends_at)
