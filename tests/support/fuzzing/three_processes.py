"""Gives files to the product as the worker does: an analysis process with a detector, a decoder for each file."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psutil

from human_detector.errors import AnalysisCrashed, PermanentError, TransientError
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.analysis_request import AnalysisRequest, AnalysisSettings
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from human_detector.results.reader import read_local_result
from human_detector.video_analyzer import VideoAnalyzer
from support.fuzzing.ending import CRASH, ERROR, Ending, ending_of_error, ending_of_result
from support.fuzzing.leftovers import Belongings, belongings, leftovers

MOST_SECONDS = 20
STANDSTILL_SECONDS = 3
"""A pause between two looks, of which there are several in a second, that no file is to blame for."""
MOST_MEMORY_MB = 512
MOST_ANALYSIS_MB = 400
"""Of a process without models, whatever its decoder sends."""
LONGEST_VIDEO = 10**10
WANTED: dict[str, Any] = {"detectors": [["support.fake_detectors:InstantDetector"]], "frame_ratio": 0.5}


class TookTooLong(Exception):
    """A file has not ended in its time."""


class ThreeProcesses:
    """This process is the worker; the two others are real. A context manager.

    Args:
        good: a clip that must come out right after whatever was before it.
        folder: for files that come and go; empty.
        seconds: that a file may take.
        memory_mb: that a decoder may take.
    """

    def __init__(
        self, good: Path, folder: Path, seconds: float = MOST_SECONDS, memory_mb: int = MOST_MEMORY_MB
    ) -> None:
        self._good, self._folder, self._seconds = good, folder, seconds
        self._right = {"video_id": 1, **VideoAnalyzer(**WANTED).analyze(good).to_dict()}
        settings = DecoderSettings(memory_mb=memory_mb)
        self._analysis = AnalysisProcess(
            AnalysisSettings(WANTED, False, "text"), DecoderPool(settings), stall_timeout=seconds
        )
        self._deadline = self._checked_at = math.inf
        self._memory_mb = 0.0
        self._pid: int | None = None
        self._before: Belongings | None = None

    def __enter__(self) -> Self:
        if problems := self.problems_after():
            raise RuntimeError(f"a good video does not come out right: {problems}")
        return self

    def __exit__(self, *_: object) -> None:
        self._analysis.close()

    def judge(self, video: Path) -> Ending:
        """Have a file analysed."""
        began = time.monotonic()
        self._memory_mb = 0
        try:
            ending = ending_of_result(self._analyze(video))
        except PermanentError as error:
            ending = ending_of_error(str(error))
        except AnalysisCrashed as error:
            problem = () if "decoder" in str(error) else ("not the decoder's end",)
            ending = Ending(CRASH, str(error), problem)
        except TransientError as error:
            ending = Ending(ERROR, str(error), ("nobody foresaw it",))
        except TookTooLong:
            ending = Ending(ERROR, problems=(f"it takes longer than {self._seconds:g} s",))
        return replace(ending, seconds=time.monotonic() - began, memory_mb=self._memory_mb)

    def problems_after(self) -> list[str]:
        """What is wrong after a file: whether the next good video comes out right, and what is left over."""
        try:
            is_right = self._analyze(self._good) == self._right
            problems = [] if is_right else ["the next good video's result is not what it was"]
        except (PermanentError, TransientError, TookTooLong) as error:
            problems = [f"the next good video: {error!r}"]
        pid = self._analysis.pid
        if pid is None:
            return [*problems, "the analysis is gone"]
        if self._pid not in (None, pid):
            problems.append("the analysis was started again")
        if self._before is None or pid != self._pid:
            self._before, self._pid = belongings(pid, self._folder), pid
        problems += leftovers(self._before, pid, self._folder)
        if (used := psutil.Process(pid).memory_info().rss / 2**20) > MOST_ANALYSIS_MB:
            problems.append(f"the analysis has {used:.0f} MiB")
        return problems

    def _analyze(self, video: Path) -> dict[str, Any]:
        """The result of a file."""
        self._checked_at = time.monotonic()
        self._deadline = self._checked_at + self._seconds
        result = self._folder / "result.json"
        request = AnalysisRequest(video, result, 1, {}, LONGEST_VIDEO, {})
        try:
            self._analysis.analyze(request, self._check, lambda _: None)
            return read_local_result(result)
        finally:
            for path in self._folder.iterdir():
                path.unlink()

    def _check(self) -> None:
        """What the worker does several times a second while it waits."""
        for process in psutil.Process().children(recursive=True):
            if process.pid != self._analysis.pid:
                with suppress(OSError, StopIteration):
                    self._memory_mb = max(self._memory_mb, _most_memory_mb(process.pid))
        now = time.monotonic()
        if now - self._checked_at > STANDSTILL_SECONDS:  # It was the machine that took its time.
            self._deadline += now - self._checked_at
        self._checked_at = now
        if now > self._deadline:
            raise TookTooLong


def _most_memory_mb(process: int) -> float:
    """What a process has had at most, MiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
