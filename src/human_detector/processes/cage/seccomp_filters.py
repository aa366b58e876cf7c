"""seccomp: the kernel asks a filter before each system call. A filter cannot be taken off again.

libseccomp (by pyseccomp) makes the filters. A call of another kind than the processor's own (32 bits on
x86_64) ends the process, since its numbers mean other things. A condition sees the numbers that are passed,
never what they point to.
"""

from __future__ import annotations

import errno
import mmap
import os
import socket
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING

from human_detector.processes.cage import system_calls
from human_detector.processes.cage.cage import Unavailable
from human_detector.processes.cage.kernel import PR_SET_NAME

if TYPE_CHECKING:
    import pyseccomp

_FIRST_32_BITS = 0xFFFFFFFF
_ALL_64_BITS = 0xFFFFFFFFFFFFFFFF

# linux/mman.h, linux/sched.h, linux/futex.h, linux/fcntl.h, linux/net.h, asm-generic/ioctls.h: what Python
# does not name.
_MAP_TYPE, _MAP_GROWSDOWN, _MAP_HUGETLB = 0x0F, 0x0100, 0x40000
_ADVICE = {"MADV_DONTNEED": 4, "MADV_FREE": 8, "MADV_HUGEPAGE": 14}
_CLONE_VM, _CLONE_FS, _CLONE_FILES, _CLONE_SIGHAND, _CLONE_THREAD = 0x100, 0x200, 0x400, 0x800, 0x10000
_CLONE_PTRACE, _CLONE_VFORK, _CLONE_PARENT = 0x2000, 0x4000, 0x8000
_NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_FUTEX_COMMAND, _FUTEX_COMMANDS = 0x7F, {"WAIT": 0, "WAKE": 1, "WAIT_BITSET": 9, "WAKE_BITSET": 10}
_FIONBIO, _FIOSETOWN, _SIOCSPGRP = 0x5421, 0x8901, 0x8902
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_DUPFD_CLOEXEC = 8, 10, 15, 1030
_SOCKET_TYPE = 0x0F
_NATIVE, _AS_A_BINARY_TREE = 0, 2  # seccomp.h of libseccomp


def libseccomp() -> pyseccomp:
    """pyseccomp, which looks for libseccomp when it is imported.

    Raises:
        Unavailable: there is none.
    """
    library, why_not = _import_once()
    if library is None:
        raise Unavailable(f"libseccomp cannot be used ({why_not})")
    return library


@cache
def _import_once() -> tuple[pyseccomp | None, str]:
    try:
        import pyseccomp
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        # RuntimeError and AttributeError: pyseccomp is there, but not libseccomp, or not all of it.
        return None, str(error)
    return pyseccomp, ""


def filter_decoder() -> None:
    """Allow this process, in all its threads, what decoding needs, and refuse all else for good.

    Most refused calls answer EPERM, so that a library that asks for something in passing goes on without it;
    those of system_calls.DEADLY end the process (SIGSYS).
    """
    library = libseccomp()
    rules = _Rules(library, library.ERRNO(errno.EPERM))
    allow = partial(rules.add, library.ALLOW)
    equal, masked = library.EQ, library.MASKED_EQ
    condition = library.Arg

    for name in system_calls.DECODING:
        allow(name)

    # Bytes go where a socket is connected to; descriptors would go by sendmsg, and a decoder has none to
    # give.
    allow("sendto", condition(4, equal, 0))
    # mmap.mmap(fd, ...) makes a duplicate, and a socket with a timeout is one that does not block.
    allow("fcntl", condition(1, equal, _F_DUPFD_CLOEXEC))
    allow("ioctl", condition(1, masked, _FIRST_32_BITS, _FIONBIO))

    # No code is made at run time, and no memory is had that RLIMIT_DATA would not count (limits.py).
    no_code = condition(2, masked, _ALL_64_BITS ^ (mmap.PROT_READ | mmap.PROT_WRITE), 0)
    kind = _MAP_TYPE | _MAP_GROWSDOWN | _MAP_HUGETLB
    allow("mmap", no_code, condition(3, masked, kind, mmap.MAP_PRIVATE))
    allow("mmap", no_code, condition(3, masked, kind | mmap.MAP_ANONYMOUS, mmap.MAP_SHARED))
    allow("mprotect", no_code)
    for advice in _ADVICE.values():
        allow("madvise", condition(2, equal, advice))

    # Threads, but no processes. What clone3 is to do a filter cannot see; without it, glibc takes clone.
    of_a_thread = _CLONE_VM | _CLONE_FS | _CLONE_FILES | _CLONE_SIGHAND | _CLONE_THREAD
    of_others = _CLONE_PTRACE | _CLONE_VFORK | _CLONE_PARENT | sum(_NAMESPACES)
    allow("clone", condition(0, masked, of_a_thread | of_others, of_a_thread))
    rules.add(library.ERRNO(errno.ENOSYS), "clone3")
    for command in _FUTEX_COMMANDS.values():
        allow("futex", condition(1, masked, _FUTEX_COMMAND, command))

    # Signals to itself alone (abort), the names of its threads, and a look at its limits.
    allow("tgkill", condition(0, equal, os.getpid()))
    allow("prctl", condition(0, equal, PR_SET_NAME))
    allow("prlimit64", condition(0, equal, 0), condition(2, equal, 0))

    for name in system_calls.DEADLY:
        rules.add(library.KILL_PROCESS, name)
    rules.load()


