"""SIGTERM and SIGINT: a request to stop that a job sees at its next check, and a long poll at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from errors import Interrupted

REASON = "the worker was asked to stop"


class _WakeUp(BaseException):
    """Ends a wait. Not an Exception: botocore takes any of those for a broken connection, and tries again."""


class Shutdown:
    """Whether the worker was asked to stop."""

    def __init__(self) -> None:
        self.requested = False
        self._in_a_wait = False

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on. Only the main thread may call this."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    @staticmethod
    def ignore_from_now() -> None:
        """Take no more signals: while it ends, Python would let the next one kill the process."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def check(self) -> None:
        """Return unless the worker was asked to stop.

        Raises:
            Interrupted: it was.
        """
        if self.requested:
            raise Interrupted(REASON)

    @contextmanager
    def wakes_up(self) -> Iterator[None]:
        """A block of code that waits, holds nothing, and may be left at any point by `Interrupted`."""
        try:
            try:
                self._in_a_wait = True
                self.check()
                yield
            finally:
                self._in_a_wait = False
        except _WakeUp:
            # Outside the inner block, so that a signal just before its end does not get away.
            raise Interrupted(REASON) from None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        first, self.requested = not self.requested, True
        # Not logged here: a handler may run in the middle of a log line.
        if first and self._in_a_wait:
            # Python goes on with an interrupted system call unless the handler raises.
            raise _WakeUp
