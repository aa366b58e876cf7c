"""The process that holds the models, from the worker's side: signs of life, cancelling, crashes, a bad start."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from human_detector.errors import AnalysisCrashed, ConfigurationError, Interrupted, VideoError
from human_detector.processes import analysis_process, analysis_serving
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.analysis_request import AnalysisRequest, AnalysisSettings
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from human_detector.processes.wire import Channel, pair
from human_detector.results.made_of import made_of
from human_detector.results.writer import frames_left
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import BIKES, sample_clip
from support.media import clip, needs_ffmpeg

SECONDS_PER_FRAME = 1.2
STALL_TIMEOUT = 2.0
INSTANT = {"detectors": [["support.fake_detectors:InstantDetector", {}]], "frame_ratio": 0.2}


class Analyses:
    """Makes analysis processes, and ends them after the test."""

    def __init__(self) -> None:
        self._running: list[AnalysisProcess] = []

    def make(
        self,
        human_detection: dict[str, Any] = INSTANT,
        stall_timeout: float = 60,
        **settings: Any,
    ) -> AnalysisProcess:
        """One that is not started yet."""
        analysis = AnalysisProcess(
            AnalysisSettings(human_detection, False, "text"),
            DecoderPool(DecoderSettings(**settings)),
            stall_timeout,
        )
        self._running.append(analysis)
        return analysis

    def slow(self, batch_size: int) -> AnalysisProcess:
        """One whose detector takes its time."""
        arguments = {"seconds": SECONDS_PER_FRAME * batch_size, "max_batch_size": batch_size}
        detectors = [["support.fake_detectors:SlowDetector", arguments]]
        return self.make({"detectors": detectors, "frame_ratio": 0.2}, STALL_TIMEOUT)

    def end(self) -> None:
        """End all."""
        for analysis in self._running:
            analysis.close()


@pytest.fixture
def analyses() -> Iterator[Analyses]:
    """Whatever a test makes is ended after it."""
    made = Analyses()
    yield made
    made.end()


@pytest.fixture
def request_for(tmp_path: Path) -> AnalysisRequest:
    """A video of four frames to analyse, which fit into one batch."""
    video = clip(tmp_path / "clip.mp4", frames=20)
    return AnalysisRequest(video, tmp_path / "result.json", 1, {}, 3600, {})


@pytest.fixture
def bikes(tmp_path: Path) -> AnalysisRequest:
    """A video of 250 frames."""
    return AnalysisRequest(sample_clip(BIKES), tmp_path / "bikes.json", 1, {}, 3600, {})


def alive() -> None:
    """The worker wants the analysis to go on."""


def ignore(_: float) -> None:
    """Nobody watches."""


def test_the_result_is_that_of_an_analysis_in_one_process(bikes: AnalysisRequest, analyses: Analyses) -> None:
    progress: list[float] = []
    finished = analyses.make().analyze(bikes, alive, progress.append)
    alone = VideoAnalyzer(**INSTANT)
    header = alone.analyze_to_file(
        bikes.video_path, bikes.result_path.with_name("alone.json"), video_id=1, source={}
    )
    assert bikes.result_path.read_bytes() == bikes.result_path.with_name("alone.json").read_bytes()
    assert finished.analyzed_frames == header.summary.to_dict()["analyzed_frames"] == 50
    assert progress == sorted(progress)


def test_a_bad_video_costs_itself_alone(tmp_path: Path, bikes: AnalysisRequest, analyses: Analyses) -> None:
    analysis = analyses.make()
    text = tmp_path / "text"
    text.write_text("no video\n")
    with pytest.raises(VideoError, match="the file is no video"):
        analysis.analyze(AnalysisRequest(text, tmp_path / "text.json", 2, {}, 3600, {}), alive, ignore)
    pid = analysis.pid
    assert analysis.analyze(bikes, alive, ignore).analyzed_frames == 50
    assert analysis.pid == pid


def descendants() -> set[int]:
    """The processes that this one has started, and those that they have."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # gone
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def commands(pids: set[int]) -> dict[int, str]:
    """What these processes run."""
    return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids}


