"""What a result was made of: its metadata, so that one cheap request tells whether it is wanted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from human_detector.aws.storage import S3Object
from human_detector.results.document import SCHEMA_VERSION


def stamp(video: S3Object, wanted: Mapping[str, Any]) -> dict[str, str]:
    """What a result depends on: which video, its content, and what was asked for.

    Two objects with the same stamp hold the same frames, so that one can stand for the other. Digests,
    because metadata in S3 is ASCII and 2 KB at most, and a key may be neither.
    """
    return {
        "video": digest_of(video.bucket, video.key),
        "video-etag": video.etag,
        "analysis": _digest([SCHEMA_VERSION, wanted]),
    }


def digest_of(bucket: str, key: str) -> str:
    """The part of a stamp that says which video it is, whatever its content."""
    return _digest([bucket, key])


def is_of_another_content(made_of: Mapping[str, str], video: S3Object) -> bool:
    """Whether a result is of this video, but was made before it was replaced."""
    is_of_it = made_of.get("video") == digest_of(video.bucket, video.key)
    return is_of_it and made_of.get("video-etag") != video.etag


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
