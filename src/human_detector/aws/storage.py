"""What is asked of S3: finding and fetching videos, storing results, keeping unfinished work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from human_detector.aws.error_codes import MISSING_OBJECT_CODES, UNREADABLE_OBJECT_REASONS, error_code
from human_detector.errors import PermanentError, TransientError

TRANSFER_THREADS = 10
"""Of one upload or download: they carry the parts of a large file side by side, each on a connection."""
_TRANSFER = TransferConfig(max_concurrency=TRANSFER_THREADS)


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
                video.bucket,
                video.key,
                str(path),
                Callback=lambda _bytes_since_last_call: check(),
                Config=_TRANSFER,
            )
        except ClientError as error:
            raise _explained(error, video.bucket, video.key) from error

    def upload_video(
        self, path: Path, bucket: str, key: str, metadata: Mapping[str, str], count: Callable[[int], None]
    ) -> None:
        """Store a video.

        Args:
            path: the file.
            bucket: where to.
            key: where to.
            metadata: stored with it.
            count: called with the number of bytes that were sent since the last call.

        Raises:
            TransientError: it could not be stored; names bucket, key and reason.
        """
        self._upload(path, bucket, key, {"Metadata": dict(metadata)}, count)

    def upload(self, path: Path, bucket: str, key: str, metadata: Mapping[str, str]) -> None:
        """Store a JSON file or an HTML page, with metadata that `stamp_of` gives back.

        Raises:
            TransientError: it could not be stored; names bucket, key and reason.
        """
        content_type = "text/html; charset=utf-8" if path.suffix == ".html" else "application/json"
        self._upload(path, bucket, key, {"ContentType": content_type, "Metadata": dict(metadata)})

    def fetch(self, bucket: str, key: str, path: Path) -> None:
        """Get a file of our own back."""
        self._client.download_file(bucket, key, str(path), Config=_TRANSFER)

    def stamp_of(self, bucket: str, key: str) -> dict[str, str] | None:
        """The metadata of an object of our own; None where there is none that we can see."""
        try:
            metadata: dict[str, str] = self._client.head_object(Bucket=bucket, Key=key)["Metadata"]
        except ClientError as error:
            if error_code(error) in MISSING_OBJECT_CODES:
                return None
            raise
        return metadata

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object of our own, if it is there."""
        self._client.delete_object(Bucket=bucket, Key=key)

    def _upload(
        self,
        path: Path,
        bucket: str,
        key: str,
        extra: Mapping[str, Any],
        count: Callable[[int], None] | None = None,
    ) -> None:
        try:
            self._client.upload_file(
                str(path), bucket, key, ExtraArgs=extra, Callback=count, Config=_TRANSFER
            )
        except S3UploadFailedError as error:
            raise TransientError(f"cannot write s3://{bucket}/{key}: {error}") from error


def _explained(error: ClientError, bucket: str, key: str) -> Exception:
    """A PermanentError for an answer that will not change, else the error itself."""
    reason = UNREADABLE_OBJECT_REASONS.get(error_code(error))
    return PermanentError(f"cannot read s3://{bucket}/{key}: {reason}") if reason else error
