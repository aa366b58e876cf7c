"""A program of ours that runs as a process of its own, and talks over one socket."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from human_detector.processes.wire import LONGEST_BYTES, Channel, pair


class Program:
    """A module of this installation, started. It gets its end of a channel, and no other descriptor of ours.

    Args:
        module: to run; the first argument of its command line is the descriptor of its end.
        arguments: the others.
        environment: all of it.
        silent: whether nobody is to hear what it prints. What a stranger's video makes a decoder print could
            be made for a terminal, or for a reader of the log.
        longest: bytes of the longest message that is taken from it.

    Attributes:
        channel: our end.

    Raises:
        OSError: the system has no process to give.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        silent: bool,
        longest: int = LONGEST_BYTES,
    ) -> None:
        said = subprocess.DEVNULL if silent else None
        ours, its = pair()
        self.channel = Channel(ours, longest=longest)
        with its:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", module, str(its.fileno()), *arguments],
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    pass_fds=[its.fileno()],
                    start_new_session=silent,
                )
            except BaseException:
                self.channel.close()
                raise

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def code(self, seconds: float) -> int | None:
        """Its status, or its signal below zero; None if it has not ended in that time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.channel.close()
