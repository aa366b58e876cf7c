"""The life of one job: from a request for a video to its result, or to the record of why there is none."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.s3_keys import report_key, result_key
from human_detector.aws.storage import Storage, VideoObject
from human_detector.aws.waiting_times import LONGEST_HOLD_SECONDS, retry_delay
from human_detector.configuration import Configuration
from human_detector.errors import (
    ConfigurationError,
    HumanDetectorError,
    Interrupted,
    PermanentError,
    TransientError,
)
from human_detector.logs import current_context, log_context
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.protocol import AnalysisRequest
from human_detector.results.writer import lines_path
from human_detector.worker.analysis_turn import AnalysisTurn
from human_detector.worker.claim import ProcessSteps
from human_detector.worker.failures import Fate, Verdict, judge
from human_detector.worker.health import Health
from human_detector.worker.heartbeat import Heartbeat
from human_detector.worker.messages import VideoRequest, video_id_of
from human_detector.worker.metrics import Metrics
from human_detector.worker.partial_results import PartialResult, stamp
from human_detector.worker.report_beside_result import write_worker_report
from human_detector.worker.running_job import RunningJob
from human_detector.worker.scratch import job_folder, require_space
from human_detector.worker.shutdown import Shutdown
from human_detector.worker.task_protection import TaskProtection

log = logging.getLogger(__name__)

PROGRESS_LOG_SECONDS = 10


@dataclass(frozen=True)
class Surroundings:
    """What all jobs of a worker share."""

    queue: JobQueue
    steps: ProcessSteps
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
        self._human_detection = configuration.human_detection
        self._settings = configuration.worker
        self._wants_report = configuration.report
        self._max_attempts = around.queue.max_receive_count or configuration.worker.max_attempts
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
                job.step = self._around.steps.claim(video_id, force=request.force)
                self._work(job)
            except Exception as error:
                if isinstance(error, ConfigurationError):
                    self.unable = error
                verdict, reason = self.judge(error, message), str(error) or type(error).__name__
                verdict = self._record_failure(job, verdict, reason)
            outcome = "done" if not reason else verdict.state or verdict.fate.name.lower()
            self._around.metrics.job_ended(outcome, job.frames, message.queue_seconds, job.phases)
            return verdict, reason

    def judge(self, error: Exception, message: Message) -> Verdict:
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

    def _work(self, job: RunningJob) -> None:
        """Fetch, analyse, store, record.

        The result is stored before it is recorded, and recorded before the message is deleted: a crash
        between any two of these leaves what the next attempt needs to finish.
        """
        assert job.step is not None
        step, around = job.step, self._around
        began = self._clock()
        renewals = [
            lambda: around.queue.hide(job.message, self._settings.lease_seconds),
            lambda: around.steps.renew(step, job.progress),
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

            job.video = video = self._find_video(job)
            key = result_key(job.video_id, video.key)
            wanted = stamp(video, self._human_detection)
            if job.may_have_results and around.storage.stamp_of(self._output_bucket, key) == wanted:
                log.info("the result is there already: only the record was missing")
            else:
                result_path = self._analyze(job, video, folder, check)
                if self._wants_report:
                    self._report(job, video, result_path, key, check)
                heartbeat.check()
                with job.phases.time("Upload"):
                    around.storage.upload(result_path, self._output_bucket, key, wanted)
            heartbeat.check()
            if job.may_have_left_something:
                self._partial(job, video).discard()
            around.steps.finish_done(step, self._output_bucket, key)
        log.info(
            "done in %.1f s: %s frames analysed, result in s3://%s/%s",
            self._clock() - began,
            job.frames,
            self._output_bucket,
            key,
        )

    def _analyze(self, job: RunningJob, video: VideoObject, folder: Path, check: Callable[[], None]) -> Path:
        """Fetch the video and have it analysed, from where an earlier attempt was cut off."""
        if video.size > self._settings.max_object_bytes:
            raise PermanentError(
                f"the video has {video.size} bytes, max_object_bytes allows {self._settings.max_object_bytes}"
            )
        require_space(folder, video.size)
        # Names of our own: no part of a key reaches the file system.
        video_path, result_path = folder / "video", folder / "result.json"
        partial, lines = self._partial(job, video), lines_path(result_path)
        log.info("fetching s3://%s/%s, %s bytes", video.bucket, video.key, video.size)
        with job.phases.time("Download"):
            self._around.storage.download(video, video_path, check)
            job.has_partial_result = job.is_repeated and partial.fetch(lines)
        if job.has_partial_result:
            log.info("going on where an earlier attempt was cut off")

        def save() -> None:
            job.has_partial_result = True
            partial.save(lines)
            job.saved_at = self._clock()

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
        self, job: RunningJob, video: VideoObject, result_path: Path, key: str, check: Callable[[], None]
    ) -> None:
        """Put the report beside the result, before it: where there is a result, the job is done."""
        page_key = report_key(key)
        video_path = result_path.with_name("video")
        with job.phases.time("Report"):
            page = write_worker_report(video, video_path, result_path, self._output_bucket, page_key, check)
            check()
            if page is not None:
                wanted = stamp(video, self._human_detection)
                self._around.storage.upload(page, self._output_bucket, page_key, wanted)

    def _find_video(self, job: RunningJob) -> VideoObject:
        if job.request.key is None:
            return self._around.storage.find(*self._around.steps.source_of(job.video_id))
        return self._around.storage.find(job.request.bucket, job.request.key)

    def _partial(self, job: RunningJob, video: VideoObject) -> PartialResult:
        # Frames that were there before a video was forced do not count.
        wanted = stamp(video, self._human_detection) | {"forced": str(job.request.force)}
        return PartialResult(self._around.storage, self._output_bucket, job.video_id, video, wanted)

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
                    if job.video is not None and job.may_have_left_something:
                        self._partial(job, job.video).discard()
                    self._around.steps.finish_error(job.step, reason)
                case "interrupted":
                    self._around.steps.finish_interrupted(job.step, reason)
        except Exception as error:
            unrecorded = self.judge(error, job.message)
            # No record of the failure, so no end for the message either.
            if unrecorded.fate is Fate.BURY:
                return Verdict(Fate.RETRY, delay=retry_delay(job.message.receive_count))
            return unrecorded
        return verdict
