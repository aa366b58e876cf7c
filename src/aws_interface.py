"""The worker: polls the queue, and sees each job through from its message to its result.

python src/aws_interface.py [--exit-when-idle SECONDS] [--log-format text|json]
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from analysis_child import AnalysisRequest, AnalysisSettings
from analysis_process import AnalysisProcess
from aws_clients import LONG_POLL_SECONDS, connect
from configuration import Configuration, load_configuration
from errors import BadMessage, ConfigurationError, HumanDetectorError, Interrupted, LeaseLost
from failures import Fate, Verdict, judge, retry_delay
from heartbeat import Heartbeat
from job_queue import JobQueue, Message
from logs import current_context, log_context, set_up_logging
from messages import VideoRequest, parse_message
from process_step import ClaimedStep, ProcessSteps
from shutdown import Shutdown
from storage import Storage, VideoObject, result_key

log = logging.getLogger(__name__)

FIRST_POLL_PAUSE_SECONDS = 1
LONGEST_POLL_PAUSE_SECONDS = 60
PROGRESS_LOG_SECONDS = 10


class JobProgress:
    """How far a job is, for its record, and from time to time for the log.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.fraction = 0.0
        self._clock = clock
        self._logged_at = clock()

    def update(self, fraction: float) -> None:
        """Take note that this share of the video, 0 to 1, is analysed."""
        self.fraction = fraction
        if self._clock() - self._logged_at >= PROGRESS_LOG_SECONDS:
            self._logged_at = self._clock()
            log.info("%.0f %% analysed", 100 * fraction)


