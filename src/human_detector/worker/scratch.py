"""The one folder that the worker writes to, with folders for each job, and the check of its space."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from human_detector.errors import TransientError

PREFIX = "human-detector-"
LOCK = "lock"
SPARE_BYTES = 200 * 1024 * 1024
"""Left free beside a video: its result grows there as well, and a full disk harms the whole host."""


@dataclass(frozen=True, slots=True)
class JobFolders:
    """Two folders of one job alone.

    Attributes:
        video: for the video, which the analysis process is not to open.
        result: for what is made of it.
    """

    video: Path
    result: Path


class Scratch:
    """The worker's own folder.

    Args:
        folder: it.

    Attributes:
        temporary: for the temporary files of the analysis.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._videos, self._results, self.temporary = (
            folder / name for name in ("videos", "results", "temporary")
        )
        for each in (self._videos, self._results, self.temporary):
            each.mkdir()

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Scratch]:
        """A new one among the temporary files, which is removed at its end.

        A lock inside says that it is in use, so that what a killed worker left can be told from what is
        needed.
        """
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            with (folder / LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield cls(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def job(self) -> Iterator[JobFolders]:
        """The folders of a job, which are removed at its end."""
        with (
            tempfile.TemporaryDirectory(dir=self._videos, ignore_cleanup_errors=True) as video,
            tempfile.TemporaryDirectory(dir=self._results, ignore_cleanup_errors=True) as result,
        ):
            yield JobFolders(Path(video), Path(result))

    def hidden(self) -> Sequence[Path]:
        """What is nothing to the analysis: the videos, and what lies in the folders of other workers."""
        others = (path for path in self._folder.parent.glob(f"{PREFIX}*") if path != self._folder)
        return [self._videos, *others]


def remove_leftovers() -> list[Path]:
    """Remove the folders of workers that are gone; returns them."""
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
