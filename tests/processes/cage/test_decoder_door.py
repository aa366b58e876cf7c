"""What a decoder can do behind its door, as the kernel says it: each test is a process that tries."""

from __future__ import annotations

import os
import platform
import signal
import sys

import pytest

from support.child import Ended, run_child

MEMORY = 256 << 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux")

BEFORE = """
import ctypes, fcntl, mmap, platform, resource, signal, socket, struct, termios, threading, time
from human_detector.processes.cage.doors import close_decoder_door
parent = os.getppid()
libc = ctypes.CDLL(None)
CLONE = {"x86_64": 56, "aarch64": 220}[platform.machine()]
NEW_USER = 0x10000000
FUTEX, LOCK_PI = {"x86_64": 202, "aarch64": 98}[platform.machine()], 6
WILL_NEED = 3
NOBODY = 2**22 - 1  # an id that no process has
page = ctypes.addressof(ctypes.create_string_buffer(8192)) // 4096 * 4096 + 4096
ours, theirs = socket.socketpair()
keep = [ours.fileno(), theirs.fileno()]
"""
CLOSE = f"""
cage = close_decoder_door({MEMORY}, keep)
tell(in_force=cage.in_force, missing=cage.missing, missing_extras=cage.missing_extras)
"""


def behind_the_door(lines: str, before: str = "") -> Ended:
    """Runs lines in a process that has closed its door."""
    ended = run_child(BEFORE + before + CLOSE + lines)
    assert ended["missing"] == [], ended
    return ended


def test_everything_that_is_required_is_in_force() -> None:
    ended = behind_the_door("")
    assert {"no inherited descriptors", "no_new_privs", "hidden from other processes", "seccomp"} <= set(
        ended["in_force"]
    )
    assert ended.status == 0


# Signals are the number 0, which reaches nobody, should the cage be broken.
REFUSED = [
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
    "os.kill(parent, 0)",
    "os.kill(0, 0)",
    "os.kill(-1, 0)",
    "os.memfd_create('more')",
    "os.chmod('/nowhere', 0o777)",
    "os.pipe()",
    "os.setuid(0)",
    "c('setrlimit', resource.RLIMIT_NOFILE, struct.pack('2Q', 8, 8))",
    "resource.prlimit(parent, resource.RLIMIT_DATA)",
    "c('prctl', 4, 1, 0, 0, 0)",
    "c('tgkill', parent, parent, 0)",
    "c('tgkill', NOBODY, NOBODY, 0)",
    "c('syscall', FUTEX, page, LOCK_PI, 0, 0, 0, 0)",
    "c('madvise', page, 4096, WILL_NEED)",
    "fcntl.fcntl(ours, fcntl.F_SETOWN, parent)",
    "fcntl.fcntl(0, fcntl.F_GETFD)",
    "fcntl.ioctl(ours, termios.FIONREAD, bytes(4))",
    "c('mprotect', page, 4096, mmap.PROT_READ | mmap.PROT_EXEC)",
    "c('syscall', CLONE, NEW_USER, 0, 0, 0, 0)",
    "c('syscall', CLONE, signal.SIGCHLD, 0, 0, 0, 0)",
    "c('socketpair', 1, 1, 0, page)",
    "ours.sendmsg([b'bytes'])",
    "ours.sendto(b'bytes', '/tmp/socket')",
    "mmap.mmap(-1, 4096)",
    "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)",
]


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    """What the kernel says to each of these, all in one process."""
    tries = "".join(f"tell(**{{{attempt!r}: outcome(lambda: {attempt})}})\n" for attempt in REFUSED)
    return behind_the_door(tries).told


@pytest.mark.parametrize("attempt", REFUSED)
def test_a_call_is_refused(attempt: str, answers: dict[str, str]) -> None:
    assert answers[attempt] == "EPERM"


@pytest.mark.parametrize(
    "attempt",
    [
        "os.execv('/bin/sh', ['sh', '-c', 'exit 7'])",
        "libc.ptrace(16, parent, 0, 0)",
        "libc.process_vm_readv(parent, 0, 0, 0, 0, 0)",
        "libc.mount(0, 0, 0, 0, 0)",
        "libc.unshare(NEW_USER)",
        "thread = threading.Thread(target=libc.unshare, args=(NEW_USER,)); thread.start(); thread.join()",
    ],
)
def test_a_dangerous_call_ends_the_process(attempt: str) -> None:
    ended = behind_the_door(attempt + "\ntell(lived=True)")
    assert ended.status == -signal.SIGSYS
    assert "lived" not in ended.told


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only there one process has calls of three kinds")
@pytest.mark.parametrize(
    "attempt",
    ["libc.syscall(ctypes.c_long(0x40000000 + 39))", "code_32()"],
    ids=["x32", "32 bits"],
)
def test_calls_by_other_numbers_end_the_process(attempt: str) -> None:
    """getpid, whose number in 32 bits is that of another call in 64 bits."""
    code = r"""
executable = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
executable.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
code_32 = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(executable)))
"""
    ended = behind_the_door(f"{attempt}\ntell(lived=True)", before=code)
    assert ended.status in {-signal.SIGSYS, -signal.SIGSEGV}  # the latter where the kernel has no such calls
    assert "lived" not in ended.told


