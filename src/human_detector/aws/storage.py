"""What is asked of S3: finding and fetching videos, storing results, keeping unfinished work.

Every write of an object of our own states what it replaces, and every fetch what it fetches: a worker that
was frozen in the middle of a request, and goes on when others have long done its work, mixes up nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import ClientError, ParamValidationError
from s3transfer.exceptions import S3DownloadFailedError
from s3transfer.subscribers import BaseSubscriber

from human_detector.aws.error_codes import (
    CHANGED_OBJECT_CODES,
    MISSING_OBJECT_CODES,
    UNREADABLE_OBJECT_REASONS,
    error_code,
)
from human_detector.errors import ObjectReplaced, PermanentError, Superseded, TransientError
from human_detector.utils import open_regular

TRANSFER_THREADS = 10
"""Of one upload or download: they carry the parts of a large file side by side, each on a connection."""
_TRANSFER = TransferConfig(max_concurrency=TRANSFER_THREADS)
_AS_FOUND = TransferConfig(max_concurrency=TRANSFER_THREADS, multipart_threshold=1)
"""In parts, however small: s3transfer asks for a certain ETag only where it fetches parts."""
_CONTENT_TYPES = {".html": "text/html; charset=utf-8", ".mp4": "video/mp4"}
"""Of what is not a result."""


@dataclass(frozen=True, slots=True)
class S3Object:
    """An object as it stood when we looked, or when we wrote it.

    Attributes:
        bucket: where it is.
        key: where it is.
        etag: S3's fingerprint of its content, without quotes.
        size: bytes.
        metadata: stored with it.
        modified_at: when it was stored, in epoch seconds by S3's clock; 0 if we wrote it.
    """

    bucket: str
    key: str
    etag: str
    size: int
    metadata: Mapping[str, str]
    modified_at: float = 0

    def to_dict(self) -> dict[str, str]:
        """Where a video came from, as the result file has it."""
        return {"bucket": self.bucket, "key": self.key, "etag": self.etag}


class Storage:
    """Reads videos and writes results.

    Args:
        client: an S3 client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, bucket: str, key: str) -> S3Object:
        """Look up an object that must be there.

        Raises:
            PermanentError: it cannot be read; names bucket, key and reason.
        """
        try:
            return self._head(bucket, key)
        except ClientError as error:
            raise _explained(error, bucket, key) from error
        except ParamValidationError as error:
            raise PermanentError(f"cannot read s3://{bucket}/{key}: no object can have that name") from error

    def look(self, bucket: str, key: str) -> S3Object | None:
        """Look up an object of our own; None where there is none that we can see."""
        try:
            return self._head(bucket, key)
        except ClientError as error:
            if error_code(error) in MISSING_OBJECT_CODES:
                return None
            raise
        except ParamValidationError:  # No object can have that name.
            return None

    def download(self, found: S3Object, path: Path, check: Callable[[], None]) -> None:
        """Fetch an object as it was found.

        Args:
            found: from `find` or `look`.
            path: where to put it.
            check: called again and again; what it raises ends the download.

        Raises:
            ObjectReplaced: it is no longer what was found.
            PermanentError: it cannot be read; names bucket, key and reason.
        """
        try:
            with create_transfer_manager(self._client, _AS_FOUND) as manager:
                as_found = _AsFound(found, check)
                manager.download(found.bucket, found.key, str(path), subscribers=[as_found]).result()
        except S3DownloadFailedError as error:
            raise ObjectReplaced(f"s3://{found.bucket}/{found.key} was replaced meanwhile") from error
        except ClientError as error:
            raise _explained(error, found.bucket, found.key) from error
        if path.stat().st_size != found.size:  # An empty object has no parts.
            raise ObjectReplaced(f"s3://{found.bucket}/{found.key} was replaced meanwhile")

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
        extra = {"Metadata": dict(metadata)}
        try:
            self._client.upload_file(
                str(path), bucket, key, ExtraArgs=extra, Callback=count, Config=_TRANSFER
            )
        except S3UploadFailedError as error:
            raise TransientError(f"cannot write s3://{bucket}/{key}: {error}") from error

    def store(
        self, path: Path, bucket: str, key: str, metadata: Mapping[str, str], replacing: S3Object | None
    ) -> S3Object:
        """Store a JSON file or an HTML page of our own.

        Args:
            path: the file; another process has written it.
            bucket: where to.
            key: where to.
            metadata: says what it was made of; `look` gives it back.
            replacing: what stands there now, as far as we know; None for nothing.

        Raises:
            Superseded: something else stands there.
            TransientError: it could not be stored; names bucket, key and reason.
        """
        condition = {"IfNoneMatch": "*"} if replacing is None else _if_match(replacing)
        content_type = _CONTENT_TYPES.get(path.suffix, "application/json")
        try:
            file = open_regular(path)
        except OSError as error:
            raise TransientError(f"{path.name} cannot be stored: {error.strerror}") from error
        try:
            with file as body:
                size = os.fstat(body.fileno()).st_size
                answer = self._client.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    Metadata=dict(metadata),
                    **condition,
                )
        except ClientError as error:
            if error_code(error) in CHANGED_OBJECT_CODES:
                raise Superseded(f"s3://{bucket}/{key} is not what it was") from error
            raise TransientError(f"cannot write s3://{bucket}/{key}: {error}") from error
        return S3Object(bucket, key, answer["ETag"].strip('"'), size, metadata)

    def fetch(self, bucket: str, key: str, path: Path) -> None:
        """Get a file of our own back."""
        self._client.download_file(bucket, key, str(path), Config=_TRANSFER)

    def remove(self, stored: S3Object) -> bool:
        """Remove an object of our own; False if something else stands there by now, or nothing."""
        try:
            self._client.delete_object(Bucket=stored.bucket, Key=stored.key, **_if_match(stored))
        except ClientError as error:
            if error_code(error) not in CHANGED_OBJECT_CODES:
                raise
            return False
        return True

    def _head(self, bucket: str, key: str) -> S3Object:
        head = self._client.head_object(Bucket=bucket, Key=key)
        modified_at = head["LastModified"].timestamp()
        return S3Object(
            bucket, key, head["ETag"].strip('"'), head["ContentLength"], head["Metadata"], modified_at
        )


class _AsFound(BaseSubscriber):  # type: ignore[misc]
    """Makes a transfer fetch the very object that was found, which it then need not look up again."""

    def __init__(self, found: S3Object, check: Callable[[], None]) -> None:
        self._found = found
        self._check = check

    def on_queued(self, future: Any, **_: Any) -> None:
        future.meta.provide_transfer_size(self._found.size)
        future.meta.provide_object_etag(_quoted(self._found))

    def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:  # noqa: ARG002
        self._check()


def _if_match(known: S3Object) -> dict[str, str]:
    return {"IfMatch": _quoted(known)}


def _quoted(known: S3Object) -> str:
    return f'"{known.etag}"'


def _explained(error: ClientError, bucket: str, key: str) -> Exception:
    """A PermanentError for an answer that will not change, else the error itself."""
    reason = UNREADABLE_OBJECT_REASONS.get(error_code(error))
    return PermanentError(f"cannot read s3://{bucket}/{key}: {reason}") if reason else error
