"""What a decoder can do behind its door, as the kernel says it: each test is a process that tries."""

from __future__ import annotations

import signal
import sys

import pytest

from support.child import Ended, run_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux")

CLOSE = """
from human_detector.processes.cage.doors import close_decoder_door
parent = os.getppid()
cage = close_decoder_door(256 << 20, (0, 1, 2))
tell(in_force=cage.in_force, missing=cage.missing, missing_extras=cage.missing_extras)
"""


def behind_the_door(lines: str, before: str = "") -> Ended:
    """Runs lines in a process that has closed its door."""
    ended = run_child("import socket, signal, ctypes, mmap, threading, resource\n" + before + CLOSE + lines)
    assert ended["missing"] == [], ended
    return ended


def test_everything_that_is_required_is_in_force() -> None:
    ended = behind_the_door("")
    assert {"no inherited descriptors", "no_new_privs", "hidden from other processes", "seccomp"} <= set(
        ended["in_force"]
    )
    assert ended.status == 0


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/tmp/written', 'w')",
        "os.stat('/etc/passwd')",
        "os.listdir('/')",
        "open(f'/proc/{parent}/environ')",
        "open(f'/proc/{parent}/mem')",
        "open('/proc/self/environ')",
        "socket.socket(socket.AF_INET)",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "os.fork()",
        "os.kill(parent, signal.SIGTERM)",
        "os.kill(0, signal.SIGTERM)",
        "os.kill(-1, signal.SIGTERM)",
        "os.memfd_create('more')",
        "os.chmod('/tmp', 0o777)",
        "os.pipe()",
        "os.setuid(0)",
        "c('setrlimit', resource.RLIMIT_DATA, ctypes.create_string_buffer(b'\\xff' * 16))",
        "resource.prlimit(parent, resource.RLIMIT_DATA, (0, 0))",
        "mmap.mmap(-1, 4096)",
        "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
        "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)",
    ],
)
def test_a_call_is_refused(attempt: str) -> None:
    assert behind_the_door(f"tell(answer=outcome(lambda: {attempt}))")["answer"] == "EPERM"


@pytest.mark.parametrize(
    "attempt",
    [
        "os.execv('/bin/sh', ['sh', '-c', 'exit 7'])",
        "libc.ptrace(16, parent, 0, 0)",
        "libc.process_vm_readv(parent, 0, 0, 0, 0, 0)",
        "libc.mount(0, 0, 0, 0, 0)",
        "libc.unshare(0x10000000)",
    ],
)
def test_a_dangerous_call_ends_the_process(attempt: str) -> None:
    ended = behind_the_door(attempt + "\ntell(lived=True)", before="libc = ctypes.CDLL(None)\n")
    assert ended.status == -signal.SIGSYS
    assert "lived" not in ended.told