class Worker:
    """Everything between a message and its end.

    Args:
        configuration: checked.
        queue: where messages come from.
        steps: the records.
        storage: videos and results.
        analysis: the process with the models.
        shutdown: whether to stop.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        configuration: Configuration,
        queue: JobQueue,
        steps: ProcessSteps,
        storage: Storage,
        analysis: AnalysisProcess,
        shutdown: Shutdown,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output_bucket = configuration.output_bucket
        self._lease_seconds = configuration.worker.lease_seconds
        self._max_attempts = queue.max_receive_count or configuration.worker.max_attempts
        self._queue = queue
        self._steps = steps
        self._storage = storage
        self._analysis = analysis
        self._shutdown = shutdown
        self._clock = clock

    # The polling loop.

    def run(self, exit_when_idle: float | None = None) -> None:
        """Work until asked to stop.

        Args:
            exit_when_idle: end once the queue has been empty for that many seconds; None for never.
        """
        idle_since = self._clock()
        failed_polls = 0
        try:
            while True:
                idle_left = None if exit_when_idle is None else exit_when_idle - (self._clock() - idle_since)
                if idle_left is not None and idle_left <= 0:
                    log.info("the queue has been empty for %g s: done", exit_when_idle)
                    return
                try:
                    message = self._receive(idle_left)
                except (ClientError, BotoCoreError) as error:
                    failed_polls += 1
                    self._pause(failed_polls, error)
                    continue
                failed_polls = 0
                if message is not None:
                    self.handle(message)
                    idle_since = self._clock()
        except Interrupted as error:
            log.info("stopped: %s", error)

    def _receive(self, idle_left: float | None) -> Message | None:
        wait = LONG_POLL_SECONDS if idle_left is None else min(LONG_POLL_SECONDS, max(1, round(idle_left)))
        with self._shutdown.wakes_up():
            return self._queue.receive(wait, self._lease_seconds)

    def _pause(self, failed_polls: int, error: Exception) -> None:
        """Wait after a failed poll: twice as long each time, up to a minute."""
        longest = min(FIRST_POLL_PAUSE_SECONDS * 2 ** min(failed_polls, 10), LONGEST_POLL_PAUSE_SECONDS)
        # At least one second, and not all workers at the same moment.
        pause = max(FIRST_POLL_PAUSE_SECONDS, longest * random.uniform(0.5, 1))  # noqa: S311
        log.warning("the queue could not be polled, next try in %.0f s: %s", pause, error)
        with self._shutdown.wakes_up():
            time.sleep(pause)

    # The life of one message.

    def handle(self, message: Message) -> None:
        """Run the jobs of a message, then delete it, or give it back.

        Raises:
            Interrupted: the worker was asked to stop; the message has been given back.
        """
        with log_context(message_id=message.message_id):
            try:
                requests = parse_message(message.body, self._output_bucket)
            except BadMessage as error:
                self._settle(message, self._judge(error, message), str(error))
                return
            if not requests:
                log.info("the message asks for no video")
            verdict, reason = Verdict(Fate.DELETE), ""
            for request in requests:
                job_verdict, job_reason = self._run_job(message, request)
                if job_verdict.fate.outranks(verdict.fate):
                    verdict, reason = job_verdict, job_reason
                if verdict.fate is Fate.LEAVE or self._shutdown.requested:
                    break
            self._settle(message, verdict, reason)
            self._shutdown.check()

    def _settle(self, message: Message, verdict: Verdict, reason: str) -> None:
        """Do to the message what the verdict says."""
        try:
            match verdict.fate:
                case Fate.DELETE:
                    self._queue.delete(message)
                case Fate.RETRY:
                    self._queue.hide(message, verdict.delay)
                case Fate.PUT_OFF:
                    self._queue.put_off(message, verdict.delay)
                case Fate.BURY if self._queue.bury(message, reason):
                    log.info("moved the message to the dead-letter queue")
                case Fate.BURY if verdict.state == "error" and not self._queue.has_dead_letter_queue:
                    self._queue.delete(message)  # The failure stands in the record.
                case Fate.BURY:
                    self._queue.hide(message, retry_delay(message.receive_count))
                case Fate.LEAVE:
                    log.info("left the message to its new owner")
        except (ClientError, BotoCoreError, LeaseLost) as error:
            # It comes back by itself when its visibility ends; the record says what has been done.
            log.warning("the message could not be settled (%s): %s", verdict.fate.name, error)

    # The life of one job.

    def _run_job(self, message: Message, request: VideoRequest) -> tuple[Verdict, str]:
        """See one video through; what its message deserves, and why."""
        try:
            video_id = self._storage.video_id(request) if request.video_id is None else request.video_id
        except Exception as error:
            return self._judge(error, message), str(error)
        with log_context(video_id=video_id):
            step: ClaimedStep | None = None
            try:
                step = self._steps.claim(video_id, force=request.force)
                self._detect(message, request, step)
            except Exception as error:
                verdict = self._judge(error, message)
                try:
                    self._record_failure(step, verdict, str(error))
                except Exception as unrecorded:
                    verdict = self._judge(unrecorded, message)
                    # No record of the failure, so no end for the message either.
                    if verdict.fate is Fate.BURY:
                        verdict = Verdict(Fate.RETRY, delay=retry_delay(message.receive_count))
                return verdict, str(error)
            return Verdict(Fate.DELETE), ""

    def _detect(self, message: Message, request: VideoRequest, step: ClaimedStep) -> None:
        """Fetch, analyse, store, record. The order of the last two lets a crash between them heal."""
        began = self._clock()
        progress = JobProgress(self._clock)
        renewals = [
            lambda: self._queue.hide(message, self._lease_seconds),
            lambda: self._steps.renew(step, progress.fraction),
        ]
        with (
            Heartbeat(renewals, self._lease_seconds, self._clock) as heartbeat,
            tempfile.TemporaryDirectory(prefix="human-detector-") as folder,
        ):

            def check() -> None:
                heartbeat.check()
                self._shutdown.check()

            video = self._find_video(request, step)
            log.info(
                "attempt %s: fetching s3://%s/%s, %s bytes", step.attempt, video.bucket, video.key, video.size
            )
            # Names of our own: no part of a key reaches the file system.
            video_path, result_path = Path(folder) / "video", Path(folder) / "result.json"
            self._storage.download(video, video_path, check)
            finished = self._analysis.analyze(
                AnalysisRequest(video_path, result_path, step.video_id, video.to_dict(), current_context()),
                check,
                progress.update,
            )
            heartbeat.check()
            key = result_key(step.video_id, video.key)
            self._storage.upload(result_path, self._output_bucket, key)
            heartbeat.check()
            self._steps.finish_done(step, self._output_bucket, key)
        log.info(
            "done in %.1f s: %s frames analysed, result in s3://%s/%s",
            self._clock() - began,
            finished.summary["analyzed_frames"],
            self._output_bucket,
            key,
        )

    def _find_video(self, request: VideoRequest, step: ClaimedStep) -> VideoObject:
        if request.key is None:
            return self._storage.find(*self._steps.source_of(step.video_id))
        return self._storage.find(request.bucket, request.key)

    def _record_failure(self, step: ClaimedStep | None, verdict: Verdict, reason: str) -> None:
        if step is None:
            return
        match verdict.state:
            case "error":
                self._steps.finish_error(step, reason)
            case "interrupted":
                self._steps.finish_interrupted(step, reason)

    def _judge(self, error: Exception, message: Message) -> Verdict:
        """The verdict on an outcome other than success, logged."""
        verdict = judge(error, message.receive_count, self._max_attempts)
        foreseen = isinstance(error, HumanDetectorError | ClientError | BotoCoreError)
        log.log(
            verdict.log_level,
            "%s: %s%s%s",
            verdict.state or "not run",
            "" if foreseen else f"{type(error).__name__}: ",
            error,
            f"; next try in {verdict.delay:.0f} s" if verdict.delay else "",
            exc_info=None if foreseen else error,
        )
        return verdict


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description="Find humans and faces in the videos that a queue names.")
    parser.add_argument(
        "--exit-when-idle",
        type=float,
        metavar="SECONDS",
        help="end once the queue has been empty that long (default: poll for ever)",
    )
    parser.add_argument(
        "--log-format", choices=["text", "json"], default="text", help="form of the log lines (default: text)"
    )
    options = parser.parse_args(arguments)
    set_up_logging(options.log_format)
    shutdown = Shutdown()
    shutdown.listen()
    try:
        work(load_configuration(), shutdown, options.log_format, options.exit_when_idle)
    except ConfigurationError as error:
        for sentence in error.problems:
            log.error("cannot start: %s", sentence)
        return 2
    except Interrupted:
        log.info("stopped before the first message was received")
    return 0


def work(
    configuration: Configuration, shutdown: Shutdown, log_format: str, exit_when_idle: float | None
) -> None:
    """Connect, load the models, and work.

    Raises:
        ConfigurationError: something that the worker cannot do without is missing.
        Interrupted: asked to stop before it began.
    """
    clients = connect(configuration.aws_region, configuration.dynamodb_region)
    queue = JobQueue(clients.sqs, configuration.queue_name)
    analysis = AnalysisProcess(
        AnalysisSettings(configuration.human_detection, configuration.require_gpu, log_format),
        configuration.worker.stall_timeout,
    )
    try:
        # Before the first message is received: nothing waits for a model that loads, or is missing.
        analysis.start(shutdown.check)
        steps = ProcessSteps(clients.dynamodb, configuration.table, configuration.worker.lease_seconds)
        log.info("polling the queue %s", configuration.queue_name)
        Worker(configuration, queue, steps, Storage(clients.s3), analysis, shutdown).run(exit_when_idle)
    finally:
        analysis.stop()


if __name__ == "__main__":
    sys.exit(main())
