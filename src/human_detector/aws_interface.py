"""The worker: polls the queue, and does to each message what its videos deserve.

The life of a message is here, the life of one of its jobs in job.py.

human-detector worker [--exit-when-idle SECONDS] [--until-done] [--log-format text|json]
"""

from __future__ import annotations

import argparse
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.clients import connect
from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.storage import Storage
from human_detector.aws.waiting_times import (
    COUNT_SETTLED_SECONDS,
    FETCH_AHEAD_POLL_SECONDS,
    FETCH_AHEAD_SECONDS,
    retry_delay,
)
from human_detector.configuration import Configuration, load_configuration
from human_detector.errors import BadMessage, ConfigurationError, Interrupted, LeaseLost, TransientError
from human_detector.logs import log_context, set_up_logging
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.analysis_request import AnalysisSettings
from human_detector.processes.cage.doors import hide_worker
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from human_detector.validation import Number, option
from human_detector.worker.analysis_turn import AnalysisTurn
from human_detector.worker.claim import Claims
from human_detector.worker.dead_letters import DeadLetters
from human_detector.worker.end_of_work import EndOfWork
from human_detector.worker.failures import Fate, Verdict
from human_detector.worker.health import Health
from human_detector.worker.job import JobRunner
from human_detector.worker.lookup import Lookup
from human_detector.worker.messages import Requests, VideoRequest, parse_message
from human_detector.worker.metrics import Metrics
from human_detector.worker.outages import ask_until_answered
from human_detector.worker.record_table import RecordTable
from human_detector.worker.scratch import Scratch, remove_leftovers
from human_detector.worker.shutdown import GIVE_BACK_SECONDS, Shutdown
from human_detector.worker.surroundings import Surroundings
from human_detector.worker.task_protection import TaskProtection

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


LANES = 2
"""One lane has its video analysed; the other fetches the next, or stores the last."""


class Worker:
    """The lanes, each of which polls and sees one message through after another.

    Args:
        configuration: checked.
        around: what all jobs share.
        clock: seconds that only go forward.
    """

    def __init__(
        self, configuration: Configuration, around: Surroundings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._output_bucket = configuration.output_bucket
        self._lease_seconds = configuration.worker.lease_seconds
        self._queue = around.queue
        self._turn = around.turn
        self._shutdown = around.shutdown
        self._health = around.health
        self._jobs = JobRunner(configuration, around, clock)
        self._dead_letters = DeadLetters(
            around.queue,
            around.claims,
            around.storage,
            around.lookup,
            configuration.output_bucket,
            clock,
        )
        self._clock = clock
        self._polling = threading.Lock()
        self._changed = threading.Condition()
        self._running = 0
        self._holding = 0
        self._finished = False
        self._error: BaseException | None = None

    def run(self, end: EndOfWork) -> None:
        """Work until asked to stop, or until everything is done.

        Args:
            end: says when that is.

        Raises:
            ConfigurationError: the queue is gone or no longer ours to use, or no job can be run any more.
        """
        self._running = LANES
        for number in range(LANES):
            threading.Thread(target=self._lane, args=(end,), name=f"lane-{number}", daemon=True).start()
        with self._changed:
            while self._running and not self._shutdown.requested:
                self._changed.wait(0.2)
            # A lane that only polls holds nothing, and is not waited for.
            self._changed.wait_for(lambda: not self._holding, GIVE_BACK_SECONDS)
        if self._error is not None:
            raise self._error
        if not self._shutdown.requested:
            log.info("%s", self._ask(end.describe))

    def _lane(self, end: EndOfWork) -> None:
        try:
            while (message := self._next_message(end)) is not None:
                try:
                    self.handle(message)
                finally:
                    self._let_go(end)
                if self._jobs.unable is not None:
                    raise self._jobs.unable
        except Interrupted:
            pass
        except BaseException as error:
            self._error = error
            self._shutdown.request()
        finally:
            self._health.leave()
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _next_message(self, end: EndOfWork) -> Message | None:
        """Wait for a message; None once everything is done."""
        while True:
            self._shutdown.check()
            self._health.touch()
            if not self._turn.free_within(FETCH_AHEAD_SECONDS) or not self._polling.acquire(timeout=0.2):
                self._shutdown.pause(0.2)
                continue
            try:
                if self._finished:
                    return None
                began = self._clock()
                message = self._poll(end)
                if message is not None:
                    with self._changed:
                        self._holding += 1
                    return message
                if not self._holding:
                    if self._dead_letters.look():
                        end.postpone()
                        continue
                    self._finished = self._ask(partial(end.is_reached, began))
            finally:
                self._polling.release()

    def _poll(self, end: EndOfWork) -> Message | None:
        # Short while the other lane holds a message: one that it gives back must not end up in our poll.
        wait = min(FETCH_AHEAD_POLL_SECONDS, end.longest_poll) if self._holding else end.longest_poll
        return self._ask(lambda: self._queue.receive(wait, self._lease_seconds))

    def _ask(self, ask: Callable[[], Answer]) -> Answer:
        """What the queue answers, however long that takes."""
        return ask_until_answered(ask, self._health, self._shutdown.pause)

    def _let_go(self, end: EndOfWork) -> None:
        with self._changed:
            end.postpone()
            self._holding -= 1
            self._changed.notify_all()

    def handle(self, message: Message) -> None:
        """Run the jobs of a message, then delete it, or give it back."""
        with log_context(message_id=message.message_id):
            try:
                requests = parse_message(message.body, self._output_bucket)
            except BadMessage as error:
                requests = Requests(problems=[str(error)])
            verdict, reason = Verdict(Fate.DELETE), "; ".join(requests.problems)
            if reason:
                verdict = self._jobs.judge(BadMessage(reason), message)
            elif not requests.videos:
                log.info("the message asks for no video")
            for request in requests.videos:
                job_verdict, job_reason = self._run_unless_stopping(message, request)
                if job_verdict.fate.outranks(verdict.fate):
                    verdict, reason = job_verdict, job_reason
                if verdict.fate is Fate.LEAVE:
                    break
            self._settle(message, verdict, reason)

    def _run_unless_stopping(self, message: Message, request: VideoRequest) -> tuple[Verdict, str]:
        """See one video of a message through; once the worker is to end, leave it to the next delivery."""
        try:
            self._shutdown.check()
            if self._jobs.unable is not None:
                raise self._jobs.unable
        except (Interrupted, ConfigurationError) as error:
            return self._jobs.judge(error, message), str(error)
        return self._jobs.run(message, request)

    def _settle(self, message: Message, verdict: Verdict, reason: str) -> None:
        """Do to the message what the verdict says."""
        try:
            match verdict.fate:
                case Fate.DELETE:
                    self._queue.delete(message)
                case Fate.RETRY:
                    self._queue.retry(message, verdict.delay)
                case Fate.PUT_OFF:
                    with self._polling:  # Not into the hands of the lane that polls while the worker stops.
                        self._queue.put_off(message, verdict.delay, verdict.beat)
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


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="human-detector worker",
        description="Find humans and faces in the videos that a queue names.",
        epilog="For example: human-detector worker --exit-when-idle 60",
    )
    parser.add_argument(
        "--exit-when-idle",
        type=option(float, Number(0, 999_999)),
        metavar="SECONDS",
        help="end once the queue has been empty that long (default: poll for ever)",
    )
    parser.add_argument(
        "--until-done",
        action="store_true",
        help="wait for hidden messages, too: end once the queue has held none for that long, neither waiting "
        f"nor in flight nor delayed (default of SECONDS: {COUNT_SETTLED_SECONDS})",
    )
    parser.add_argument(
        "--log-format",
        choices=["text", "json"],
        default="text",
        help="form of the log lines; json brings metrics as well (default: text)",
    )
    options = parser.parse_args(arguments)
    set_up_logging(options.log_format)
    shutdown = Shutdown()
    shutdown.listen()
    try:
        work(load_configuration(), shutdown, options)
    except (ConfigurationError, TransientError) as error:
        for sentence in str(error).splitlines():
            log.error("cannot work: %s", sentence)
        return 2
    except Interrupted:
        pass
    finally:
        shutdown.ignore_from_now()
    if shutdown.requested:
        log.info("stopped: the worker was asked to stop")
    return 0