def decoders_at_work(analysis: AnalysisProcess) -> list[int]:
    """Those that hold a video, not the process that they come from."""
    source = analysis._decoders._source
    assert source is not None
    running = commands(descendants())
    return [pid for pid, command in running.items() if "decoder_main" in command and pid != source.pid]


def after(frames: int, do: Callable[[], None]) -> Callable[[float], None]:
    """Something that is done once, after so many reports of progress."""
    seen = 0

    def watch(_: float) -> None:
        nonlocal seen
        seen += 1
        if seen == frames:
            do()

    return watch


SLOW_AND_MANY = {
    "detectors": [["support.fake_detectors:SlowDetector", {"seconds": 0.1, "max_batch_size": 1}]],
    "frame_ratio": 1,
}


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL, signal.SIGSYS])
def test_a_decoder_that_dies_costs_its_video_and_no_model(
    how: signal.Signals, bikes: AnalysisRequest, analyses: Analyses
) -> None:
    analysis = analyses.make(SLOW_AND_MANY)
    analysis.start(alive)
    pid = analysis.pid

    def kill() -> None:
        (decoder,) = decoders_at_work(analysis)
        os.kill(decoder, how)

    with pytest.raises(AnalysisCrashed, match=rf"the decoder died \(signal {int(how)}\)"):
        analysis.analyze(bikes, alive, after(2, kill))
    began = time.monotonic()
    first: list[float] = []

    def note(_: float) -> None:
        first.append(time.monotonic() - began)
        raise Interrupted("seen enough")

    with pytest.raises(Interrupted):
        analysis.analyze(bikes, alive, note)
    assert analysis.pid == pid
    assert first[0] < 2, "the next video waits for a process that was started ahead, not for the models"


def test_a_decoder_that_hangs_is_a_stall_that_costs_no_model(
    bikes: AnalysisRequest, analyses: Analyses
) -> None:
    analysis = analyses.make(SLOW_AND_MANY, STALL_TIMEOUT)
    analysis.start(alive)
    pid = analysis.pid

    def freeze() -> None:
        (decoder,) = decoders_at_work(analysis)
        os.kill(decoder, signal.SIGSTOP)

    with pytest.raises(AnalysisCrashed, match="the decoder made no progress for 2 s"):
        analysis.analyze(bikes, alive, after(2, freeze))
    assert analysis.pid == pid
    assert decoders_at_work(analysis) == []


def test_a_cancelled_analysis_ends_and_the_models_stay(bikes: AnalysisRequest, analyses: Analyses) -> None:
    analysis = analyses.make(SLOW_AND_MANY)
    analysis.start(alive)
    pid, wanted = analysis.pid, threading.Event()

    def check() -> None:
        if wanted.is_set():
            raise Interrupted("asked to stop")

    with pytest.raises(Interrupted):
        analysis.analyze(bikes, check, after(2, wanted.set))
    assert analysis.pid == pid
    assert decoders_at_work(analysis) == []
    assert frames_left(bikes.result_path, made_of({}, VideoAnalyzer(**SLOW_AND_MANY).arguments)) > 0


def test_the_next_video_does_not_get_the_answer_to_one_that_was_cancelled(
    bikes: AnalysisRequest, analyses: Analyses
) -> None:
    analysis = analyses.make()

    def tire(_: float) -> None:
        raise Interrupted("seen enough")

    with pytest.raises(Interrupted):
        analysis.analyze(bikes, alive, tire)
    assert analysis.analyze(bikes, alive, ignore).analyzed_frames == 50


