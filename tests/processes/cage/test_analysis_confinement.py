"""What the analysis can do once it is confined, as the kernel says it: each test is a process that tries."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support.child import Ended, run_child
from support.landlock import needs_landlock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux")

IMPORTS = """
import ctypes, fcntl, platform, resource, signal, socket, subprocess, threading
from pathlib import Path
from human_detector.processes.cage.doors import confine_analysis, confine_analysis_early
parent = os.getppid()
CLONE, CLONE3 = {"x86_64": 56, "aarch64": 220}[platform.machine()], 435
NEW_USER, FIOSETOWN = 0x10000000, 0x8901
unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
"""
LATE = "cage = confine_analysis(uses_gpu=False); tell(missing=cage.missing)\n"


def late(lines: str) -> Ended:
    """Runs lines in a process that is confined as after loading its models."""
    ended = run_child(IMPORTS + LATE + lines)
    assert ended["missing"] == [], ended
    return ended


# Signals are the number 0, which reaches nobody, should the cage be broken.
REFUSED = [
    "socket.socket(socket.AF_INET)",
    "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "socket.socket(socket.AF_UNIX)",
    "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "unix.connect('/tmp/socket')",
    "unix.bind('\\0name')",
    "unix.sendto(b'bytes', '/dev/log')",
    "os.kill(parent, 0)",
    "os.kill(0, 0)",
    "signal.pidfd_send_signal(os.pidfd_open(parent), 0)",
    "fcntl.fcntl(0, fcntl.F_SETOWN, parent)",
    "fcntl.ioctl(unix, FIOSETOWN, parent.to_bytes(4, 'little'))",
    "resource.prlimit(parent, resource.RLIMIT_DATA)",
    "c('ptrace', 16, parent, 0, 0)",
    "c('process_vm_readv', parent, 0, 0, 0, 0, 0)",
    "c('mount', 0, 0, 0, 0, 0)",
    "c('unshare', 0x10000000)",
    "c('syscall', 452, -100 & (1 << 64) - 1, 0, 0, 0)",
    "os.chmod('/nowhere', 0o777)",
    "os.chown('/nowhere', 0, 0)",
    "os.fork()",
    "os.execv('/bin/true', ['true'])",
    "subprocess.run(['/bin/true'])",
]


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    """What the kernel says to each of these, all in one process."""
    return late("".join(f"tell(**{{{attempt!r}: outcome(lambda: {attempt})}})\n" for attempt in REFUSED)).told


@pytest.mark.parametrize("attempt", REFUSED)
def test_a_call_is_refused(attempt: str, answers: dict[str, str]) -> None:
    assert answers[attempt] == "EPERM"


def test_what_it_needs_is_left() -> None:
    """Threads, its sockets, files, and signals to itself."""
    ended = late("""
threads = [threading.Thread(target=lambda: tell(thread=True))]
threads[0].start(); threads[0].join()
one, other = socket.socketpair()
one.sendmsg([b"data"]); tell(received=other.recv(4).decode())
tell(read=bool(Path("/proc/self/status").read_bytes()))
signal.signal(signal.SIGUSR1, lambda *_: tell(signal=True))
os.kill(os.getpid(), signal.SIGUSR1)
""")
    told = {name: ended[name] for name in ("thread", "received", "read", "signal")}
    assert told == {"thread": True, "received": "data", "read": True, "signal": True}


def test_threads_that_ran_before_are_confined_too() -> None:
    ended = run_child(
        IMPORTS
        + "go = threading.Event()\n"
        + "def later(): go.wait(); tell(answer=outcome(lambda: socket.socket(socket.AF_INET)))\n"
        + "thread = threading.Thread(target=later); thread.start()\n"
        + LATE
        + "go.set(); thread.join()"
    )
    assert ended["answer"] == "EPERM"


def test_on_a_gpu_a_program_may_be_started_and_has_the_same_rights() -> None:
    ended = run_child(
        IMPORTS
        + "confine_analysis(uses_gpu=True)\n"
        + "script = 'import socket; socket.socket(socket.AF_INET)'\n"
        + "done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)\n"
        + "tell(status=done.returncode, errors=done.stderr)"
    )
    assert ended["status"] == 1
    assert "PermissionError: [Errno 1]" in ended["errors"]


def test_on_a_gpu_no_process_starts_in_a_namespace_of_its_own() -> None:
    ended = run_child(
        IMPORTS
        + "confine_analysis(uses_gpu=True)\n"
        + "tell(clone=outcome(lambda: c('syscall', CLONE, NEW_USER | signal.SIGCHLD, 0, 0, 0, 0)))\n"
        + "tell(clone3=outcome(lambda: c('syscall', CLONE3, 0, 0)))"
    )
    assert (ended["clone"], ended["clone3"]) == ("EPERM", "ENOSYS")


def make_places(folder: Path) -> Path:
    """Folders as a worker has them: a hidden one with a video and, in it, one for results; and a link to it."""
    for name in ("scratch/results", "scratch/deeper", "models"):
        (folder / name).mkdir(parents=True)
    for file in ("scratch/video", "scratch/deeper/video", "models/model", "credentials"):
        (folder / file).write_text("content")
    (folder / "link").symlink_to(folder / "scratch")
    return folder


EARLY = """
hidden = [places / "scratch", places / "credentials", places / "comes-later"]
cage = confine_analysis_early(hidden, [places / "scratch/results"])
tell(missing=cage.missing, missing_extras=cage.missing_extras)
"""


def early(lines: str, places: Path) -> Ended:
    """Runs lines in a process that is confined as before it loads its models."""
    ended = run_child(IMPORTS + f"places = Path({str(places)!r})\n" + EARLY + lines)
    assert ended["missing"] == ended["missing_extras"] == [], ended
    return ended


WITH_LANDLOCK = [
    ("open(places / 'models/model')", "done"),
    ("os.listdir(places / 'models')", "done"),
    ("open('/etc/passwd')", "done"),
    ("open(places / 'scratch/results/new', 'w')", "done"),
    ("open('/dev/null', 'w')", "done"),
    ("open('/dev/shm/human-detector-test', 'w'); os.unlink('/dev/shm/human-detector-test')", "done"),
    ("open(places / 'scratch/video')", "EACCES"),
    ("open(places / 'scratch/deeper/video')", "EACCES"),
    ("open(places / 'link/video')", "EACCES"),
    ("open(places / 'credentials')", "EACCES"),
    ("os.listdir(places / 'scratch')", "EACCES"),
    ("open(places / 'scratch/new', 'w')", "EACCES"),
    ("open(places / 'models/model', 'w')", "EACCES"),
    ("open(places / 'comes-later', 'w')", "EACCES"),
    ("os.truncate(places / 'models/model', 0)", "EACCES"),
    ("os.rename(places / 'scratch/results', places / 'models/stolen')", "EACCES"),
    ("os.link(places / 'credentials', places / 'scratch/results/stolen')", "EXDEV"),
    ("open(f'/proc/{parent}/environ')", "EACCES"),
    ("open(f'/proc/{parent}/mem')", "EACCES"),
    ("os.readlink(f'/proc/{parent}/fd/0')", "EACCES"),
    ("os.setuid(10001)", "EPERM"),
    ("os.kill(parent, 0)", "EPERM"),
    ("socket.create_connection(('127.0.0.1', 9))", "EACCES"),
    ("socket.create_connection(('169.254.170.2', 80), 1)", "EACCES"),
    ("socket.create_server(('127.0.0.1', 0))", "EACCES"),
]


@pytest.fixture(scope="module")
def landlock_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the kernel says to each of these, all in one process."""
    tries = "".join(
        f"def attempt():\n    {attempt}\ntell(**{{{attempt!r}: outcome(attempt)}})\n"
        for attempt, _ in WITH_LANDLOCK
    )
    return early(tries, make_places(tmp_path_factory.mktemp("places"))).told


