"""The analysis process: holds the models and the GPU, and serves one analysis after another."""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from human_detector.analysis.frame_feed import Progress, Wanted
from human_detector.errors import ConfigurationError, HumanDetectorError
from human_detector.logs import log_context, log_native_output
from human_detector.processes.cage.cage import Cage
from human_detector.processes.cage.doors import confine_analysis
from human_detector.processes.decoded_feed import DecodedFeed
from human_detector.processes.messages import failed
from human_detector.processes.wire import Channel, ChannelClosed
from human_detector.video.limits import VideoLimits
from human_detector.video_analyzer import VideoAnalyzer

log = logging.getLogger(__name__)

REPORT_SECONDS = 0.2


def serve(worker: Channel, settings: Mapping[str, Any], early: Cage) -> None:
    """Load the models, and serve the worker until it ends.

    Args:
        worker: its requests come from here, and it gets the answers.
        settings: see AnalysisSettings.
        early: what confines this process so far.
    """
    faulthandler.enable(os.fdopen(os.dup(2), "w"))
    requests = _Requests(worker)
    log_native_output(settings["log_format"])
    try:
        _require_gpu(settings)
        analyzer = VideoAnalyzer(**settings["human_detection"])
        analyzer.load()
    except Exception as error:
        worker.send(_failed(error))
        return
    cage = early + confine_analysis(uses_gpu=analyzer.engine.device.startswith("GPU"))
    worker.send({"say": "ready", "engine": analyzer.engine.to_dict(), **cage.lacks})
    while True:
        analyze(analyzer, *requests.next(), worker)


def analyze(analyzer: VideoAnalyzer, request: Mapping[str, Any], decoder: int, worker: Channel) -> None:
    """See one request through.

    Args:
        analyzer: loaded.
        request: what the worker asks for.
        decoder: descriptor of a socket to the decoder that holds the video.
        worker: gets the answers.
    """
    limits = VideoLimits(**request["limits"])
    reporter = _Reporter(worker)

    def open_video(_: Path | str, wanted: Wanted, progress: Progress) -> DecodedFeed:
        return DecodedFeed(Channel.of_descriptor(decoder), wanted, progress, limits)

    analyzer.open_video = open_video
    with log_context(**request["log_names"]):
        try:
            header = analyzer.analyze_to_file(
                "the video of the decoder",
                Path(request["result_path"]),
                reporter.report,
                video_id=request["video_id"],
                source=request["source"],
                max_seconds=request["max_seconds"],
            )
            answer = {"say": "finished", "analyzed_frames": header.summary.to_dict()["analyzed_frames"]}
        except Exception as error:
            answer = _failed(error)
        worker.send(answer)


class _Requests:
    """Requests as they come, read by a thread of its own: it ends the process with the worker.

    Args:
        worker: from whom they come.
    """

    def __init__(self, worker: Channel) -> None:
        self._worker = worker
        self._waiting: SimpleQueue[tuple[Mapping[str, Any], int]] = SimpleQueue()
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def next(self) -> tuple[Mapping[str, Any], int]:
        """Wait for a request, and the descriptor that came with it."""
        return self._waiting.get()

    def _read(self) -> None:
        try:
            while True:
                request = self._worker.receive()
                self._waiting.put((request, *self._worker.take_descriptors(1)))
        finally:
            os._exit(1)


class _Reporter:
    """Says how far an analysis is, from whatever thread knows.

    Args:
        worker: is told.
    """

    def __init__(self, worker: Channel) -> None:
        self._worker = worker
        self._reported_at = 0.0

    def report(self, fraction: float) -> None:
        """Send progress a few times a second. It is a sign of life as well: the same fraction counts."""
        now = time.monotonic()
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self._worker.send({"say": "progress", "fraction": fraction})


def _require_gpu(settings: Mapping[str, Any]) -> None:
    if not settings["require_gpu"]:
        return
    from human_detector.inference.load_engine import visible_gpus

    if not visible_gpus():
        raise ConfigurationError(
            "require_gpu is true, but TensorFlow sees no GPU: check the driver, and that the container is "
            "given a GPU, or set require_gpu to false"
        )


def _failed(error: Exception) -> dict[str, Any]:
    """The message for an error; one that nobody foresaw is logged here, where its traceback is."""
    if not isinstance(error, HumanDetectorError | ChannelClosed):
        log.error("the analysis failed", exc_info=error)
    return failed(error)
