"""A terminal of a chosen width in which a command runs, and what is seen on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

INTERRUPT = b"\x03"
"""What a terminal sends for Ctrl-C."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class TerminalSession:
    """A process with a pseudo-terminal as its standard input, output and error. A context manager.

    Args:
        command: program and arguments.
        environment: of the process.
        columns: width of the terminal.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], columns: int) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            for number in (signal.SIGINT, signal.SIGHUP):
                # As on any terminal, also where the tests were started in the background, which ignores them.
                signal.signal(number, signal.SIG_DFL)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execvpe(command[0], command, {**environment, "TERM": "xterm"})
        self.raw = ""
        self.status: int | None = None

    def wait_for(self, is_seen: Callable[[str], bool], timeout: float = 60) -> None:
        """Read until something is seen.

        Args:
            is_seen: is asked about `text`.
            timeout: seconds.
        """
        end = time.monotonic() + timeout
        while not is_seen(self.text):
            assert self._read(end - time.monotonic()), f"the process has ended: {self.text}"

    def press(self, keys: bytes) -> None:
        """Send what a person types."""
        os.write(self._terminal, keys)

    def wait(self, timeout: float = 60) -> int:
        """Read to the end; returns the exit status."""
        end = time.monotonic() + timeout
        while self._read(end - time.monotonic()):
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self.status

    @property
    def text(self) -> str:
        """All that was written, without colours and movements of the cursor."""
        return _CONTROL.sub("", self.raw)

    @property
    def lines(self) -> list[str]:
        """All that was written, as lines, those too that were written over."""
        return [line for line in re.split(r"[\r\n]+", self.text) if line.strip()]

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(timeout, 0))
        assert ready, f"nothing more is seen: {self.text}"
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # Linux says so when the last process has closed its side
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)  # the process gets a hang-up
        if self.status is None:
            os.waitpid(self._pid, 0)
