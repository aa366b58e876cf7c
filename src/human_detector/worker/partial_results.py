"""What is left of an analysis that was cut off: kept in S3, so that the next worker goes on from there."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.s3_keys import partial_key
from human_detector.aws.storage import Storage, VideoObject
from human_detector.errors import TransientError
from human_detector.results.document import SCHEMA_VERSION

log = logging.getLogger(__name__)


def stamp(video: VideoObject, human_detection: Mapping[str, Any]) -> dict[str, str]:
    """What a result depends on: the video's content and what was asked for. Stored with every object.

    Two objects with the same stamp hold the same frames, so that one can stand for the other.
    """
    asked = json.dumps([SCHEMA_VERSION, human_detection], sort_keys=True)
    return {"video-etag": video.etag, "analysis": hashlib.sha256(asked.encode()).hexdigest()}


class PartialResult:
    """The frames that are done of one video, one JSON line each.

    Args:
        storage: where to keep them.
        bucket: the bucket of the results.
        video_id: key of the record.
        video: what is analysed.
        wanted: stamp of the analysis; lines of another are of no use.
    """

    def __init__(
        self, storage: Storage, bucket: str, video_id: int, video: VideoObject, wanted: Mapping[str, str]
    ) -> None:
        self._storage = storage
        self._bucket = bucket
        self._key = partial_key(video_id, video.key)
        self._wanted = wanted

    def fetch(self, lines_path: Path) -> bool:
        """Get what an earlier attempt left; whether there was anything."""
        if self._storage.stamp_of(self._bucket, self._key) != self._wanted:
            return False
        self._storage.fetch(self._bucket, self._key, lines_path)
        return True

    def save(self, lines_path: Path) -> None:
        """Keep the frames that are done so far. A failure costs the next attempt time, nothing else."""
        try:
            if lines_path.is_file() and lines_path.stat().st_size > 0:
                self._storage.upload(lines_path, self._bucket, self._key, self._wanted)
        except (ClientError, BotoCoreError, OSError, TransientError) as error:
            log.warning("the partial result could not be saved: %s", error)

    def discard(self) -> None:
        """Remove it; the job has ended."""
        try:
            self._storage.delete(self._bucket, self._key)
        except (ClientError, BotoCoreError) as error:
            log.warning("the partial result could not be removed: %s", error)
