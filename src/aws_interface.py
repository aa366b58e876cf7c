"""The worker: polls the queue, and does to each message what its videos deserve.

The life of a message is here, the life of one of its jobs in job.py.

python src/aws_interface.py [--exit-when-idle SECONDS] [--log-format text|json]
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from analysis_child import AnalysisSettings
from analysis_process import AnalysisProcess
from aws_clients import LONG_POLL_SECONDS, connect
from configuration import Configuration, load_configuration
from errors import AnalysisCrashed, BadMessage, ConfigurationError, Interrupted, LeaseLost
from failures import Fate, Verdict, retry_delay
from health import Health
from job import JobRunner, Surroundings
from job_queue import JobQueue, Message
from logs import log_context, set_up_logging
from messages import parse_message
from metrics import Metrics
from patience import persist
from process_step import ProcessSteps
from scratch import remove_leftovers
from shutdown import Shutdown
from storage import Storage
from task_protection import TaskProtection

log = logging.getLogger(__name__)


class Worker:
    """The polling loop, and the life of a message.

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
        self._shutdown = around.shutdown
        self._health = around.health
        self._jobs = JobRunner(configuration, around, clock)
        self._clock = clock

    def run(self, exit_when_idle: float | None = None) -> None:
        """Work until asked to stop.

        Args:
            exit_when_idle: end once the queue has been empty for that many seconds; None for never.

        Raises:
            Interrupted: asked to stop; nothing is held any more.
            ConfigurationError: the queue is gone, or no longer ours to use.
        """
        idle_since = self._clock()
        while True:
            idle_left = None if exit_when_idle is None else exit_when_idle - (self._clock() - idle_since)
            if idle_left is not None and idle_left <= 0:
                log.info("the queue has been empty for %g s: done", exit_when_idle)
                return
            message = self._receive(idle_left)
            if message is not None:
                self.handle(message)
                idle_since = self._clock()

    def _receive(self, idle_left: float | None) -> Message | None:
        """One long poll, repeated with pauses until it succeeds."""
        wait = LONG_POLL_SECONDS if idle_left is None else min(LONG_POLL_SECONDS, max(1, round(idle_left)))

        def poll() -> Message | None:
            with self._shutdown.wakes_up():
                return self._queue.receive(wait, self._lease_seconds)

        return persist(poll, self._shutdown, self._health)

    def handle(self, message: Message) -> None:
        """Run the jobs of a message, then delete it, or give it back.

        Raises:
            Interrupted: the worker was asked to stop; the message has been given back.
        """
        with log_context(message_id=message.message_id):
            try:
                requests = parse_message(message.body, self._output_bucket)
            except BadMessage as error:
                self._settle(message, self._jobs.judge(error, message), str(error))
                return
            if not requests:
                log.info("the message asks for no video")
            verdict, reason = Verdict(Fate.DELETE), ""
            for request in requests:
                job_verdict, job_reason = self._jobs.run(message, request)
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
        work(load_configuration(), shutdown, options.log_format, options.exit_when_idle)
    except (ConfigurationError, AnalysisCrashed) as error:
        for sentence in str(error).splitlines():
            log.error("cannot work: %s", sentence)
        return 2
    except Interrupted as error:
        log.info("stopped: %s", error)
    finally:
        shutdown.ignore_from_now()
    return 0


def work(
    configuration: Configuration, shutdown: Shutdown, log_format: str, exit_when_idle: float | None
) -> None:
    """Connect, load the models, and work.

    Raises:
        ConfigurationError: something that the worker cannot do without is missing.
        Interrupted: asked to stop.
    """
    for folder in remove_leftovers():
        log.info("removed %s, which a worker that was killed had left", folder)
    clients = connect(configuration.aws_region, configuration.dynamodb_region)
    health = Health()
    queue = persist(lambda: JobQueue(clients.sqs, configuration.queue_name), shutdown, health)
    analysis = AnalysisProcess(
        AnalysisSettings(configuration.human_detection, configuration.require_gpu, log_format),
        configuration.worker.stall_timeout,
    )

    def check() -> None:
        health.touch()
        shutdown.check()

    try:
        # Before the first message is received: nothing waits for a model that loads, or is missing.
        analysis.start(check)
        around = Surroundings(
            queue=queue,
            steps=ProcessSteps(clients.dynamodb, configuration.table, configuration.worker.lease_seconds),
            storage=Storage(clients.s3),
            analysis=analysis,
            shutdown=shutdown,
            health=health,
            metrics=Metrics(enabled=log_format == "json"),
            protection=TaskProtection(),
        )
        log.info("polling the queue %s", configuration.queue_name)
        Worker(configuration, around).run(exit_when_idle)
    finally:
        analysis.stop()


if __name__ == "__main__":
    sys.exit(main())