def filter_analysis(uses_gpu: bool) -> None:
    """Refuse this process, in all its threads, what the analysis never needs.

    All that is not refused stays allowed: inference libraries and drivers need too much to name it.

    Args:
        uses_gpu: programs may be started, too. XLA starts ptxas when it compiles for a GPU.
    """
    library = libseccomp()
    rules = _Rules(library, library.ALLOW)
    refuse = partial(rules.add, library.ERRNO(errno.EPERM))
    other_than, masked = library.NE, library.MASKED_EQ
    condition = library.Arg

    for name in system_calls.ANALYSIS_REFUSES:
        refuse(name)
    for number in system_calls.UNKNOWN_TO_LIBSECCOMP.values():
        refuse(number)

    # Pairs of sockets are left, but none by which sendmsg reaches any address.
    refuse("socketpair", condition(1, masked, _SOCKET_TYPE, socket.SOCK_DGRAM))
    refuse("sendto", condition(4, other_than, 0))

    # No signals to others, in no way, and no changes to their limits.
    for name in ("kill", "tgkill"):
        refuse(name, condition(0, other_than, os.getpid()))
    for command in (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX):
        refuse("fcntl", condition(1, masked, _FIRST_32_BITS, command))
    for request in (_FIOSETOWN, _SIOCSPGRP):
        refuse("ioctl", condition(1, masked, _FIRST_32_BITS, request))
    refuse("prlimit64", condition(0, other_than, 0))

    for namespace in _NAMESPACES:
        refuse("clone", condition(0, masked, namespace, namespace))
    rules.add(library.ERRNO(errno.ENOSYS), "clone3")  # as above
    if not uses_gpu:
        for name in (*system_calls.PROGRAMS, *system_calls.NEW_PROCESSES):
            refuse(name)
        refuse("clone", condition(0, masked, _CLONE_THREAD, 0))
    rules.load()


class _Rules:
    """A filter that is being made.

    Args:
        library: pyseccomp.
        otherwise: what is done with a call that no rule fits.
    """

    def __init__(self, library: pyseccomp, otherwise: int) -> None:
        self._library = library
        self._filter = library.SyscallFilter(otherwise)
        attributes = library.Attr
        self._filter.set_attr(attributes.ACT_BADARCH, library.KILL_PROCESS)
        self._filter.set_attr(attributes.CTL_TSYNC, 1)  # all threads
        with suppress(OSError):  # an older kernel or library
            # Before Linux 5.16 a filter also turned on mitigations against side channels, which slow all code
            # down. They guard secrets from code in the same process; there are none in these processes.
            self._filter.set_attr(attributes.CTL_SSB, 1)
        with suppress(OSError):
            self._filter.set_attr(attributes.CTL_OPTIMIZE, _AS_A_BINARY_TREE)

    def add(self, action: int, call: str | int, *conditions: pyseccomp.Arg) -> None:
        """Add a rule, unless this processor, or a library older than the call, does not know its name."""
        number: int = call if isinstance(call, int) else self._library.resolve_syscall(_NATIVE, call)
        if number >= 0:
            self._filter.add_rule_exactly(action, number, *conditions)

    def load(self) -> None:
        """Put the filter in force."""
        self._filter.load()