def test_memory_is_bounded_however_it_is_asked_for() -> None:
    ended = behind_the_door(f"""
tell(within=outcome(lambda: bytearray({MEMORY // 2})))
tell(beyond=outcome(lambda: bytearray({MEMORY * 5 // 4})))
protected = libc.mmap
protected.restype = ctypes.c_void_p
place = protected(None, ctypes.c_size_t({2 * MEMORY}), 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
tell(by_mprotect=outcome(lambda: c("mprotect", place, {2 * MEMORY}, mmap.PROT_READ | mmap.PROT_WRITE)))
held = []
try:
    while True:
        held.append(bytearray(50_000))
except MemoryError:
    count = len(held)
    held.clear()
tell(in_pieces=count * 50_000)
""")
    answers = [ended[name] for name in ("within", "beyond", "by_mprotect")]
    assert answers == ["done", "MemoryError", "ENOMEM"]
    assert MEMORY * 3 / 4 < ended["in_pieces"] < MEMORY * 5 / 4


def test_it_starts_threads_and_signals_itself() -> None:
    ended = behind_the_door("""
threads = [threading.Thread(target=lambda: None) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
tell(threads=True)
os.abort()
""")
    assert ended["threads"]
    assert ended.status == -signal.SIGABRT


def test_descriptors_are_closed_and_few() -> None:
    ended = behind_the_door(
        """
tell(other=outcome(lambda: os.read(other, 1)), kept=os.read(kept, 3).decode(), writable=outcome(lambda: os.write(writable, b"x")))
held = []
def fill():
    while True:
        held.append(os.dup(0))
tell(more=outcome(fill), count=len(held))
""",
        before="""
other, kept = os.open("/etc/passwd", os.O_RDONLY), os.open("/etc/passwd", os.O_RDONLY)
writable = os.memfd_create("file")
keep += [kept, writable]
""",
    )
    told = {name: ended[name] for name in ("other", "writable", "more")}
    assert told == {"other": "EBADF", "writable": "EFBIG", "more": "EMFILE"}
    assert 3 <= ended["count"] < 16


def test_it_receives_descriptors_and_writes_to_shared_memory() -> None:
    """As the analysis gives it the video and the memory for frames."""
    ended = behind_the_door(
        """
message, (received,), *_ = socket.recv_fds(ours, 100, 4)
with mmap.mmap(received, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE) as memory:
    memory[:5] = b"frame"
os.lseek(received, 0, 0)
tell(message=message.decode(), memory=os.read(received, 5).decode())
tell(cut=outcome(lambda: os.ftruncate(received, 0)), sent=ours.send(b"done"))
""",
        before="""
memory = os.memfd_create("frames")
os.truncate(memory, 4096)
socket.send_fds(theirs, [b"here"], [memory])
os.close(memory)
""",
    )
    assert {name: ended[name] for name in ("message", "memory", "cut", "sent")} == {
        "message": "here",
        "memory": "frame",
        "cut": "EPERM",
        "sent": 4,
    }


def test_threads_that_ran_before_are_filtered_too_and_the_lack_of_landlock_is_told() -> None:
    ended = behind_the_door(
        "go.set(); thread.join()",
        before="""
go = threading.Event()
def later(): go.wait(); tell(answer=outcome(lambda: os.memfd_create("x")))
thread = threading.Thread(target=later); thread.start()
""",
    )
    assert ended["answer"] == "EPERM"
    assert "Landlock" not in ended["in_force"]
    assert ended["missing_extras"] == [
        "Landlock: this process has several threads already, and it would hold one of them"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="root can become a user who has no other threads")
def test_threads_are_bounded() -> None:
    ended = behind_the_door(
        """
begun, go = [], threading.Event()
try:
    while True:
        thread = threading.Thread(target=go.wait); thread.start(); begun.append(thread)
except RuntimeError as error:
    tell(begun=len(begun), error=str(error))
go.set()
""",
        before="""
import pyseccomp
from human_detector.processes.cage import limits
limits.MOST_THREADS_OF_THE_USER = 20
threading.stack_size(1 << 16)
become(59823)
""",
    )
    assert (ended["begun"], ended["error"]) == (19, "can't start new thread")