def work(configuration: Configuration, shutdown: Shutdown, options: argparse.Namespace) -> None:
    """Connect, load the models, and work.

    Args:
        configuration: checked.
        shutdown: may ask to stop.
        options: of the command line.

    Raises:
        ConfigurationError: something that the worker cannot do without is missing.
        Interrupted: asked to stop.
    """
    hide_worker()
    for folder in remove_leftovers():
        log.info("removed %s, which a worker that was killed had left", folder)
    clients = connect(configuration.aws_region, configuration.dynamodb_region, jobs=LANES)
    health = Health()
    queue = ask_until_answered(
        lambda: JobQueue(clients.sqs, configuration.queue_name), health, shutdown.pause
    )

    def check() -> None:
        health.touch()
        shutdown.check()

    with Scratch.made() as scratch, closing(analysis_for(configuration, scratch, options)) as analysis:
        # Before the first message is received: nothing waits for a model that loads, or is missing.
        analysis.start(check)
        records, storage = RecordTable(clients.dynamodb, configuration.table), Storage(clients.s3)
        around = Surroundings(
            queue=queue,
            claims=Claims(records, configuration.worker.lease_seconds),
            storage=storage,
            lookup=Lookup(records, storage, configuration.output_bucket, configuration.wanted),
            analysis=analysis,
            turn=AnalysisTurn(),
            scratch=scratch,
            shutdown=shutdown,
            health=health,
            metrics=Metrics(enabled=options.log_format == "json"),
            protection=TaskProtection(),
        )
        health.leave()
        log.info("polling the queue %s", configuration.queue_name)
        Worker(configuration, around).run(
            EndOfWork(queue, options.exit_when_idle, until_done=options.until_done)
        )


def analysis_for(
    configuration: Configuration, scratch: Scratch, options: argparse.Namespace
) -> AnalysisProcess:
    """The analysis, and the decoders that open its videos, not yet started."""
    worker = configuration.worker
    decoders = DecoderSettings(
        worker.cage, worker.decoder_memory_mb, worker.max_frame_pixels, worker.max_frames
    )
    return AnalysisProcess(
        AnalysisSettings(
            configuration.human_detection, configuration.require_gpu, options.log_format, scratch.temporary
        ),
        DecoderPool(decoders),
        worker.stall_timeout,
        scratch.hidden,
    )
