"""Files that refer to other files and to addresses: nothing is opened, nothing is fetched.

They are read behind a filter that kills whoever opens a file or a socket, and the addresses in them are those of
somebody who counts.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from support.fuzzing.three_processes import ThreeProcesses
from support.media import H264, clip, needs_ffmpeg
from support.references import REFERENCES, Reference, around

pytestmark = [
    needs_ffmpeg,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="has the kernel watch"),
]

READ_WATCHED = """
import json, os, sys
import av
import pyseccomp
from human_detector.errors import VideoError
from human_detector.video.opened import OpenedFile
from human_detector.video.source import VideoSource

warm, video = (os.open(path, os.O_RDONLY) for path in sys.argv[1:3])
follow = json.loads(sys.argv[3])
with VideoSource(warm) as source:
    assert len(list(source.frames())) == 25
watch = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for call in ("open", "openat", "openat2", "access", "faccessat", "readlink", "socket", "connect", "execve"):
    watch.add_rule(pyseccomp.KILL_PROCESS, call)
watch.load()
try:
    if follow is None:
        with VideoSource(video) as source:
            print(len(list(source.frames())), "frames")
    else:
        form = follow.pop("format", None)
        with av.open(OpenedFile(video), format=form, options=follow) as container:
            print(sum(1 for _ in container.demux()), "packets")
except (VideoError, av.FFmpegError) as error:
    print(error)
"""


class Listener:
    """Somebody at an address of this machine who counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/part.ts"

    def close(self) -> None:
        """End listening."""
        self._socket.close()

    def visits(self) -> int:
        """How many have come since the last time."""
        count = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                count += 1
        return count


@pytest.fixture
def listener() -> Iterator[Listener]:
    with closing(Listener()) as listening:
        yield listening


def read_watched(folder: Path, path: Path, follow: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
    warm = clip(folder / "warm.mp4", *H264)
    arguments = [sys.executable, "-c", READ_WATCHED, warm, path, json.dumps(follow)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.name)
def test_nothing_is_opened_or_fetched(tmp_path: Path, listener: Listener, reference: Reference) -> None:
    path = reference.make(around(tmp_path, listener.address))
    done = read_watched(tmp_path, path, None)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("frames\n") or done.stdout.startswith(("the file", "not one frame"))
    assert listener.visits() == 0


@pytest.mark.parametrize(
    "reference",
    [each for each in REFERENCES if each.follow is not None],
    ids=lambda reference: reference.name,
)
def test_who_follows_a_reference_is_noticed(tmp_path: Path, listener: Listener, reference: Reference) -> None:
    """FFmpeg itself, asked to follow what it can: else the test above could not fail."""
    path = reference.make(around(tmp_path, listener.address))
    protocols = {"protocol_whitelist": "file,http,tcp,udp,rtp,crypto,concat,data"}
    done = read_watched(tmp_path, path, {**protocols, **(reference.follow or {})})
    assert done.returncode == -signal.SIGSYS, (done.returncode, done.stdout, done.stderr)


@pytest.mark.long
def test_the_three_processes_follow_nothing_either(tmp_path: Path, listener: Listener) -> None:
    good, scratch = clip(tmp_path / "good.mp4", *H264), tmp_path / "scratch"
    scratch.mkdir()
    with ThreeProcesses(good, scratch) as processes:
        for number, reference in enumerate(REFERENCES):
            (folder := tmp_path / str(number)).mkdir()
            ending = processes.judge(reference.make(around(folder, listener.address)))
            assert not ending.problems, reference.name
            assert ending.kind in ("done", "error"), (reference.name, ending)
        assert not processes.problems_after()
    assert listener.visits() == 0
