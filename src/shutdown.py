"""SIGTERM and SIGINT: a request to stop that a job sees at its next check, and a long poll at once."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from errors import Interrupted

log = logging.getLogger(__name__)


class Shutdown:
    """Whether the worker was asked to stop."""

    def __init__(self) -> None:
        self.requested = False
        self._in_a_wait = False

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on. Only the main thread may call this."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def check(self) -> None:
        """Return unless the worker was asked to stop.

        Raises:
            Interrupted: it was.
        """
        if self.requested:
            raise Interrupted("the worker was asked to stop")

    @contextmanager
    def wakes_up(self) -> Iterator[None]:
        """A block of code that waits, holds nothing, and may be left at any point by `Interrupted`."""
        self._in_a_wait = True
        try:
            self.check()
            yield
        finally:
            self._in_a_wait = False

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        first, self.requested = not self.requested, True
        if first:
            log.info("received %s, stopping", signal.Signals(number).name)
        if first and self._in_a_wait:
            # Python goes on with an interrupted system call unless the handler raises.
            raise Interrupted("the worker was asked to stop")
