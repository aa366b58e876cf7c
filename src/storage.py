"""The S3 side of a job: which video, fetching it, storing the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from aws_clients import error_code
from errors import BadMessage, PermanentError, TransientError
from messages import VideoRequest, is_video_id

_REASONS = {
    "404": "there is no such object, or no permission to see that there is none",
    "NoSuchKey": "there is no such object",
    "NoSuchBucket": "there is no such bucket",
    "403": "no permission to read it, or there is no such object",
    "AccessDenied": "no permission to read it",
    "InvalidObjectState": "the object is archived and must be restored first",
}
"""Answers of S3 that stay the same however often one asks."""


@dataclass(frozen=True, slots=True)
class VideoObject:
    """A video in S3. `etag` is S3's fingerprint of its content."""

    bucket: str
    key: str
    etag: str
    size: int
    metadata: dict[str, str]

    def to_dict(self) -> dict[str, str]:
        """Where the video came from, as the result file has it."""
        return {"bucket": self.bucket, "key": self.key, "etag": self.etag}


class Storage:
    """Reads videos and writes results.

    Args:
        client: an S3 client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, bucket: str, key: str) -> VideoObject:
        """Look an object up.

        Raises:
            PermanentError: it cannot be read; names bucket, key and reason.
        """
        try:
            head = self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise _explained(error, bucket, key) from error
        return VideoObject(bucket, key, head["ETag"].strip('"'), head["ContentLength"], head["Metadata"])

    def video_id(self, request: VideoRequest) -> int:
        """The VideoId of an S3 event: the object's metadata `videoid`, else its file name without suffix.

        Raises:
            BadMessage: neither is a whole number.
        """
        assert request.key is not None
        try:
            given = self.find(request.bucket, request.key).metadata.get("videoid")
        except PermanentError:
            given = None  # The file name may still say whose failure this is.
        text = PurePosixPath(request.key).stem if given is None else given
        # int() alone would also take 2024_05_01 and +7.
        number = int(text) if re.fullmatch("-?[0-9]{1,38}", text) else None
        if not is_video_id(number):
            raise BadMessage(
                f"no VideoId for s3://{request.bucket}/{request.key}: found {text!r}, valid is a whole "
                "number in the object's metadata `videoid` or as its file name"
            )
        assert number is not None
        return number

    def download(self, video: VideoObject, path: Path, check: Callable[[], None]) -> None:
        """Fetch a video.

        Args:
            video: from `find`.
            path: where to put it.
            check: called again and again; what it raises ends the download.

        Raises:
            PermanentError: it cannot be read; names bucket, key and reason.
        """
        try:
            self._client.download_file(
                video.bucket, video.key, str(path), Callback=lambda _bytes_since_last_call: check()
            )
        except ClientError as error:
            raise _explained(error, video.bucket, video.key) from error

    def upload(self, path: Path, bucket: str, key: str, metadata: Mapping[str, str]) -> None:
        """Store a JSON file or an HTML page, with metadata that `stamp_of` gives back.

        Raises:
            TransientError: it could not be stored; names bucket, key and reason.
        """
        content_type = "text/html; charset=utf-8" if path.suffix == ".html" else "application/json"
        extra = {"ContentType": content_type, "Metadata": dict(metadata)}
        try:
            self._client.upload_file(str(path), bucket, key, ExtraArgs=extra)
        except S3UploadFailedError as error:
            raise TransientError(f"cannot write s3://{bucket}/{key}: {error}") from error

    def fetch(self, bucket: str, key: str, path: Path) -> None:
        """Get a file of our own back."""
        self._client.download_file(bucket, key, str(path))

    def stamp_of(self, bucket: str, key: str) -> dict[str, str] | None:
        """The metadata of an object of our own; None where there is none that we can see."""
        try:
            metadata: dict[str, str] = self._client.head_object(Bucket=bucket, Key=key)["Metadata"]
        except ClientError as error:
            # Without the permission to list, S3 says 403 for what is not there.
            if error_code(error) in ("404", "403", "NoSuchKey"):
                return None
            raise
        return metadata

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object of our own, if it is there."""
        self._client.delete_object(Bucket=bucket, Key=key)


def result_key(video_id: int, video_key: str) -> str:
    """Where the result of a video goes."""
    return f"human_detector/{video_id}/{PurePosixPath(video_key).stem}.json"


def _explained(error: ClientError, bucket: str, key: str) -> Exception:
    """A PermanentError for an answer that will not change, else the error itself."""
    reason = _REASONS.get(error_code(error))
    return PermanentError(f"cannot read s3://{bucket}/{key}: {reason}") if reason else error
