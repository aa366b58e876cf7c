"""Who has broken into a decoder: what it holds, and what it tries with the kernel."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from human_detector.processes.ring import SlotLayout
from human_detector.processes.wire import Channel

WIDTH, HEIGHT = 64, 48
VIDEO = {
    "width": WIDTH,
    "height": HEIGHT,
    "fps": 25.0,
    "duration": 1.0,
    "frame_count": 1,
    "complete": True,
    "damage": "",
}


_libc = ctypes.CDLL(None, use_errno=True)
_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]


class Hold:
    """What the intruder holds: the decoder's side of everything.

    Args:
        channel: to the analysis.
        facts: see break_in.
    """

    def __init__(self, channel: Channel, facts: dict[str, Any]) -> None:
        self.channel = channel
        self.facts = facts
        self.wanted = channel.receive()

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.channel._socket.sendall(data)

    def say(self, what: Any) -> None:
        """Send a message, whether or not JSON takes it."""
        data = json.dumps(what).encode()
        self.raw(len(data).to_bytes(4, "big") + data)

    def frame(self, index: int = 0, **other: Any) -> None:
        """Say that there is a frame."""
        self.say({"say": "frame", "index": index, "timestamp": 0.0, "progress": 0.5, "video": VIDEO, **other})

    def open(self) -> tuple[mmap.mmap, int, int]:
        """Get the memory: all of it, its slots, and the descriptor that tells which are free."""
        self.say({"say": "opened", "width": WIDTH, "height": HEIGHT})
        slots = self.channel.receive()["slots"]
        self.memory, free = self.channel.take_descriptors(2)
        sizes = [size and (size[0], size[1]) for size in self.wanted["sizes"]]
        return mmap.mmap(self.memory, slots * SlotLayout(sizes, WIDTH, HEIGHT).slot_bytes), slots, free


def answer(attempt: Callable[[], object]) -> str:
    """What the kernel says."""
    try:
        attempt()
    except MemoryError:
        return "no memory"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error)) if error.errno else str(error)
    return "DONE"


def connect(host: str, port: int) -> None:
    """Connect to an address."""
    with socket.socket(socket.AF_INET) as end:
        end.settimeout(2)
        end.connect((host, port))


def c(name: str, *arguments: int) -> None:
    """Call a function of the C library."""
    if getattr(_libc, name)(*[ctypes.c_ulong(argument) for argument in arguments]) == -1:
        raise OSError(ctypes.get_errno(), "")


def attempts(hold: Hold) -> dict[str, Callable[[], object]]:
    """What an intruder would try first."""
    worker, analysis = hold.facts["worker"], hold.facts["analysis"]
    memory, _, _ = hold.open()
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return {
        "connect to a listener": lambda: connect("127.0.0.1", hold.facts["port"]),
        "ask for the task's credentials": lambda: connect("169.254.170.2", 80),
        "ask for the host's credentials": lambda: connect("169.254.169.254", 80),
        "send a datagram (DNS)": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "make a socket of Unix": lambda: socket.socket(socket.AF_UNIX),
        "read the worker's environment": lambda: Path(f"/proc/{worker}/environ").open("rb"),
        "read the worker's memory": lambda: Path(f"/proc/{worker}/mem").open("rb"),
        "read the worker's files": lambda: Path(f"/proc/{worker}/fd/0").readlink(),
        "read the analysis' memory": lambda: Path(f"/proc/{analysis}/mem").open("rb"),
        "read a file with secrets": lambda: Path(hold.facts["secret"]).open("rb"),
        "read /etc/passwd": lambda: Path("/etc/passwd").open("rb"),
        "list a folder": lambda: os.listdir("/"),
        "write a file": lambda: os.open("/tmp/broken-in", os.O_CREAT | os.O_WRONLY),
        "make a file in memory": lambda: os.memfd_create("program"),
        "start a process": os.fork,
        "kill the worker": lambda: os.kill(worker, signal.SIGKILL),
        "kill the analysis": lambda: os.kill(analysis, signal.SIGKILL),
        "kill another decoder": lambda: os.kill(hold.facts["sibling"], signal.SIGKILL),
        "kill what decoders come from": lambda: os.kill(hold.facts["source"], signal.SIGKILL),
        "kill all processes": lambda: os.kill(-1, 0),
        "have a signal sent": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, worker),
        "change the worker's limits": lambda: resource.prlimit(worker, resource.RLIMIT_CORE, (0, 0)),
        "take 8 GB of memory": lambda: bytearray(8 << 30),
        "take memory that is not counted": lambda: mmap.mmap(-1, 1 << 20),
        "make code": lambda: mmap.mmap(-1, 4096, private, mmap.PROT_READ | mmap.PROT_EXEC),
        "make pixels code": lambda: c("mprotect", place, 4096, mmap.PROT_READ | mmap.PROT_EXEC),
        "cut the shared memory off": lambda: os.ftruncate(hold.memory, 0),
        "send descriptors to the analysis": lambda: socket.send_fds(hold.channel._socket, [b"x"], [0]),
    }


def try_all(hold: Hold) -> None:
    """Try it all, and tell what the kernel said."""
    answers = {name: answer(attempt) for name, attempt in attempts(hold).items()}
    hold.say({"say": "failed", "error": "VideoError", "problems": [json.dumps(answers)]})


def start_a_shell(hold: Hold) -> None:
    """Another program in this process."""
    os.execv("/bin/sh", ["sh", "-c", "true"])


def attach_to_the_worker(hold: Hold) -> None:
    """As a debugger does."""
    c("ptrace", 16, hold.facts["worker"], 0, 0)


def read_memory_across(hold: Hold) -> None:
    """Memory of another process, without opening anything."""
    c("process_vm_readv", hold.facts["worker"], 0, 0, 0, 0, 0)


def leave_the_namespace(hold: Hold) -> None:
    """A user namespace, in which one is root."""
    c("unshare", 0x10000000)


def load_into_the_kernel(hold: Hold) -> None:
    """A program for the kernel."""
    c("syscall", _BPF, 0, 0, 0)


def start_many_threads(hold: Hold) -> None:
    """So many that nobody else would compute; these sleep, for the sake of whoever runs the tests."""
    threading.stack_size(1 << 15)
    for _ in range(1200):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


DEADLY = (start_a_shell, attach_to_the_worker, read_memory_across, leave_the_namespace, load_into_the_kernel)
"""What no decoder asks for: the kernel ends it."""

IN_VAIN = ("EPERM", "EACCES", "no memory")
"""Answers that are none of success."""
