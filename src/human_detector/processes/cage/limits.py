"""What a decoder may use: descriptors, memory, files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from human_detector.processes.cage.cage import Unavailable
from human_detector.processes.cage.kernel import data_bytes

if sys.platform == "linux":
    import resource

MOST_DESCRIPTORS = 16
"""Three to /dev/null, the control socket, the video, the socket to the analysis, its memory; some to
spare."""


MOST_THREADS_OF_THE_USER = 16384
"""In all processes of the user, since that is what the kernel counts; without a bound, a decoder could fill
the memory with threads that do nothing. Root is not bounded."""


def close_other_descriptors(kept: Iterable[int]) -> None:
    """Close all that this process has open, except these and the standard ones.

    What is received next would take the place of a standard one that is closed, and a stray print would go
    there.
    """
    keep = {0, 1, 2, *kept}
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        if descriptor not in keep:
            try:
                os.close(descriptor)
            except OSError:
                continue  # the one by which the list was read


def limit_resources(memory_bytes: int) -> None:
    """Allow no files, few descriptors, no endless threads, and so much more memory than there is now.

    The kernel holds RLIMIT_DATA against private memory that can be written to: the heap, and what mmap gives.
    The stack of a thread counts as a whole, whether or not it is used. It leaves out memory that is shared,
    and stacks that grow by themselves, which is why the decoder's filter of system calls lets nobody ask for
    those.
    """
    if sys.platform != "linux":
        raise Unavailable("only Linux has it")
    _limit(
        {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
            resource.RLIMIT_NOFILE: MOST_DESCRIPTORS,
            resource.RLIMIT_NPROC: MOST_THREADS_OF_THE_USER,
            resource.RLIMIT_DATA: data_bytes() + memory_bytes,
        }
    )


def limit_memory(memory_bytes: int) -> None:
    """Allow so much more private memory than there is now, and no core file."""
    if sys.platform != "linux":
        raise Unavailable("only Linux has it")
    _limit({resource.RLIMIT_CORE: 0, resource.RLIMIT_DATA: data_bytes() + memory_bytes})


def _limit(wanted: Mapping[int, int]) -> None:
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (limit, limit))
