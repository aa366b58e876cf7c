"""S3: buckets without versioning, as their documentation describes them.

Reads see every write that was answered before them. A write replaces the whole object or nothing. What a request
demands of the object that is there (`IfMatch`, `IfNoneMatch`) is checked in the same moment in which it acts.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from botocore.response import StreamingBody

from simulation.errors import Refused


@dataclass(frozen=True)
class Object:
    """An object: it never changes, another one takes its place.

    Attributes:
        content: its bytes.
        metadata: of the user, with names in lower case.
        content_type: of HTTP.
        modified_at: epoch seconds.
    """

    content: bytes
    metadata: Mapping[str, str]
    content_type: str
    modified_at: float

    @property
    def etag(self) -> str:
        """The fingerprint of its content, in quotes: the same content has the same one."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


class S3:
    """The service.

    Args:
        now: epoch seconds.
        keys_per_page: of a list.
    """

    NAME = "s3"
    OPERATIONS = frozenset(
        {"create_bucket", "put_object", "get_object", "head_object", "delete_object", "list_objects_v2"}
    )
    THROTTLED = ("SlowDown", "Please reduce your request rate.", 503)
    FAILED = ("InternalError", "We encountered an internal error. Please try again.", 500)

    def __init__(self, now: Callable[[], float], keys_per_page: int = 1000) -> None:
        self.buckets: dict[str, dict[str, Object]] = {}
        self._now = now
        self._keys_per_page = keys_per_page

    def create_bucket(
        self, *, Bucket: str, CreateBucketConfiguration: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Make a bucket."""
        self.buckets.setdefault(Bucket, {})
        return {"Location": f"/{Bucket}"}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes = b"",
        ContentType: str = "binary/octet-stream",
        Metadata: Mapping[str, str] | None = None,
        IfMatch: str | None = None,
        IfNoneMatch: str | None = None,
        ChecksumAlgorithm: str = "CRC32",
    ) -> dict[str, Any]:
        """Store an object, in place of the one that is there.

        Args:
            ChecksumAlgorithm: of a check on the way, where nothing is lost here.
            IfMatch: only in place of the object with this ETag.
            IfNoneMatch: `*`: only where there is none.
        """
        bucket = self._bucket(Bucket)
        if IfNoneMatch not in (None, "*"):
            raise ValueError(f"IfNoneMatch: found {IfNoneMatch!r}, valid for a write is '*'")
        if IfNoneMatch == "*" and Key in bucket:
            _precondition_failed("If-None-Match")
        if IfMatch is not None:
            _check_match(IfMatch, bucket, Key)
        metadata = {name.lower(): value for name, value in (Metadata or {}).items()}
        bucket[Key] = Object(Body, metadata, ContentType, self._now())
        return {"ETag": bucket[Key].etag}

    def get_object(
        self, *, Bucket: str, Key: str, IfMatch: str | None = None, Range: str | None = None
    ) -> dict[str, Any]:
        """Content and description of an object.

        Args:
            IfMatch: only if it still has this ETag.
            Range: only these bytes, such as `bytes=0-99`.
        """
        bucket = self._bucket(Bucket)
        if Key not in bucket:
            _no_such_key()
        if IfMatch is not None:
            _check_match(IfMatch, bucket, Key)
        found = bucket[Key]
        content, size, described = found.content, len(found.content), {}
        if Range is not None:
            first, _, last = Range.removeprefix("bytes=").partition("-")
            if int(first) >= size:
                raise Refused("InvalidRange", "The requested range is not satisfiable", 416)
            content = content[int(first) : int(last or size) + 1]
            end = int(first) + len(content) - 1
            described = {"ContentRange": f"bytes {first}-{end}/{size}", "ContentLength": len(content)}
        body = StreamingBody(io.BytesIO(content), len(content))
        return {**_description(found), **described, "Body": body}

    def head_object(self, *, Bucket: str, Key: str, IfMatch: str | None = None) -> dict[str, Any]:
        """Description of an object. Its errors have no words, because the answer to a HEAD has no body."""
        found = self.buckets.get(Bucket, {}).get(Key)
        if found is None:
            raise Refused("404", "Not Found", 404)
        if IfMatch is not None and not _matches(IfMatch, found):
            raise Refused("412", "Precondition Failed", 412)
        return _description(found)

    def delete_object(self, *, Bucket: str, Key: str, IfMatch: str | None = None) -> dict[str, Any]:
        """Remove an object; it is no error if there is none.

        Args:
            IfMatch: only the object with this ETag, which must be there.
        """
        bucket = self._bucket(Bucket)
        if IfMatch is not None:
            _check_match(IfMatch, bucket, Key)
        bucket.pop(Key, None)
        return {}

    def list_objects_v2(
        self, *, Bucket: str, Prefix: str = "", ContinuationToken: str = ""
    ) -> dict[str, Any]:
        """The objects whose keys begin like that, in the order of their keys, a page at a time."""
        bucket = self._bucket(Bucket)
        keys = sorted(key for key in bucket if key.startswith(Prefix) and key > ContinuationToken)
        page, rest = keys[: self._keys_per_page], keys[self._keys_per_page :]
        listed = [
            {
                "Key": key,
                "ETag": bucket[key].etag,
                "Size": len(bucket[key].content),
                "LastModified": _moment(bucket[key].modified_at),
            }
            for key in page
        ]
        return {
            "KeyCount": len(listed),
            "IsTruncated": bool(rest),
            **({"Contents": listed} if listed else {}),
            **({"NextContinuationToken": page[-1]} if rest else {}),
        }

    def _bucket(self, name: str) -> dict[str, Object]:
        if name not in self.buckets:
            raise Refused("NoSuchBucket", "The specified bucket does not exist", 404)
        return self.buckets[name]


def _matches(etag: str, found: Object) -> bool:
    return etag == "*" or etag.strip('"') == found.etag.strip('"')


def _check_match(etag: str, bucket: Mapping[str, Object], key: str) -> None:
    if key not in bucket:
        _no_such_key()
    if not _matches(etag, bucket[key]):
        _precondition_failed("If-Match")


def _no_such_key() -> NoReturn:
    raise Refused("NoSuchKey", "The specified key does not exist.", 404)


def _precondition_failed(header: str) -> NoReturn:
    raise Refused("PreconditionFailed", f"The precondition {header} you specified did not hold", 412)


def _description(found: Object) -> dict[str, Any]:
    return {
        "ETag": found.etag,
        "ContentLength": len(found.content),
        "ContentType": found.content_type,
        "LastModified": _moment(found.modified_at),
        "Metadata": dict(found.metadata),
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
