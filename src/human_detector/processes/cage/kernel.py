"""Asks the Linux kernel for what Python has no function for."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from functools import cache
from pathlib import Path
from typing import Any

from human_detector.processes.cage.cage import Unavailable

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_NO_NEW_PRIVS = 38
CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION = 0x20080522

_ARGUMENT = ctypes.c_ulong  # what an argument of a system call is: C would pass a Python number as an int


def prctl(option: int, value: int) -> None:
    """Change something of this process (or of this thread)."""
    _checked(_libc().prctl(option, _ARGUMENT(value), _ARGUMENT(0), _ARGUMENT(0), _ARGUMENT(0)))


def system_call(number: int, *arguments: Any) -> int:
    """Make a system call by its number; numbers from 424 on are the same on all processors."""
    passed = [_ARGUMENT(each) if isinstance(each, int) else each for each in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *passed))


def hide_memory() -> None:
    """Hide /proc/<pid>/mem, environ and fd from other processes, even of the same user; dump no core."""
    prctl(PR_SET_DUMPABLE, 0)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone, whatever it does then.

    Args:
        parent: its process id, asked for before this process was made.

    Raises:
        Unavailable: it is gone already.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise Unavailable("the process that this one comes from has ended")


def gain_no_rights() -> None:
    """Let no program that is started from here have more rights than this one (setuid, file capabilities)."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities(*kept: int) -> None:
    """Give up root's special rights in this thread and those that it starts; who is no root has none anyway.

    With them, root reads the environment of any process, whatever Landlock says (Linux 6.18).

    Args:
        kept: numbers of capabilities that are kept if they are there; all below 32.
    """
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable ones below 32, and those above
    _checked(_libc().capget(header, held))
    keep = sum(1 << number for number in kept)
    effective, permitted = held[0] & keep, held[1] & keep
    _checked(_libc().capset(header, (ctypes.c_uint32 * 6)(effective, permitted)))


def is_single_threaded() -> bool:
    """Whether what holds a thread holds all of the process."""
    return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208


def data_bytes() -> int:
    """The private writable memory that this process has asked for, as RLIMIT_DATA counts it."""
    for line in Path("/proc/self/status").read_bytes().splitlines():
        if line.startswith(b"VmData:"):
            return int(line.split()[1]) * 1024
    raise Unavailable("/proc/self/status does not tell how much memory this process has")


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


@cache
def _libc() -> ctypes.CDLL:
    if sys.platform != "linux":
        raise Unavailable("only Linux has it")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
