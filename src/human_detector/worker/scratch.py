"""The one folder that the worker writes to: a folder per job, gone after it, and the check of its space."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from human_detector.errors import TransientError

PREFIX = "human-detector-"
LOCK = "lock"
SPARE_BYTES = 200 * 1024 * 1024
"""Left free beside a video: its result grows there as well, and a full disk harms the whole host."""


@contextmanager
def job_folder() -> Iterator[Path]:
    """A folder of this job alone, which is removed at its end.

    A lock inside says that it is in use, so that what a killed worker left can be told from what is needed.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> list[Path]:
    """Remove the folders of jobs whose worker is gone; returns them."""
    removed = []
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        try:
            descriptor = os.open(folder / LOCK, os.O_RDWR)
        except OSError:  # Another's folder, or one that its worker is about to lock.
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        except BlockingIOError:
            pass  # In use.
        finally:
            os.close(descriptor)
    return removed


def require_space(folder: Path, needed_bytes: int) -> None:
    """Return if a file of that size fits.

    Raises:
        TransientError: it does not; other jobs of this host may make room.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + SPARE_BYTES:
        raise TransientError(
            f"not enough disk space: the video has {needed_bytes} bytes, {SPARE_BYTES} are kept in reserve, "
            f"and {free} are free in {tempfile.gettempdir()}"
        )