def test_nothing_is_left_of_many_videos(bikes: AnalysisRequest, analyses: Analyses) -> None:
    analysis = analyses.make()
    analysis.analyze(bikes, alive, ignore)

    def open_files(pid: int) -> int:
        return len(os.listdir(f"/proc/{pid}/fd"))

    assert analysis.pid is not None
    ours, its = open_files(os.getpid()), open_files(analysis.pid)
    for _ in range(4):
        analysis.analyze(bikes, alive, ignore)
    assert (open_files(os.getpid()), open_files(analysis.pid)) == (ours, its)
    maps = Path(f"/proc/{analysis.pid}/maps").read_text()
    assert maps.count("human-detector-frames") <= 1
    running = sorted(command.split()[2] for command in commands(descendants()).values())
    assert running == ["human_detector.processes.analysis_main", "human_detector.processes.decoder_main"]
    analysis.close()
    assert descendants() == set()


def test_analysis_and_decoder_have_no_credentials(
    monkeypatch: pytest.MonkeyPatch, bikes: AnalysisRequest, analyses: Analyses
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/planted-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:planted-secret@localhost:1")
    analysis = analyses.make()
    analysis.analyze(bikes, alive, ignore)
    environments = {pid: Path(f"/proc/{pid}/environ").read_bytes() for pid in descendants()}
    assert len(environments) == 2
    assert not [pid for pid, environment in environments.items() if b"planted-secret" in environment]


def test_work_goes_on_counts_even_where_the_position_in_the_file_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(analysis_serving, "time", SimpleNamespace(monotonic=lambda: now))
    ours, theirs = pair()
    worker = Channel(ours)
    reporter = analysis_serving._Reporter(Channel(theirs))
    for _ in range(2):
        reporter.report(0.0)
        assert worker.receive(0) == {"say": "progress", "fraction": 0.0}
        reporter.report(0.0)
        assert worker.receive(0) is None, "too often"
        now += analysis_serving.REPORT_SECONDS


@needs_ffmpeg
def test_silence_is_a_stall_and_the_next_analysis_starts_anew(
    request_for: AnalysisRequest, analyses: Analyses
) -> None:
    analysis = analyses.slow(5)
    with pytest.raises(AnalysisCrashed, match="the analysis made no progress for 2 s"):
        analysis.analyze(request_for, alive, lambda _: None)
    assert analysis.pid is None
    analysis.start(alive)
    assert analysis.pid is not None


def test_a_restart_on_another_device_is_refused(analyses: Analyses) -> None:
    analysis = analyses.slow(1)
    analysis.start(alive)
    analysis.close()
    analysis.start(alive)
    analysis.close()
    analysis._device = "GPU:0 Tesla T4"
    with pytest.raises(ConfigurationError, match="ran on GPU:0 Tesla T4; after a restart there is only"):
        analysis.start(alive)
    assert analysis.pid is None


def test_a_process_that_cannot_be_started_can_be_later(
    monkeypatch: pytest.MonkeyPatch, analyses: Analyses
) -> None:
    analysis = analyses.slow(1)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr(analysis_process, "Program", fail)
        for _ in range(2):
            with pytest.raises(OSError, match="Cannot allocate memory"):
                analysis.start(alive)
    analysis.start(alive)
    assert analysis.pid is not None


def test_a_configuration_may_be_long(analyses: Analyses) -> None:
    label = "x" * 100_000
    detectors = [["support.fake_detectors:LabelledDetector", {"label": label}]]
    analysis = analyses.make({"detectors": detectors, "frame_ratio": 0.2})
    analysis.start(alive)
    assert analysis.pid is not None


def test_all_that_is_wrong_with_a_configuration_is_told(analyses: Analyses) -> None:
    folder = "/".join(["ü" * 100] * 4)
    detectors = [["HumanDetector", {"name": f"d{i}", "model": f"{folder}/{i}"}] for i in range(40)]
    analysis = analyses.make({"detectors": detectors, "frame_ratio": 0.2})
    with pytest.raises(ConfigurationError) as refused:
        analysis.start(alive)
    assert len(refused.value.problems) == 40
