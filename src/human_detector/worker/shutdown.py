"""The request to stop, which everything that takes time looks at again and again.

It comes as SIGTERM: ECS sends that two minutes before a spot instance is taken away, on a deployment and when
it scales in, and kills the container 30 s later (stopTimeout in the task definition). SIGINT is Ctrl-C.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

from human_detector.errors import Interrupted

GIVE_BACK_SECONDS = 9
"""How long a worker that was asked to stop waits for its lanes to give back what they hold."""


class Shutdown:
    """Whether the worker was asked to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        """Whether it was."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask it."""
        self._event.set()

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on. Only the main thread may call this."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    @staticmethod
    def ignore_from_now() -> None:
        """Take no more signals: while it ends, Python would let the next one kill the process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def check(self) -> None:
        """Return unless the worker was asked to stop.

        Raises:
            Interrupted: it was.
        """
        if self.requested:
            raise Interrupted("the worker was asked to stop")

    def pause(self, seconds: float) -> None:
        """Wait, at most until the worker is asked to stop.

        Raises:
            Interrupted: it was.
        """
        self._event.wait(seconds)
        self.check()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.request()
