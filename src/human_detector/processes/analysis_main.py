"""The analysis process: holds the models and the GPU, and serves one analysis after another."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event

from human_detector.errors import ConfigurationError, HumanDetectorError, TransientError
from human_detector.logs import log_context, log_native_output
from human_detector.processes.protocol import (
    AnalysisRequest,
    AnalysisSettings,
    Failed,
    Finished,
    Progress,
    Ready,
)

log = logging.getLogger(__name__)

REPORT_SECONDS = 0.2


class _Cancelled(Exception):
    """The worker no longer wants this analysis."""


def serve(connection: Connection, cancelled: Event, settings: AnalysisSettings) -> None:
    """Main function of the process.

    Args:
        connection: AnalysisRequest in; first Ready, then for each request Progress and at last Finished or
            Failed out.
        cancelled: set by the worker to end the analysis that runs.
        settings: what to load.
    """
    _belong_to_the_worker()
    log_native_output(settings.log_format)
    # Imported here and not above, because the worker process imports this module too.
    from human_detector.video_analyzer import VideoAnalyzer

    try:
        _require_gpu(settings)
        analyzer = VideoAnalyzer(**settings.human_detection)
        analyzer.load()
    except Exception as error:
        connection.send(Failed(_plain(error)))
        return
    connection.send(Ready(analyzer.engine))

    reporter = _Reporter(connection, cancelled)
    while True:
        request: AnalysisRequest = connection.recv()
        with log_context(**request.log_names):
            try:
                header = analyzer.analyze_to_file(
                    request.video_path,
                    request.result_path,
                    reporter.report,
                    video_id=request.video_id,
                    source=request.source,
                    max_seconds=request.max_seconds,
                )
                answer: Finished | Failed = Finished(header.summary.to_dict())
            except Exception as error:
                answer = Failed(_plain(error))
            reporter.send(answer)


class _Reporter:
    """Sends answers from whatever thread has one, and ends an analysis that is no longer wanted.

    Args:
        connection: to the worker.
        cancelled: set by the worker.
    """

    def __init__(self, connection: Connection, cancelled: Event) -> None:
        self._connection = connection
        self._cancelled = cancelled
        self._lock = threading.Lock()
        self._reported_at = 0.0

    def report(self, fraction: float) -> None:
        """Send progress a few times a second. It is a sign of life as well: the same fraction counts."""
        if self._cancelled.is_set():
            raise _Cancelled
        now = time.monotonic()
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self.send(Progress(fraction))

    def send(self, answer: Progress | Finished | Failed) -> None:
        """Send one answer whole."""
        with self._lock:
            self._connection.send(answer)


def _belong_to_the_worker() -> None:
    """Leave signals to the worker, and do not outlive it."""
    # Ctrl-C and a container's stop reach the whole process group; the worker decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable(os.fdopen(os.dup(2), "w"))
    parent = multiprocessing.parent_process()
    assert parent is not None

    def exit_with_parent() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=exit_with_parent, name="exit-with-worker", daemon=True).start()


def _require_gpu(settings: AnalysisSettings) -> None:
    if not settings.require_gpu:
        return
    from human_detector.inference.load_engine import visible_gpus

    if not visible_gpus():
        raise ConfigurationError(
            "require_gpu is true, but TensorFlow sees no GPU: check the driver, and that the container is "
            "given a GPU, or set require_gpu to false"
        )


def _plain(error: Exception) -> HumanDetectorError:
    """The error as one of ours, which the worker can receive without the libraries that raised it."""
    if isinstance(error, HumanDetectorError):
        return error
    if not isinstance(error, _Cancelled):
        log.error("the analysis failed", exc_info=error)
    reason = str(error).strip().splitlines()
    return TransientError(f"{type(error).__name__}: {reason[0][:500] if reason else 'no message'}")