@needs_landlock
@pytest.mark.parametrize(("attempt", "answer"), WITH_LANDLOCK)
def test_paths_ports_and_processes(attempt: str, answer: str, landlock_answers: dict[str, str]) -> None:
    assert landlock_answers[attempt] == answer


@needs_landlock
def test_what_is_hidden_and_made_later_stays_hidden(tmp_path: Path) -> None:
    """And what was there, and is no folder on the way to something hidden, takes new files that can be read."""
    places = make_places(tmp_path)
    script = f"""
places = Path({str(places)!r})
make = "read go; echo content >{places}/comes-later; echo content >{places}/models/new; echo made"
maker = subprocess.Popen(["sh", "-c", make], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
confine_analysis_early([places / "comes-later"], [])
maker.communicate(b"go\\n")
tell(hidden=outcome(lambda: open(places / "comes-later")), new=outcome(lambda: open(places / "models/new")))
"""
    ended = run_child(IMPORTS + script)
    assert (ended["hidden"], ended["new"]) == ("EACCES", "done")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two users")
@pytest.mark.parametrize(("hide", "answer"), [("hide_worker()", "EACCES"), ("None", "done")])
def test_a_hidden_worker_cannot_be_read_by_others_of_its_user(hide: str, answer: str) -> None:
    ended = run_child(f"""
import signal
from human_detector.processes.cage.doors import hide_worker
become(10001)
hidden, tells_hidden = os.pipe()
worker = os.fork()
if not worker:
    {hide}
    os.write(tells_hidden, b"x")
    signal.pause()
os.read(hidden, 1)
names = "environ", "mem", "maps"
tell(**{{name: outcome(lambda: open(f"/proc/{{worker}}/{{name}}", "rb")) for name in names}})
os.kill(worker, signal.SIGKILL)
""")
    assert [ended[name] for name in ("environ", "mem", "maps")] == [answer] * 3


@pytest.mark.skipif(os.geteuid() != 0, reason="root reads what is hidden from others")
@pytest.mark.parametrize(
    ("confine", "answer"), [("confine_analysis_early([], [])", "EACCES"), ("None", "done")]
)
def test_a_hidden_worker_cannot_be_read_by_an_analysis_without_landlock(confine: str, answer: str) -> None:
    """Not even where both are root: the analysis has given up what root may more than others."""
    ended = run_child(f"""
import pyseccomp, signal
from human_detector.processes.cage.doors import confine_analysis_early, hide_worker
hidden, tells_hidden = os.pipe()
worker = os.fork()
if not worker:
    hide_worker()
    os.write(tells_hidden, b"x")
    signal.pause()
os.read(hidden, 1)
refused = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
refused.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "landlock_create_ruleset")
refused.load()
{confine}
names = "environ", "mem", "maps"
tell(**{{name: outcome(lambda: open(f"/proc/{{worker}}/{{name}}", "rb")) for name in names}})
os.kill(worker, signal.SIGKILL)
""")
    assert [ended[name] for name in ("environ", "mem", "maps")] == [answer] * 3
