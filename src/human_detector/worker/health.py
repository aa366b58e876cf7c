"""Whether a worker's threads are alive: they touch a file, and healthcheck.py looks how long ago.

Each worker has a file of its own, which it holds locked as long as it lives: so no worker looks alive because
another is, nor dead because one that was killed has left its file. Only the standard library: a health check
runs every few seconds beside the worker.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX, SUFFIX = "human-detector-", ".health"
TOUCH_SECONDS = 2
LONGEST_SILENCE_SECONDS = 50
"""A thread is silent longest while a request on a dead connection is given up (aws/waiting_times.py): 35 s
for a poll, three times 15 s for the others."""


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
        for file in health_files():
            _remove_if_left(file)
        self._file = _make_file()

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
                os.utime(self._file.fileno(), (oldest, oldest))

    def leave(self) -> None:
        """Say that this thread ends, and is not expected to touch any more."""
        with self._lock:
            self._alive_at.pop(threading.get_ident(), None)


def problem(now: float) -> str | None:
    """What is wrong with the workers of this scratch folder (a container has one); None if nothing is.

    Args:
        now: epoch seconds.
    """
    workers = [file for file in health_files() if _is_held(file)]
    if not workers:
        return "no worker is running"
    problems = [said for file in workers if (said := _silence(file, now))]
    return "; ".join(problems) or None


def _silence(file: Path, now: float) -> str | None:
    try:
        seconds = now - file.stat().st_mtime
        process = file.read_text()
    except FileNotFoundError:  # It has just ended.
        return None
    if seconds <= LONGEST_SILENCE_SECONDS:
        return None
    return f"the loop of the worker (process {process}) has been silent for {seconds:.0f} s"


def health_files() -> Iterator[Path]:
    """The files of all workers of this scratch folder, and of those that were killed."""
    yield from sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*{SUFFIX}"))


def _make_file() -> IO[str]:
    """A file that is gone when this worker ends in order, and unlocked when it is killed."""
    while True:
        file = tempfile.NamedTemporaryFile("w", prefix=PREFIX, suffix=SUFFIX)  # noqa: SIM115 - kept open
        fcntl.flock(file, fcntl.LOCK_EX)
        if Path(file.name).exists():  # Else another worker has taken it for one that was left.
            file.write(str(os.getpid()))
            file.flush()
            return file


def _remove_if_left(file: Path) -> None:
    with suppress(OSError), file.open() as opened:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.unlink()


def _is_held(file: Path) -> bool:
    """Whether the worker that has made the file lives: its lock ends with it, however it ends."""
    try:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False
