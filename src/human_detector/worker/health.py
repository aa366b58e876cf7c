"""Whether the worker's threads are alive: they touch a file, and healthcheck.py looks how long ago.

Only the standard library: a health check runs every few seconds beside the worker.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

TOUCH_SECONDS = 2
LONGEST_SILENCE_SECONDS = 50
"""A thread is silent longest while a request on a dead connection is given up (aws_clients.py): 35 s for a
poll, three times 15 s for the others."""


def health_file() -> Path:
    """The file that is touched, in the worker's scratch folder."""
    return Path(tempfile.gettempdir()) / "human-detector.health"


class Health:
    """The worker's side: the file's time is that of the thread which has been silent longest.

    Args:
        now: epoch seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._alive_at: dict[int, float] = {}
        self._written_at = float("-inf")

    def touch(self, thread: int | None = None) -> None:
        """Say that a thread is alive; cheap enough to be called at every turn.

        Args:
            thread: its number, from `threading.get_ident`; None for the one that calls.
        """
        now = self._now()
        with self._lock:
            self._alive_at[threading.get_ident() if thread is None else thread] = now
            if now - self._written_at >= TOUCH_SECONDS:
                self._written_at = now
                oldest = min(self._alive_at.values())
                health_file().touch()
                os.utime(health_file(), (oldest, oldest))

    def leave(self) -> None:
        """Say that this thread ends, and is not expected to touch any more."""
        with self._lock:
            self._alive_at.pop(threading.get_ident(), None)


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
