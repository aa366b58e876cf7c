"""Programs beside the worker: what they start with, and what they can do if a video breaks into them.

Each attempt is made in a process that is confined as the report and the copy are; the kernel gives the answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from human_detector.configuration import WorkerSettings
from human_detector.processes.cage.cage import Unavailable
from human_detector.processes.cage.landlock import landlock_version
from human_detector.worker import side_program
from human_detector.worker.side_program import SideProgram
from sample_clip import sample_clip
from support.child import Ended, run_child
from support.worker_harness import Aws, run_worker

SETTINGS = WorkerSettings(cage="required", decoder_memory_mb=256)
PLANTED = {
    "AWS_ACCESS_KEY_ID": "AKIAPLANTED",
    "AWS_SECRET_ACCESS_KEY": "planted-secret",
    "AWS_SESSION_TOKEN": "planted-token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/planted",
    "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/planted",
    "HTTPS_PROXY": "http://somebody:planted-password@proxy:3128",
}


def _landlock() -> int:
    try:
        return landlock_version()
    except Unavailable:
        return 0


linux = pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux")
needs_landlock = pytest.mark.skipif(
    not _landlock(), reason="this kernel has no Landlock, or has it turned off"
)


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A video, a folder for what is made of it, and what is nobody's business."""
    for folder in ("job", "other-job"):
        (tmp_path / folder).mkdir()
    for file in ("video", "job/result.json", "other-job/video", "credentials"):
        (tmp_path / file).write_text("content")
    return tmp_path


def attempt(lines: str, places: Path) -> Ended:
    """What comes of lines in a confined process, as `answer`."""
    ended = run_child(f"""
import ctypes, os, signal, socket, subprocess
from pathlib import Path
from human_detector.processes.cage.doors import confine_side_program
parent, places = os.getppid(), Path({str(places)!r})
cage = confine_side_program(256 << 20, [places / "video"], [places / "job"])
tell(missing=cage.missing)
def attempt():
    {lines}
tell(answer=outcome(attempt))
""")
    assert ended["missing"] == [], ended
    return ended


@linux
@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ("socket.socket(socket.AF_INET)", "EPERM"),
        ("socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", "EPERM"),
        ("socket.socket(socket.AF_UNIX).connect('/run/docker.sock')", "EPERM"),
        ("subprocess.run(['/bin/sh', '-c', 'id'])", "EPERM"),
        ("os.execv('/bin/sh', ['sh'])", "EPERM"),
        ("os.fork()", "EPERM"),
        ("os.kill(parent, signal.SIGKILL)", "EPERM"),
        ("c('ptrace', 16, parent, 0, 0)", "EPERM"),
        ("c('process_vm_readv', parent, 0, 0, 0, 0, 0)", "EPERM"),
        ("bytearray(512 << 20)", "MemoryError"),
        ("bytearray(64 << 20)", "done"),
        ("open(places / 'video')", "done"),
        ("open('/dev/null', 'w')", "done"),
        ("open(places / 'job/page', 'w'); os.rename(places / 'job/page', places / 'job/page.html')", "done"),
    ],
)
def test_what_the_kernel_says(lines: str, answer: str, places: Path) -> None:
    assert attempt(lines, places)["answer"] == answer


@linux
@needs_landlock
@pytest.mark.parametrize(
    "lines",
    [
        "open(places / 'credentials')",
        "open(places / 'other-job/video')",
        "os.listdir(places)",
        "open(places / 'video', 'w')",
        "open(places / 'other', 'w')",
        "open(f'/proc/{parent}/environ')",
        "open('/proc/self/environ')",
        "open('/etc/passwd')",
        "os.listdir(os.path.expanduser('~'))",
        "os.link(places / 'credentials', places / 'job/stolen')",
        "open('/tmp/left-behind', 'w')",
    ],
)
def test_paths_that_are_not_its_own(lines: str, places: Path) -> None:
    assert attempt(lines, places)["answer"] in ("EACCES", "EXDEV")


def test_it_starts_without_secrets(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    code = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[4] + '/seen', 'w')); assert not sys.stdin.read()"
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, "-c", code))
    program = SideProgram(("module",), SETTINGS, 60, lambda: None)
    assert program.run([places / "video"], places / "job", []) is None
    seen = json.loads((places / "job" / "seen").read_text())
    assert not seen.keys() & PLANTED.keys()
    assert not any("planted" in value.lower() for value in seen.values())
    assert seen["TMPDIR"] == str(places / "job")


@linux
def test_what_cannot_be_confined_is_not_run_if_that_is_required(places: Path) -> None:
    """A system without libseccomp, as a module in its place shows it."""
    (places / "pyseccomp.py").write_text("raise ImportError('no libseccomp here')")
    (places / "wanted.py").write_text("print('it has run')")
    lines = f"""
import sys
from human_detector.processes.confined import main
sys.path[:0] = [{str(places)!r}]
try: main({{cage!r}}, "256", {str(places / "video")!r}, {str(places)!r}, "wanted")
except SystemExit as end: tell(end=str(end))
"""
    told = run_child(lines.format(cage="required"))
    assert "this program cannot be confined here: seccomp: libseccomp cannot be used" in told["end"]
    (places / "wanted.py").write_text("import os; os.write(1, b'{\"ran\": true}')")
    assert run_child(lines.format(cage="preferred"))["ran"]


@linux
def test_report_and_copy_are_made_in_the_cage(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip(), key="videos/-x.mp4")
    wanted = aws.variables(report=True, anonymize={}, worker={"cage": "required"})
    wanted["human_detection"] = {"detectors": [["support.fake_detectors:ScoredDetector", {"label": "face", "score": 0.9}]], "frame_ratio": 1}  # fmt: skip
    ran = run_worker(wanted, tmp_path)
    assert aws.keys() == [f"human_detector/42/-x.{kind}" for kind in ("anonymized.mp4", "html", "json")], (
        ran.log
    )
    assert "WARNING" not in ran.log
