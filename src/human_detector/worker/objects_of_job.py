"""What a job keeps in the results' bucket: its result, what lies beside it, and unfinished work."""

from __future__ import annotations

from human_detector.aws.s3_keys import copy_key, partial_key, report_key
from human_detector.aws.storage import S3Object
from human_detector.worker.own_object import OwnObject
from human_detector.worker.partial_results import OWNER, PartialResult
from human_detector.worker.running_job import RunningJob
from human_detector.worker.surroundings import Surroundings


class ObjectsOfJob:
    """Objects that this attempt may write as long as the record is ours.

    Args:
        around: what all jobs share.
        bucket: of the results.
        job: whose step is claimed.
    """

    def __init__(self, around: Surroundings, bucket: str, job: RunningJob) -> None:
        self._around = around
        self._bucket = bucket
        self._job = job

    def result(self) -> OwnObject:
        """The result, in the place of the one that was found."""
        found = self._job.found
        return self._object(found.result_place["key"], found.result)

    def page(self) -> OwnObject:
        """The page beside the result."""
        return self._object(report_key(self._job.found.result_place["key"]), None)

    def copy(self) -> OwnObject:
        """The anonymised copy beside the result."""
        return self._object(copy_key(self._job.found.result_place["key"]), None)

    def partial(self, video_key: str) -> PartialResult:
        """What is left of an analysis that was cut off."""
        job = self._job
        assert job.step is not None
        # Frames that were there before a video was forced do not count.
        more = {"forced": str(job.request.force), OWNER: job.step.owner}
        return PartialResult(
            self._around.storage, self._object(partial_key(job.video_id, video_key), None, **more)
        )

    def _object(self, key: str, stored: S3Object | None, **more: str) -> OwnObject:
        job, step = self._job, self._job.step
        assert step is not None
        return OwnObject(
            self._around.storage,
            self._bucket,
            key,
            {**job.found.made_of, **more},
            lambda: self._around.claims.renew(step, job.progress),
            stored,
        )
