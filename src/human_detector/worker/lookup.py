"""What a request finds: its video, and what is stored of it already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from human_detector.aws.s3_keys import result_key
from human_detector.aws.storage import S3Object, Storage
from human_detector.errors import BadMessage, PermanentError
from human_detector.worker.messages import VideoRequest
from human_detector.worker.record import Element
from human_detector.worker.record_table import RecordTable
from human_detector.worker.stamp import digest_of, stamp


@dataclass(frozen=True, slots=True)
class Found:
    """What there was when we looked.

    Attributes:
        source: bucket and key of the video; empty if nothing says where it is.
        video: the video.
        missing: why there is none.
        result_place: bucket and key of its result.
        result: what lies there; None for nothing.
        made_of: what the result of this video is made of.
    """

    source: Element = field(default_factory=dict)
    video: S3Object | None = None
    missing: PermanentError | None = None
    result_place: Element = field(default_factory=dict)
    result: S3Object | None = None
    made_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_wanted_result(self) -> bool:
        """Whether the result is the one that an analysis of this video would give."""
        return self.result is not None and self.result.metadata == self.made_of

    @property
    def is_last_result(self) -> bool:
        """Whether nothing better than the result can be made: the video that it was made of is gone."""
        if self.missing is None or self.result is None:
            return False
        return self.result.metadata.get("video") == digest_of(self.source["bucket"], self.source["key"])


class Lookup:
    """Looks up videos and their results.

    Args:
        records: where the place of a video may be told.
        storage: where both are.
        output_bucket: of the results.
        wanted: what results are made with.
    """

    def __init__(
        self, records: RecordTable, storage: Storage, output_bucket: str, wanted: Mapping[str, Any]
    ) -> None:
        self._records = records
        self._storage = storage
        self._output_bucket = output_bucket
        self._wanted = wanted

    def find(self, video_id: int, request: VideoRequest) -> Found:
        """See what there is.

        Raises:
            BadMessage: there is no such record.
        """
        try:
            bucket, key = self._place(video_id, request)
        except BadMessage:
            raise
        except PermanentError as error:
            return Found(missing=error)
        source = {"bucket": bucket, "key": key}
        place = {"bucket": self._output_bucket, "key": result_key(video_id, key)}
        video = missing = None
        try:
            video = self._storage.find(bucket, key)
        except PermanentError as error:
            missing = error
        made_of = {} if video is None else stamp(video, self._wanted)
        result = self._storage.look(self._output_bucket, place["key"])
        return Found(source, video, missing, place, result, made_of)

    def _place(self, video_id: int, request: VideoRequest) -> tuple[str, str]:
        if request.key is None:
            return self._records.source_of(video_id)
        return request.bucket, request.key
