"""Whether the worker's loop is alive: it touches a file, and healthcheck.py looks how long ago.

Only the standard library: a health check runs every few seconds beside the worker.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TOUCH_SECONDS = 2
LONGEST_SILENCE_SECONDS = 50
"""The loop is silent longest while a poll on a dead connection is given up: 35 s (aws_clients.py)."""


def health_file() -> Path:
    """The file that is touched, in the worker's scratch folder."""
    return Path(tempfile.gettempdir()) / "human-detector.health"


class Health:
    """The worker's side.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._touched_at = float("-inf")

    def touch(self) -> None:
        """Say that the loop is alive; cheap enough to be called at every turn."""
        if self._clock() - self._touched_at >= TOUCH_SECONDS:
            self._touched_at = self._clock()
            health_file().touch()


def problem(now: float) -> str | None:
    """What is wrong with the worker, or None.

    Args:
        now: epoch seconds.
    """
    try:
        silence = now - health_file().stat().st_mtime
    except FileNotFoundError:
        return "the worker has not started"
    if silence > LONGEST_SILENCE_SECONDS:
        return f"the worker's loop has been silent for {silence:.0f} s"
    return None
