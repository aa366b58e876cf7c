"""The life of one job: from a request for a video to its result, or to the record of why there is none."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.s3_keys import partial_key, report_key
from human_detector.aws.storage import S3Object, Storage
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
from human_detector.logs import current_context, log_context
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.protocol import AnalysisRequest
from human_detector.results.writer import lines_path
from human_detector.worker.analysis_turn import AnalysisTurn
from human_detector.worker.claim import ClaimedStep, Claims, Purpose
from human_detector.worker.failures import Fate, Verdict, judge
from human_detector.worker.health import Health
from human_detector.worker.heartbeat import Heartbeat
from human_detector.worker.lookup import Lookup
from human_detector.worker.messages import VideoRequest, video_id_of
from human_detector.worker.metrics import Metrics
from human_detector.worker.own_object import OwnObject
from human_detector.worker.partial_results import OWNER, PartialResult
from human_detector.worker.record import died
from human_detector.worker.report_beside_result import write_worker_report
from human_detector.worker.running_job import RunningJob
from human_detector.worker.scratch import job_folder, require_space
from human_detector.worker.shutdown import Shutdown
from human_detector.worker.task_protection import TaskProtection

log = logging.getLogger(__name__)

PROGRESS_LOG_SECONDS = 10
MOST_VIDEOS_PER_JOB = 5
"""How often a job starts again because its video was replaced."""


@dataclass(frozen=True)
class Surroundings:
    """What all jobs of a worker share."""

    queue: JobQueue
    claims: Claims
    storage: Storage
    analysis: AnalysisProcess
    turn: AnalysisTurn
    shutdown: Shutdown
    health: Health
    metrics: Metrics
    protection: TaskProtection


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
        self._output_bucket = configuration.output_bucket
        self._lookup = Lookup(
            around.claims.records, around.storage, configuration.output_bucket, configuration.human_detection
        )
        self._settings = configuration.worker
        self._wants_report = configuration.report
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
                job.found = self._lookup.find(video_id, request)
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
            job_folder() as folder,
            Heartbeat(renewals, self._settings.lease_seconds, self._clock) as heartbeat,
        ):
            thread = threading.get_ident()

            def check() -> None:
                # A download calls this from threads of its own, which come and go.
                around.health.touch(thread)
                heartbeat.check()
                around.shutdown.check()
                self._check_time(job)

            for _ in range(MOST_VIDEOS_PER_JOB):
                try:
                    self._produce(job, folder, heartbeat, check)
                except ObjectReplaced as error:
                    log.warning("starting again with the new object: %s", error)
                    job.found = self._lookup.find(job.video_id, job.request)
                else:
                    return
            raise TransientError(f"the video was replaced {MOST_VIDEOS_PER_JOB} times while it was fetched")

    def _produce(
        self, job: RunningJob, folder: Path, heartbeat: Heartbeat, check: Callable[[], None]
    ) -> None:
        """See to it that the result is stored, and record it.

        The result is stored before it is recorded, and recorded before the message is deleted: a crash
        between any two of these leaves what the next attempt needs to finish.
        """
        video = job.found.video
        if video is None:
            assert job.found.missing is not None
            raise job.found.missing
        assert job.step is not None
        began = self._clock()
        key = job.found.result_place["key"]
        partial = self._partial(job, video.key)
        if job.is_stored_already:
            log.info("the result is there already: only the record was missing")
        else:
            page = self._own_object(job, report_key(key), None)
            if self._wants_report:
                page.look()
            result_path = self._analyze(job, video, partial, folder, check)
            if self._wants_report:
                # Before the result: where there is a result, the job is done.
                self._report(job, video, result_path, page, check)
            heartbeat.check()
            with job.phases.time("Upload"):
                self._own_object(job, key, job.found.result).store(result_path)
        heartbeat.check()
        partial.discard(may_be_left=job.is_repeated)
        self._around.claims.finish_done(job.step, self._output_bucket, key)
        log.info(
            "done in %.1f s: %s frames analysed, result in s3://%s/%s",
            self._clock() - began,
            job.frames,
            self._output_bucket,
            key,
        )

    def _analyze(
        self,
        job: RunningJob,
        video: S3Object,
        partial: PartialResult,
        folder: Path,
        check: Callable[[], None],
    ) -> Path:
        """Fetch the video and have it analysed, from where an earlier attempt was cut off."""
        assert job.step is not None
        if video.size > self._settings.max_object_bytes:
            raise PermanentError(
                f"the video has {video.size} bytes, max_object_bytes allows {self._settings.max_object_bytes}"
            )
        require_space(folder, video.size)
        # Names of our own: no part of a key reaches the file system.
        video_path, result_path = folder / "video", folder / "result.json"
        lines = lines_path(result_path)
        log.info("fetching s3://%s/%s, %s bytes", video.bucket, video.key, video.size)
        with job.phases.time("Download"):
            self._around.storage.download(video, video_path, check)
            if job.is_repeated and partial.fetch(lines):
                log.info("going on where an earlier attempt was cut off")
        step = job.step

        def save() -> None:
            job.saved_at = self._clock()
            if partial.save(lines):
                step.failures = 0  # It got further than those before it.

        def check_and_save() -> None:
            check()
            if self._clock() - job.saved_at >= self._settings.partial_save_seconds:
                save()

        request = AnalysisRequest(
            video_path,
            result_path,
            job.video_id,
            video.to_dict(),
            self._settings.max_video_seconds,
            current_context(),
        )
        with self._around.turn.taken(check), job.phases.time("Analysis"):
            job.analysis_began = job.saved_at = self._clock()
            try:
                finished = self._around.analysis.analyze(request, check_and_save, self._watch(job))
            except (Interrupted, TransientError):
                save()
                raise
        job.frames = finished.summary["analyzed_frames"]
        return result_path

    def _report(
        self, job: RunningJob, video: S3Object, result_path: Path, page: OwnObject, check: Callable[[], None]
    ) -> None:
        """Put the report beside the result."""
        video_path = result_path.with_name("video")
        with job.phases.time("Report"):
            path = write_worker_report(video, video_path, result_path, self._output_bucket, page.key, check)
            check()
            if path is not None:
                page.store(path)

    def _own_object(self, job: RunningJob, key: str, stored: S3Object | None, **more: str) -> OwnObject:
        """An object in the results' bucket that this attempt may write as long as the record is ours."""
        step = job.step
        assert step is not None
        return OwnObject(
            self._around.storage,
            self._output_bucket,
            key,
            {**job.found.made_of, **more},
            lambda: self._around.claims.renew(step, job.progress),
            stored,
        )

    def _partial(self, job: RunningJob, video_key: str) -> PartialResult:
        assert job.step is not None
        # Frames that were there before a video was forced do not count.
        more = {"forced": str(job.request.force), OWNER: job.step.owner}
        key = partial_key(job.video_id, video_key)
        return PartialResult(self._around.storage, self._own_object(job, key, None, **more))

    def _check_time(self, job: RunningJob) -> None:
        now = self._clock()
        began = now if job.analysis_began is None else job.analysis_began
        if now - began > self._settings.max_job_seconds:
            raise PermanentError(
                f"the job takes longer than the {self._settings.max_job_seconds:g} s of max_job_seconds"
            )
        if now - job.message.received_at > LONGEST_HOLD_SECONDS:
            raise Interrupted("SQS lets no worker hold a message for longer than 12 hours")

    def _watch(self, job: RunningJob) -> Callable[[float], None]:
        """Takes note of progress: for the record, and from time to time for the log."""
        logged_at = self._clock()

        def watch(fraction: float) -> None:
            nonlocal logged_at
            job.progress = fraction
            self._around.turn.report(fraction)
            if self._clock() - logged_at >= PROGRESS_LOG_SECONDS:
                logged_at = self._clock()
                log.info("%.0f %% analysed", 100 * fraction)
                self._around.metrics.progress(fraction)

        return watch

    def _record_failure(self, job: RunningJob, verdict: Verdict, reason: str) -> Verdict:
        """Write a failure into the record; the verdict, or another if that fails too."""
        if job.step is None:
            return verdict
        try:
            match verdict.state:
                case "error":
                    if source_key := job.step.source.get("key"):
                        self._partial(job, source_key).discard(may_be_left=True)
                    self._around.claims.finish_error(job.step, reason)
                case "interrupted":
                    job.step.failures += verdict.fate is Fate.RETRY
                    self._around.claims.finish_interrupted(job.step, reason)
        except Exception as error:
            # No record of the failure, so no end for the message either.
            return self.judge(error, job.message)
        return verdict
