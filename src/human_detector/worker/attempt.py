"""One attempt at a video whose record is ours: fetch, analyse, store the result, record it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from human_detector.aws.storage import S3Object
from human_detector.configuration import Configuration
from human_detector.errors import Interrupted, PermanentError, TransientError
from human_detector.logs import current_context
from human_detector.processes.analysis_request import AnalysisRequest
from human_detector.results.writer import lines_path
from human_detector.worker.copy_beside_result import write_worker_copy
from human_detector.worker.heartbeat import Heartbeat
from human_detector.worker.objects_of_job import ObjectsOfJob
from human_detector.worker.own_object import OwnObject
from human_detector.worker.partial_results import PartialResult
from human_detector.worker.report_beside_result import write_worker_report
from human_detector.worker.running_job import RunningJob
from human_detector.worker.scratch import JobFolders, require_space
from human_detector.worker.surroundings import Surroundings

log = logging.getLogger(__name__)

PROGRESS_LOG_SECONDS = 10


class Attempt:
    """What is done for a result, once the step is claimed.

    Args:
        configuration: checked.
        around: what all jobs share.
        job: whose step is claimed.
        folders: for the files.
        heartbeat: keeps the job ours.
        check: called again and again; raises what ends the attempt.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        configuration: Configuration,
        around: Surroundings,
        job: RunningJob,
        folders: JobFolders,
        heartbeat: Heartbeat,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Names of our own: no part of a key reaches the file system.
        self._video_path, self._result_path = folders.video / "video", folders.result / "result.json"
        self._output_bucket = configuration.output_bucket
        self._settings = configuration.worker
        self._wants_report = configuration.report
        self._anonymize = configuration.anonymize
        self._around = around
        self._job = job
        self._objects = ObjectsOfJob(around, configuration.output_bucket, job)
        self._heartbeat = heartbeat
        self._check = check
        self._clock = clock

    def see_through(self) -> None:
        """See to it that the result is stored, and record it.

        The result is stored before it is recorded, and recorded before the message is deleted: a crash
        between any two of these leaves what the next attempt needs to finish.

        Raises:
            ObjectReplaced: another video lies there by now; look it up, and call this again.
        """
        job, objects = self._job, self._objects
        video = job.found.video
        if video is None:
            assert job.found.missing is not None
            raise job.found.missing
        assert job.step is not None
        began = self._clock()
        key = job.found.result_place["key"]
        partial = objects.partial(video.key)
        if job.is_stored_already:
            log.info("the result is there already: only the record was missing")
        else:
            page, copy = objects.page(), objects.copy()
            if self._wants_report:
                page.look()
            if self._anonymize is not None:
                copy.look()
            self._analyze(video, partial)
            # Before the result: where there is a result, the job is done.
            if self._anonymize is not None:
                self._write_copy(self._anonymize, copy)
            if self._wants_report:
                self._report(video, page)
            self._heartbeat.check()
            with job.phases.time("Upload"):
                objects.result().store(self._result_path)
        self._heartbeat.check()
        partial.discard(may_be_left=job.is_repeated)
        self._around.claims.finish_done(job.step, self._output_bucket, key)
        log.info(
            "done in %.1f s: %s frames analysed, result in s3://%s/%s",
            self._clock() - began,
            job.frames,
            self._output_bucket,
            key,
        )

    def _analyze(self, video: S3Object, partial: PartialResult) -> None:
        """Fetch the video and have it analysed, from where an earlier attempt was cut off."""
        job, step = self._job, self._job.step
        assert step is not None
        if video.size > self._settings.max_object_bytes:
            raise PermanentError(
                f"the video has {video.size} bytes, max_object_bytes allows {self._settings.max_object_bytes}"
            )
        require_space(self._video_path.parent, video.size)
        lines = lines_path(self._result_path)
        log.info("fetching s3://%s/%s, %s bytes", video.bucket, video.key, video.size)
        with job.phases.time("Download"):
            self._around.storage.download(video, self._video_path, self._check)
            if job.is_repeated and partial.fetch(lines):
                log.info("going on where an earlier attempt was cut off")

        def save() -> None:
            job.saved_at = self._clock()
            if partial.save(lines):
                step.failures = 0  # It got further than those before it.

        def check_and_save() -> None:
            self._check()
            if self._clock() - job.saved_at >= self._settings.partial_save_seconds:
                save()

        request = AnalysisRequest(
            self._video_path,
            self._result_path,
            job.video_id,
            video.to_dict(),
            self._settings.max_video_seconds,
            current_context(),
        )
        with self._around.turn.taken(self._check), job.phases.time("Analysis"):
            job.analysis_began = job.saved_at = self._clock()
            try:
                finished = self._around.analysis.analyze(request, check_and_save, self._watch())
            except (Interrupted, TransientError):
                save()
                raise
        job.frames = finished.analyzed_frames

    def _write_copy(self, wishes: Mapping[str, Any], copy: OwnObject) -> None:
        """Put the anonymised copy beside the result."""
        with self._job.phases.time("Anonymize"):
            path = write_worker_copy(self._video_path, self._result_path, wishes, self._settings, self._check)
            self._check()
            copy.store(path)

    def _report(self, video: S3Object, page: OwnObject) -> None:
        """Put the report beside the result."""
        with self._job.phases.time("Report"):
            path = write_worker_report(
                video,
                self._video_path,
                self._result_path,
                self._output_bucket,
                page.key,
                self._settings,
                self._check,
            )
            self._check()
            if path is not None:
                page.store(path)

    def _watch(self) -> Callable[[float], None]:
        """Takes note of progress: for the record, and from time to time for the log."""
        logged_at = self._clock()

        def watch(fraction: float) -> None:
            nonlocal logged_at
            self._job.progress = fraction
            self._around.turn.report(fraction)
            if self._clock() - logged_at >= PROGRESS_LOG_SECONDS:
                logged_at = self._clock()
                log.info("%.0f %% analysed", 100 * fraction)
                self._around.metrics.progress(fraction)

        return watch
