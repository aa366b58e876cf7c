"""Runs a few lines of Python in a process of their own, and tells how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from human_detector.processes.cage.environments import decoder_environment

_TELL = '''
import errno, json, os, sys
def tell(**what): os.write(1, json.dumps(what).encode() + b"\\n")
def outcome(attempt):
    """What the kernel said: a name such as EPERM, or "done"."""
    try:
        attempt()
    except MemoryError:
        return "MemoryError"
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
def become(user):
    """Go on as another user without any rights, as if started by it. Needs root, and imports nothing any more."""
    os.setgroups([]); os.setgid(user); os.setuid(user)
    c("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which setuid takes away
def c(name, *arguments):
    """A function of the C library that answers -1 where the kernel refuses."""
    import ctypes
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*[ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]) == -1:
        raise OSError(ctypes.get_errno(), "")
'''


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes:
        status: its exit status; the number of a signal, negative, if one ended it.
        told: what it told, by name.
        errors: what it wrote to stderr.
    """

    status: int
    told: dict[str, Any]
    errors: str

    def __getitem__(self, name: str) -> Any:
        assert name in self.told, self
        return self.told[name]


def run_child(
    lines: str,
    *,
    environment: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    timeout: float = 120,
) -> Ended:
    """Runs these lines; `tell(name=value)` in them is told, and `outcome(function)` gives the kernel's answer.

    See _TELL for what else there is.

    Args:
        lines: Python.
        environment: its variables; those of a decoder if there are none.
        pass_fds: what it inherits.
        timeout: seconds until it is killed.
    """
    done = subprocess.run(
        [sys.executable, "-c", _TELL + lines],
        env=decoder_environment() if environment is None else dict(environment),
        capture_output=True,
        check=False,
        pass_fds=pass_fds,
        cwd=os.sep,
        timeout=timeout,
    )
    told: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        told |= json.loads(line)
    return Ended(done.returncode, told, done.stderr.decode(errors="replace"))
