"""Landlock: the kernel's rules about paths, TCP ports and other processes, which a process gives itself.

Linux has it from 5.13 on, and each version since can hold back more (linux/landlock.h, landlock(7)). A rule
allows something below a folder and nothing takes it away again further down; what no rule allows is refused.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR

from human_detector.processes.cage.cage import Unavailable
from human_detector.processes.cage.kernel import is_single_threaded, system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # system calls
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FIRST_RIGHTS = (1 << 13) - 1  # of version 1: to read, to write, to run, to make and remove each kind of file
_RIGHTS_SINCE = {1: _FIRST_RIGHTS, 2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV  # the others are those of a folder
_READ = _EXECUTE | _READ_FILE | _READ_DIR

TCP_SINCE, _TCP_BIND_AND_CONNECT = 4, 0b11
SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def landlock_version() -> int:
    """Which version the kernel has.

    Raises:
        Unavailable: none.
    """
    try:
        return system_call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError as error:
        raise Unavailable(f"the kernel has none, or has it turned off ({error.strerror})") from error


def allow_no_path() -> str | None:
    """Let this process open no path and no TCP connection, and reach no process outside by a signal.

    Returns:
        What this kernel's Landlock does not hold back yet.
    """
    return _restrict([])


def allow_paths(hidden: Iterable[Path], writable: Iterable[Path]) -> str | None:
    """Let this process read all paths but some, write below few, and open no TCP connection.

    A folder on the way to a hidden one cannot be listed any more, and what is made in it later cannot be
    read.

    Args:
        hidden: files and folders that are not to be read. Those that are missing are hidden, should they
            appear.
        writable: folders below which files may be read, written, made and removed, even if they lie in a
            hidden one. If something hidden lies in them it stays hidden, and they are then writable only in
            those folders that they have now.

    Returns:
        What this kernel's Landlock does not hold back yet.
    """
    hidden = [Path(os.path.realpath(path)) for path in hidden]
    root = Path(Path.cwd().anchor)
    everything = sum(_rights(landlock_version()))
    rules = [(path, _READ) for path in _around(root, hidden)]
    for folder in writable:
        folder = Path(os.path.realpath(folder))
        inside = [path for path in hidden if path.is_relative_to(folder)]
        rules += [(path, everything) for path in _around(folder, inside)]
    return _restrict(rules)


def allow_only(readable: Iterable[Path], writable: Iterable[Path]) -> str | None:
    """Let this process read some paths, write below few, and open no TCP connection.

    Args:
        readable: files and folders; what is missing is passed over.
        writable: folders below which files may be read, written, made and removed.

    Returns:
        What this kernel's Landlock does not hold back yet.
    """
    everything = sum(_rights(landlock_version()))
    rules = [(Path(os.path.realpath(path)), _READ) for path in readable]
    rules += [(Path(os.path.realpath(path)), everything) for path in writable]
    return _restrict(rules)


def _around(folder: Path, hidden: list[Path]) -> Iterator[Path]:
    """The fewest paths that hold all that is in a folder, without those that are hidden."""
    if folder in hidden:
        return
    if not any(path.is_relative_to(folder) for path in hidden):
        yield folder
        return
    with suppress(OSError):  # what cannot be listed cannot be allowed
        for child in sorted(folder.iterdir()):
            yield from _around(child, hidden)


def _restrict(rules: Iterable[tuple[Path, int]]) -> str | None:
    if not is_single_threaded():
        raise Unavailable("this process has several threads already, and it would hold one of them")
    version = landlock_version()
    files = sum(_rights(version))
    wanted = _Ruleset(files)
    size = 8  # of what the kernel's version knows of the structure
    if version >= TCP_SINCE:
        wanted.net, size = _TCP_BIND_AND_CONNECT, 16
    if version >= SCOPES_SINCE:
        wanted.scopes, size = _ABSTRACT_SOCKETS_AND_SIGNALS, 24
    ruleset = system_call(_CREATE_RULESET, ctypes.byref(wanted), size, 0)
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & files)
        system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return _gap(version)


def _gap(version: int) -> str | None:
    gaps = []
    if version < TCP_SINCE:
        gaps.append("TCP connections (from Linux 6.7 on)")
    if version < SCOPES_SINCE:
        gaps.append("signals and abstract sockets (from Linux 6.12 on)")
    return f"this kernel's does not hold back {' or '.join(gaps)}" if gaps else None


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        # A link itself: it may lead to something hidden, and its target has a path of its own.
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return  # gone in the meantime, or out of reach anyway
    try:
        if not S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, place)
        system_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)


def _rights(version: int) -> list[int]:
    return [rights for since, rights in _RIGHTS_SINCE.items() if version >= since]
