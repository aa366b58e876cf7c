"""An opened file that is read at positions of one's own: one descriptor serves several readers."""

from __future__ import annotations

import os
from pathlib import Path

from human_detector.errors import VideoError


class OpenedFile:
    """The part of a file object that PyAV needs. Without a name, which FFmpeg would read a meaning into.

    A descriptor is neither opened nor asked for its name, owner or dates, and its own position is not used:
    the decoder's process is not allowed the former, and others may read from the same descriptor.

    Args:
        file: a path, or the descriptor of an opened file, which stays open and its owner's.

    Attributes:
        size: bytes in the file.
        closed: whether `close` was called.

    Raises:
        VideoError: the file cannot be opened. It does not name the file.
    """

    def __init__(self, file: Path | int) -> None:
        self._is_own = not isinstance(file, int)
        self._descriptor = file if isinstance(file, int) else _open(file)
        self._position = 0
        self.closed = False
        try:
            self.size = os.lseek(self._descriptor, 0, os.SEEK_END)
        except OSError as error:
            self.close()
            raise VideoError(f"the file cannot be read: {error.strerror}") from error

    @property
    def descriptor(self) -> int:
        """Of the file, for another process."""
        return self._descriptor

    def read(self, count: int) -> bytes:
        """Returns the next bytes, none at the end."""
        data = self.read_at(self._position, count)
        self._position += len(data)
        return data

    def read_at(self, position: int, count: int) -> bytes:
        """Returns bytes from anywhere in the file."""
        if self.closed:
            raise ValueError("the video file was closed while it was read")
        return os.pread(self._descriptor, count, position)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Puts the position where the next bytes come from; returns it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"there is no position {base + offset} in a file")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Returns the position."""
        return self._position

    def close(self) -> None:
        """Ends the reading. What was opened here is closed, a descriptor that was given is not."""
        if self._is_own and not self.closed:
            os.close(self._descriptor)
        self.closed = True


def _open(path: Path) -> int:
    try:
        if path.is_dir():
            raise VideoError("the file is a folder, not a video")
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise VideoError("the file does not exist") from error
    except OSError as error:
        raise VideoError(f"the file cannot be opened: {error.strerror}") from error
