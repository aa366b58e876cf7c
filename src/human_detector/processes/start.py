"""Starts a program of ours that talks over one socket."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence


def start_program(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], channel: int, *, silent: bool
) -> subprocess.Popen[bytes]:
    """Start a module of this installation as a process of its own.

    It gets this channel, and no other descriptor than the standard ones.

    Args:
        module: to run.
        arguments: of its command line.
        environment: all of it.
        channel: descriptor of its end.
        silent: whether nobody is to hear what it prints. What a stranger's video makes a decoder print could
            be made for a terminal, or for a reader of the log.

    Raises:
        OSError: the system has no process to give.
    """
    said = subprocess.DEVNULL if silent else None
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        pass_fds=[channel],
        start_new_session=silent,
    )
