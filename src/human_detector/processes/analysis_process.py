"""The worker's side of the analysis process: start it, give it work, notice when it dies or stalls."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from human_detector.errors import AnalysisCrashed, ConfigurationError
from human_detector.processes.analysis_main import serve
from human_detector.processes.protocol import (
    AnalysisRequest,
    AnalysisSettings,
    Failed,
    Finished,
    Progress,
    Ready,
)

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
LOAD_TIMEOUT_SECONDS = 600
"""How long the models may take to load: a large graph on a cold GPU takes minutes."""
CANCEL_SECONDS = 3
"""How long a cancelled analysis may take to stop by itself before the process is killed."""


class AnalysisProcess:
    """A process that loads the models once and analyses videos, started again when it is gone.

    Args:
        settings: what it loads.
        stall_timeout: seconds without progress after which it is killed.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        settings: AnalysisSettings,
        stall_timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._stall_timeout = stall_timeout
        self._clock = clock
        # spawn, not fork: the child must not inherit the worker's connections, threads and locks.
        self._context = multiprocessing.get_context("spawn")
        self._cancelled = self._context.Event()
        self._process: Any = None
        self._connection: Connection | None = None
        self._device: str | None = None

    @property
    def pid(self) -> int | None:
        """Process id, for the log and for tests."""
        return self._process.pid if self._process else None

    def start(self, check: Callable[[], None]) -> None:
        """Start the process and wait until its models are loaded; does nothing if it runs.

        Args:
            check: called several times a second; what it raises ends the wait, and the process.

        Raises:
            ConfigurationError: a model is missing or damaged, there is no GPU, or it is gone.
            AnalysisCrashed: it died or stalled.
        """
        if self._process is not None and self._process.is_alive():
            return
        self.stop()
        began = self._clock()
        self._connection, its_end = self._context.Pipe()
        with its_end:
            process = self._context.Process(
                target=serve,
                args=(its_end, self._cancelled, self._settings),
                name="analysis",
                daemon=True,
            )
            process.start()  # may fail for want of memory; then there is no process to stop
        self._process = process
        ready = self._await_answer(check, lambda _: None, LOAD_TIMEOUT_SECONDS)
        assert isinstance(ready, Ready)
        self._device = self._device or ready.engine.device
        if ready.engine.device != self._device:
            self.stop()
            raise ConfigurationError(
                f"the analysis ran on {self._device}; after a restart there is only {ready.engine.device}"
            )
        log.info(
            "analysis process %s is ready after %.1f s: %s %s on %s",
            self.pid,
            self._clock() - began,
            ready.engine.name,
            ready.engine.version,
            ready.engine.device,
        )

    def analyze(
        self, request: AnalysisRequest, check: Callable[[], None], progress: Callable[[float], None]
    ) -> Finished:
        """Have one video analysed.

        Args:
            request: what to do.
            check: called several times a second; what it raises cancels the analysis.
            progress: called with the share that is done, 0 to 1.

        Raises:
            HumanDetectorError: what ended the analysis.
            AnalysisCrashed: the process died or stalled; the next call starts it again.
        """
        self.start(check)
        assert self._connection is not None
        self._cancelled.clear()
        try:
            self._connection.send(request)
        except OSError as error:
            raise self._crash("the analysis process died before the video") from error
        finished = self._await_answer(check, progress, self._stall_timeout)
        assert isinstance(finished, Finished)
        return finished

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _await_answer(
        self, check: Callable[[], None], progress: Callable[[float], None], stall_timeout: float
    ) -> Any:
        """Wait for the answer that ends an exchange; raise what went wrong instead."""
        heard_at = self._clock()
        while True:
            try:
                check()
            except BaseException:
                self._cancel()
                raise
            answer = self._receive(POLL_SECONDS)
            if answer is None:
                if self._clock() - heard_at > stall_timeout:
                    raise self._crash(f"the analysis made no progress for {stall_timeout:g} s")
                continue
            heard_at = self._clock()
            match answer:
                case Progress(fraction):
                    progress(fraction)
                case Failed(error):
                    raise error
                case _:
                    return answer

    def _receive(self, seconds: float) -> Any:
        assert self._connection is not None
        try:
            return self._connection.recv() if self._connection.poll(seconds) else None
        except (EOFError, OSError) as error:
            self._process.join(1)
            code = self._process.exitcode
            how = f"signal {-code}" if code is not None and code < 0 else f"status {code}"
            raise self._crash(f"the analysis process died ({how})") from error

    def _crash(self, reason: str) -> AnalysisCrashed:
        self.stop()
        return AnalysisCrashed(reason)

    def _cancel(self) -> None:
        """Stop the analysis that runs, and keep the process with its models if it listens."""
        self._cancelled.set()
        deadline = self._clock() + CANCEL_SECONDS
        try:
            while self._clock() < deadline:
                if isinstance(self._receive(POLL_SECONDS), Failed | Finished):
                    return
        except AnalysisCrashed:
            return
        self.stop()
