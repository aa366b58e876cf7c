"""Closes the doors behind a process: what it can do from then on, it can do whoever has taken it over.

The worker asks `Cage.missing` and its setting `worker.cage` what to do where the system lacks something. All
of this can be called anywhere; where there is no Linux, all is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from human_detector.processes.cage.cage import Cage, Unavailable, build_cage
from human_detector.processes.cage.environments import paths_of_python
from human_detector.processes.cage.kernel import (
    CAP_DAC_OVERRIDE,
    drop_capabilities,
    gain_no_rights,
    hide_memory,
)
from human_detector.processes.cage.landlock import allow_no_path, allow_only, allow_paths
from human_detector.processes.cage.limits import close_other_descriptors, limit_memory, limit_resources
from human_detector.processes.cage.seccomp_filters import filter_analysis, filter_decoder, libseccomp


def look_for_what_doors_need() -> None:
    """Find libseccomp, once for all copies of this process: looking for it starts programs."""
    with suppress(Unavailable):
        libseccomp()


def close_decoder_door(memory_bytes: int, descriptors: Iterable[int]) -> Cage:
    """Leave this process nothing but what decoding needs. Called when all is imported and warm.

    From then on it reads what it has open or is sent, writes to its sockets and to shared memory that it is
    sent, and starts threads. It opens nothing, connects to nothing, starts no program, and sees no other
    process.

    Called while it has one thread: Landlock holds the thread that asks and those that it starts. A module
    that is imported later is not found, nor is the source of a line in a traceback.

    Args:
        memory_bytes: how much more private memory it may have than it has now.
        descriptors: what stays open, beside the standard ones (0 to 2); all else is closed.
    """
    look_for_what_doors_need()  # behind Landlock it could not be found
    return build_cage(
        required=[
            ("no inherited descriptors", partial(close_other_descriptors, descriptors)),
            ("limits of memory, threads, files and descriptors", partial(limit_resources, memory_bytes)),
            ("hidden from other processes", hide_memory),
            ("no_new_privs", gain_no_rights),
            ("no capabilities", drop_capabilities),
        ],
        extras=[("Landlock", allow_no_path)],
        last=[("seccomp", filter_decoder)],
    )


def confine_analysis_early(hidden: Iterable[Path], writable: Iterable[Path]) -> Cage:
    """Take from this process the paths, ports and processes that no analysis needs.

    Called before anything is imported that starts threads.

    With Landlock it reads all paths but those hidden, and writes below the writable ones and to devices
    alone; other processes' memory and environment are out of its reach, even where it runs as root; it opens
    no TCP connection (Linux 6.7) and sends no signal to others (Linux 6.12).

    Args:
        hidden: files and folders that it may not read: the videos, credentials. See landlock.allow_paths.
        writable: folders that it may write to: results, caches, its TMPDIR.
    """
    return build_cage(
        required=[
            ("hidden from other processes", hide_memory),
            ("no_new_privs", gain_no_rights),
            ("no capabilities but to files", partial(drop_capabilities, CAP_DAC_OVERRIDE)),
        ],
        extras=[("Landlock", partial(allow_paths, list(hidden), [*writable, Path("/dev")]))],
    )


def confine_analysis(uses_gpu: bool) -> Cage:
    """Take the network, other processes, programs and the kernel's larger doors from this process.

    In all its threads. Called when the models are loaded and warm.

    What stays open on a GPU, because its driver works through it: ioctl and mmap on /dev/nvidia*, memory with
    code that is made at run time, and the start of programs (XLA runs ptxas, which inherits all that is
    refused here). A hole in the driver can therefore be used from here. Without a GPU no program is started;
    ioctl and mmap are not refused there either, but there is no device that they would lead to.

    Args:
        uses_gpu: whether the models run on one.
    """
    return build_cage(required=[("seccomp", partial(filter_analysis, uses_gpu))])


def confine_side_program(memory_bytes: int, readable: Iterable[Path], writable: Iterable[Path]) -> Cage:
    """Leave this process what a program needs that makes something of a video: its files, and processors.

    Called before anything is imported that starts threads. From then on it starts no program, connects to
    nothing, and sees no other process. With Landlock it reads Python and what is its own alone.

    Args:
        memory_bytes: how much more private memory it may have than it has now.
        readable: files and folders beside those that Python needs.
        writable: folders that it may write to.
    """
    look_for_what_doors_need()  # behind Landlock it could not be found
    paths = [*paths_of_python(), *readable]
    return build_cage(
        required=[
            ("limit of memory", partial(limit_memory, memory_bytes)),
            ("hidden from other processes", hide_memory),
            ("no_new_privs", gain_no_rights),
            ("no capabilities but to files", partial(drop_capabilities, CAP_DAC_OVERRIDE)),
        ],
        extras=[("Landlock", partial(allow_only, paths, [*writable, Path("/dev/null")]))],
        last=[("seccomp", partial(filter_analysis, uses_gpu=False))],
    )


def hide_worker() -> Cage:
    """Hide the worker's memory, environment and descriptors from processes of the same user.

    Not from root, nor from who has CAP_SYS_PTRACE: those are held back by their own cage, if they are in one.
    """
    return build_cage(required=[("hidden from other processes", hide_memory)])
