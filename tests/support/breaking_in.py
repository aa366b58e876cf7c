"""Processes as the worker has them, whose decoder a video can break into; and what becomes of the video."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from human_detector.errors import HumanDetectorError, Interrupted, VideoError
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.analysis_request import AnalysisRequest, AnalysisSettings
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from support import broken_decoder
from support.intruder import try_all

DETECTION = {"detectors": [["support.fake_detectors:InstantDetector", {}]], "frame_ratio": 1}
STALL_SECONDS = 2
JOB_SECONDS = 4
"""worker.stall_timeout and worker.max_job_seconds, so short that nobody waits for them in vain."""


@dataclass(frozen=True)
class Outcome:
    """What came of an attack.

    Attributes:
        job: how the job of that video ended.
        answers: what the kernel said to each attempt, where the decoder lived to tell.
    """

    job: str
    answers: dict[str, str] = field(default_factory=dict)


class House:
    """A worker with its analysis and its decoders.

    Args:
        folder: for videos and results.
        listener: at which nobody must knock.
    """

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self._folder, self._listener = folder, listener
        settings = DecoderSettings(cage="required", memory_mb=1024)
        self._decoders = DecoderPool(settings, broken_decoder.PROGRAM)
        self._analysis = AnalysisProcess(
            AnalysisSettings(DETECTION, False, "text"), self._decoders, STALL_SECONDS
        )
        self._good = make_clip(folder / "good.mp4")
        self._secret = folder / "secret"
        self._secret.write_text("nobody must read this")
        self._jobs = 0
        self._right = self._result_of(self._good)
        self._pid = self._analysis.pid
        self._other = self._decoders.take(lambda: None)
        self._source = _parent(self._other.pid)

    def try_attack(self, attack: str) -> Outcome:
        """Analyse a video that breaks in."""
        video = self._folder / "video"
        video.write_bytes(
            broken_decoder.break_in(
                attack,
                worker=os.getpid(),
                analysis=self._analysis.pid,
                source=self._source,
                sibling=self._other.pid,
                port=self._listener.getsockname()[1],
                secret=str(self._secret),
            )
        )
        try:
            json.loads(self._result_of(video, JOB_SECONDS), parse_constant=_no_number)
        except VideoError as error:
            if attack == try_all.__name__:
                return Outcome("error: the video cannot be analysed", json.loads(str(error)))
            return Outcome(f"error: {error}")
        except HumanDetectorError as error:
            return Outcome(f"failed attempt: {error}")
        return Outcome("done")

    def is_whole(self) -> bool:
        """Whether the next good video's result is exactly right, by the same models; and nobody was reached."""
        is_right = self._result_of(self._good) == self._right
        was_reached = not _is_deaf(self._listener) or Path("/tmp/broken-in").exists()
        # The source would have been started again, and its other decoder would have ended with it.
        are_alive = self._analysis.pid == self._pid and _parent(self._other.pid) == self._source
        return is_right and are_alive and not was_reached

    def close(self) -> None:
        """End the processes."""
        self._other.end()
        self._analysis.close()

    def _result_of(self, video: Path, seconds: float = 60) -> bytes:
        self._jobs += 1
        result = self._folder / f"result-{self._jobs}.json"
        request = AnalysisRequest(video, result, self._jobs, {}, 3600, {})
        end = time.monotonic() + seconds

        def check() -> None:
            if time.monotonic() > end:
                raise Interrupted(f"the job took longer than {seconds} s (worker.max_job_seconds)")

        self._analysis.analyze(request, check, lambda _: None)
        return result.read_bytes().replace(b'"video_id":%d' % self._jobs, b'"video_id":0')


@contextmanager
def house() -> Iterator[House]:
    """A house, its processes ended afterwards."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        made = House(Path(folder), listener)
        try:
            yield made
        finally:
            made.close()


def make_clip(path: Path) -> Path:
    """A video of twenty frames, made without the command ffmpeg."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 160, 120
        for number in range(20):
            picture = np.full((120, 160, 3), number * 10, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _parent(pid: int) -> int:
    """The process from which one comes that is alive; 0 for others."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except FileNotFoundError:
        return 0
    return 0 if state == "Z" else int(parent)


def _is_deaf(listener: socket.socket) -> bool:
    try:
        listener.accept()
    except BlockingIOError:
        return True
    return False


def _no_number(name: str) -> float:
    raise AssertionError(f"{name} in a result")
