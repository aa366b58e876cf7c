"""The process that holds the models, from the worker's side: what counts as a sign of life, and a bad start."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from human_detector.errors import AnalysisCrashed, ConfigurationError
from human_detector.processes import analysis_main
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.protocol import AnalysisRequest, AnalysisSettings, Progress
from support.media import clip, needs_ffmpeg

SECONDS_PER_FRAME = 1.2
STALL_TIMEOUT = 2.0


def slow_analysis(batch_size: int) -> AnalysisProcess:
    """One whose detector takes its time."""
    arguments = {"seconds": SECONDS_PER_FRAME * batch_size, "max_batch_size": batch_size}
    detectors = [["support.fake_detectors:SlowDetector", arguments]]
    settings = AnalysisSettings({"detectors": detectors, "frame_ratio": 0.2}, False, "text")
    return AnalysisProcess(settings, STALL_TIMEOUT)


@pytest.fixture
def request_for(tmp_path: Path) -> AnalysisRequest:
    """A video of four frames to analyse, which fit into one batch."""
    video = clip(tmp_path / "clip.mp4", frames=20)
    return AnalysisRequest(video, tmp_path / "result.json", 1, {}, 3600, {})


@pytest.fixture
def analyses() -> Iterator[list[AnalysisProcess]]:
    """Whatever a test puts in is stopped after it."""
    running: list[AnalysisProcess] = []
    yield running
    for analysis in running:
        analysis.stop()


def alive() -> None:
    """The worker wants the analysis to go on."""


def test_work_goes_on_counts_even_where_the_position_in_the_file_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(analysis_main, "time", SimpleNamespace(monotonic=lambda: now))
    ours, theirs = Pipe()
    reporter = analysis_main._Reporter(theirs, Event())  # type: ignore[arg-type]
    for _ in range(2):
        reporter.report(0.0)
        assert ours.poll(0)
        assert ours.recv() == Progress(0.0)
        reporter.report(0.0)
        assert not ours.poll(0), "too often"
        now += analysis_main.REPORT_SECONDS


@needs_ffmpeg
def test_silence_is_a_stall_and_the_next_analysis_starts_anew(
    request_for: AnalysisRequest, analyses: list[AnalysisProcess]
) -> None:
    analyses.append(analysis := slow_analysis(5))
    with pytest.raises(AnalysisCrashed, match="no progress for 2 s"):
        analysis.analyze(request_for, alive, lambda _: None)
    assert analysis.pid is None
    analysis.start(alive)
    assert analysis.pid is not None


def test_a_restart_on_another_device_is_refused(analyses: list[AnalysisProcess]) -> None:
    analyses.append(analysis := slow_analysis(1))
    analysis.start(alive)
    analysis.stop()
    analysis.start(alive)
    analysis.stop()
    analysis._device = "GPU:0 Tesla T4"
    with pytest.raises(ConfigurationError, match="ran on GPU:0 Tesla T4; after a restart there is only"):
        analysis.start(alive)
    assert analysis.pid is None


def test_a_process_that_cannot_be_started_can_be_later(
    monkeypatch: pytest.MonkeyPatch, analyses: list[AnalysisProcess]
) -> None:
    analyses.append(analysis := slow_analysis(1))

    def fail(_process: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr(SpawnProcess, "start", fail)
        for _ in range(2):
            with pytest.raises(OSError, match="Cannot allocate memory"):
                analysis.start(alive)
    analysis.start(alive)
    assert analysis.pid is not None
