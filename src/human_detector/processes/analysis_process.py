"""The worker's side of the analysis process: start it, give it work, notice when it dies or stalls."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from human_detector.errors import AnalysisCrashed, ConfigurationError, DecoderCrashed
from human_detector.processes.analysis_request import AnalysisRequest, AnalysisSettings, Finished
from human_detector.processes.cage.environments import credential_paths, environment_without_secrets
from human_detector.processes.cage_rule import CageRule
from human_detector.processes.decoder_pool import Decoder, DecoderPool
from human_detector.processes.messages import (
    FROM_ANALYSIS,
    LONGEST_FROM_ANALYSIS,
    checked,
    engine_of,
    error_of,
)
from human_detector.processes.program import Program
from human_detector.processes.wire import BadWire, ChannelClosed, pair

log = logging.getLogger(__name__)

PROGRAM = "human_detector.processes.analysis_main"
POLL_SECONDS = 0.2
LOAD_TIMEOUT_SECONDS = 600
"""How long the models may take to load: a large graph on a cold GPU takes minutes."""
CANCEL_SECONDS = 3
"""How long a cancelled analysis may take to stop by itself before the process is killed."""


def nothing_hidden() -> Sequence[Path]:
    """For an analysis on its own."""
    return ()


class AnalysisProcess:
    """A process that loads the models once and analyses videos, started again when it is gone.

    Args:
        settings: what it loads.
        decoders: open the videos.
        stall_timeout: seconds without progress after which it is killed.
        hidden: asked at each start: the paths that are nothing to the analysis.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        settings: AnalysisSettings,
        decoders: DecoderPool,
        stall_timeout: float,
        hidden: Callable[[], Sequence[Path]] = nothing_hidden,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._decoders = decoders
        self._stall_timeout = stall_timeout
        self._hidden = hidden
        self._cage = CageRule(decoders.settings.cage)
        self._clock = clock
        self._process: Program | None = None
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
            ConfigurationError: a model is missing or damaged, there is no GPU, or it is gone; or a cage is
                required, and there is none.
            AnalysisCrashed: it died or stalled.
            DecoderCrashed: no decoder starts.
        """
        if self._process is not None and self._process.is_alive:
            return
        self._stop_process()
        began = self._clock()
        self._decoders.start()
        self._start_process()
        ready = self._await_answer("ready", check, lambda _: None, LOAD_TIMEOUT_SECONDS)
        engine = engine_of(ready)
        try:
            self._cage.judge("the analysis", ready)
            self._require_same_device(engine.device)
        except ConfigurationError:
            self._stop_process()
            raise
        self._decoders.require_cage(check)
        log.info(
            "analysis process %s is ready after %.1f s: %s %s on %s",
            self.pid,
            self._clock() - began,
            engine.name,
            engine.version,
            engine.device,
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
            AnalysisCrashed: the process died or stalled, or the decoder did; the next call starts it again.
        """
        self.start(check)
        decoder = self._decoders.take(check)
        try:
            self._send(request, decoder)
            finished = self._await_answer("finished", check, progress, self._stall_timeout, decoder)
        except DecoderCrashed as error:
            raise AnalysisCrashed(f"{error}{decoder.how_it_ended()}") from error
        finally:
            decoder.end()
        return Finished(finished["analyzed_frames"])

    def close(self) -> None:
        """End the process, if there is one, and the decoder that waits."""
        self._decoders.stop()
        self._stop_process()

    def _require_same_device(self, device: str) -> None:
        self._device = self._device or device
        if device != self._device:
            raise ConfigurationError(
                f"the analysis ran on {self._device}; after a restart there is only {device}"
            )

    def _start_process(self) -> None:
        environment = environment_without_secrets(os.environ)
        if self._settings.temporary_folder:
            environment["TMPDIR"] = str(self._settings.temporary_folder)
        # What this process can import, that one can: a detector may lie anywhere.
        environment["PYTHONPATH"] = os.pathsep.join(path or os.curdir for path in sys.path)
        # May fail for want of memory; then there is no process to stop.
        self._process = Program(PROGRAM, environment=environment, silent=False, longest=LONGEST_FROM_ANALYSIS)
        settings = {
            "human_detection": self._settings.human_detection,
            "require_gpu": self._settings.require_gpu,
            "log_format": self._settings.log_format,
            "hidden": [str(path) for path in (*self._hidden(), *credential_paths(os.environ))],
        }
        self._tell(settings)

    def _stop_process(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _send(self, request: AnalysisRequest, decoder: Decoder) -> None:
        """Give the opened video to the decoder, and the way to the decoder to the analysis."""
        message = {
            "say": "analyze",
            "result_path": str(request.result_path),
            "video_id": request.video_id,
            "source": request.source,
            "max_seconds": request.max_seconds,
            "limits": asdict(self._decoders.settings.limits),
            "log_names": request.log_names,
        }
        to_decoder, to_analysis = pair()
        with to_decoder, to_analysis, request.video_path.open("rb") as video:
            decoder.decode(video.fileno(), to_analysis)
            self._tell(message, [to_decoder.fileno()])

    def _tell(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        assert self._process is not None
        try:
            self._process.channel.send(message, descriptors)
        except ChannelClosed as error:
            raise self._crash("the analysis process died before it was told what to do") from error

    def _await_answer(
        self,
        wanted: str,
        check: Callable[[], None],
        progress: Callable[[float], None],
        stall_timeout: float,
        decoder: Decoder | None = None,
    ) -> Mapping[str, Any]:
        """Wait for the answer that ends an exchange; raise what went wrong instead."""
        heard_at = self._clock()
        while True:
            with self._cancelled_by_errors(decoder):
                check()
                if decoder is not None:
                    decoder.require_few_threads()
            answer = self._receive(POLL_SECONDS)
            if answer is None:
                if self._clock() - heard_at > stall_timeout:
                    self._cancel(decoder)
                    # An analysis that ends with its decoder had been waiting for it.
                    who = "analysis" if self._process is None else "decoder"
                    raise AnalysisCrashed(f"the {who} made no progress for {stall_timeout:g} s")
                continue
            heard_at = self._clock()
            match answer["say"]:
                case "progress":
                    with self._cancelled_by_errors(decoder):
                        progress(answer["fraction"])
                case "failed":
                    raise error_of(answer)
                case said if said == wanted:
                    return answer
                case said:
                    raise self._crash(f"the analysis process said {said} instead of {wanted}")

    def _receive(self, seconds: float) -> Mapping[str, Any] | None:
        assert self._process is not None
        try:
            message = self._process.channel.receive(seconds)
            return None if message is None else checked(message, FROM_ANALYSIS)
        except BadWire as error:
            raise self._crash(f"the analysis process sent what it must not send: {error}") from error
        except ChannelClosed as error:
            code = self._process.code(seconds=1)
            how = "it lives on" if code is None else f"signal {-code}" if code < 0 else f"status {code}"
            raise self._crash(f"the analysis process died ({how})") from error

    def _crash(self, reason: str) -> AnalysisCrashed:
        self._stop_process()
        return AnalysisCrashed(reason)

    @contextmanager
    def _cancelled_by_errors(self, decoder: Decoder | None) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._cancel(decoder)
            raise

    def _cancel(self, decoder: Decoder | None) -> None:
        """End the analysis that runs, by ending its decoder; keep the process with its models if it lives."""
        if decoder is not None:
            decoder.end()
            deadline = self._clock() + CANCEL_SECONDS
            try:
                while self._clock() < deadline:
                    answer = self._receive(POLL_SECONDS)
                    if answer is not None and answer["say"] in ("failed", "finished"):
                        return
            except AnalysisCrashed:
                return
        self._stop_process()
