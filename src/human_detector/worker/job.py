"""The life of one job: from a request for a video to its result, or to the record of why there is none.

Here a video is claimed, kept, and ended in the record; what is done for its result is in attempt.py.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.queue import Message
from human_detector.aws.waiting_times import LONGEST_HOLD_SECONDS
from human_detector.configuration import Configuration
from human_detector.errors import (
    ConfigurationError,
    HumanDetectorError,
    Interrupted,
    ObjectReplaced,
    PermanentError,
    TransientError,
)
from human_detector.logs import log_context
from human_detector.worker.attempt import Attempt
from human_detector.worker.claim import ClaimedStep, Purpose
from human_detector.worker.failures import Fate, Verdict, judge
from human_detector.worker.heartbeat import Heartbeat
from human_detector.worker.messages import VideoRequest, video_id_of
from human_detector.worker.objects_of_job import ObjectsOfJob
from human_detector.worker.record import died
from human_detector.worker.running_job import RunningJob
from human_detector.worker.surroundings import Surroundings

log = logging.getLogger(__name__)

MOST_VIDEOS_PER_JOB = 5
"""How often a job starts again because its video was replaced."""


class JobRunner:
    """Sees jobs through, one after another.

    Args:
        configuration: checked.
        around: what all jobs share.
        clock: seconds that only go forward.

    Attributes:
        unable: why no job can be run any more, such as a GPU that is gone; None as long as all is well.
    """

    def __init__(
        self, configuration: Configuration, around: Surroundings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._configuration = configuration
        self._settings = configuration.worker
        self._max_failures = around.queue.max_receive_count or configuration.worker.max_attempts
        self._around = around
        self._clock = clock
        self.unable: ConfigurationError | None = None

    def run(self, message: Message, request: VideoRequest) -> tuple[Verdict, str]:
        """See one video through.

        Returns:
            What the message deserves as far as this video goes, and why.
        """
        try:
            video_id = video_id_of(request, self._around.storage)
        except Exception as error:
            return self.judge(error, message), str(error)
        with log_context(video_id=video_id):
            job = RunningJob(message, request, video_id)
            verdict, reason = Verdict(Fate.DELETE), ""
            try:
                job.found = self._around.lookup.find(video_id, request)
                job.step = self._claim(job)
                self._work(job)
            except Exception as error:
                if isinstance(error, ConfigurationError):
                    self.unable = error
                verdict, reason = self.judge(error, message, job.step), str(error) or type(error).__name__
                verdict = self._record_failure(job, verdict, reason)
            outcome = "done" if not reason else verdict.state or verdict.fate.name.lower()
            self._around.metrics.job_ended(outcome, job.frames, message.queue_seconds, job.phases)
            return verdict, reason

    def judge(self, error: Exception, message: Message, step: ClaimedStep | None = None) -> Verdict:
        """The verdict on an outcome other than success, logged.

        Without a step of ours there is nowhere to record a final failure, so there is none: SQS ends it.
        """
        if step is None:
            verdict = judge(error, message.receive_count, math.inf)
        else:
            verdict = judge(error, step.failures + 1, self._max_failures)
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

    def _claim(self, job: RunningJob) -> ClaimedStep:
        """Make the record's step ours."""
        found = job.found
        is_enough = job.is_stored_already or found.is_last_result
        # Only by the name of the object that it is about does an S3 event say whose record that is.
        only_own = found.missing is not None and job.request.video_id is None
        purpose = Purpose(
            job.message,
            found.source,
            found.result_place if is_enough else None,
            only_own,
            lambda: self._around.queue.hide(job.message, self._settings.lease_seconds),
        )
        return self._around.claims.claim(job.video_id, purpose)

    def _work(self, job: RunningJob) -> None:
        """Fetch, analyse, store, record; from the beginning where the video is replaced meanwhile."""
        assert job.step is not None
        step, around = job.step, self._around
        if step.failures >= self._max_failures:
            raise TransientError(died(step.failures))
        renewals = [
            lambda: around.queue.hide(job.message, self._settings.lease_seconds),
            lambda: around.claims.renew(step, job.progress),
            around.protection.renew,
        ]
        with (
            around.protection.on(),
            around.scratch.job() as folders,
            Heartbeat(renewals, self._settings.lease_seconds, self._clock) as heartbeat,
        ):
            thread = threading.get_ident()

            def check() -> None:
                # A download calls this from threads of its own, which come and go.
                around.health.touch(thread)
                heartbeat.check()
                around.shutdown.check()
                self._check_time(job)

            attempt = Attempt(self._configuration, around, job, folders, heartbeat, check, self._clock)
            for _ in range(MOST_VIDEOS_PER_JOB):
                try:
                    attempt.see_through()
                except ObjectReplaced as error:
                    log.warning("starting again with the new object: %s", error)
                    job.found = self._around.lookup.find(job.video_id, job.request)
                else:
                    return
            raise TransientError(f"the video was replaced {MOST_VIDEOS_PER_JOB} times while it was fetched")

    def _check_time(self, job: RunningJob) -> None:
        now = self._clock()
        began = now if job.analysis_began is None else job.analysis_began
        if now - began > self._settings.max_job_seconds:
            raise PermanentError(
                f"the job takes longer than the {self._settings.max_job_seconds:g} s of max_job_seconds"
            )
        if now - job.message.received_at > LONGEST_HOLD_SECONDS:
            raise Interrupted("SQS lets no worker hold a message for longer than 12 hours")

    def _record_failure(self, job: RunningJob, verdict: Verdict, reason: str) -> Verdict:
        """Write a failure into the record; the verdict, or another if that fails too."""
        if job.step is None:
            return verdict
        try:
            match verdict.state:
                case "error":
                    if source_key := job.step.source.get("key"):
                        objects = ObjectsOfJob(self._around, self._configuration.output_bucket, job)
                        objects.partial(source_key).discard(may_be_left=True)
                    self._around.claims.finish_error(job.step, reason)
                case "interrupted":
                    job.step.failures += verdict.fate is Fate.RETRY
                    self._around.claims.finish_interrupted(job.step, reason)
        except Exception as error:
            # No record of the failure, so no end for the message either.
            return self.judge(error, job.message)
        return verdict
