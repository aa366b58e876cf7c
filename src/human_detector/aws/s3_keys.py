"""Where the product puts its objects: the one place that makes S3 keys."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

MAX_KEY_BYTES = 1024
LONGEST_STEM_BYTES = 900
"""Of our own keys: a video's may be so long that nothing fits before it or behind it."""
VALID_KEY = f"a text of 1 to {MAX_KEY_BYTES} bytes"


def is_key(value: Any) -> bool:
    """Whether a value can be the key of an object (or the name of a bucket, which is shorter)."""
    if not isinstance(value, str):
        return False
    try:
        return 0 < len(value.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:  # half a character
        return False


def result_key(video_id: int, video_key: str) -> str:
    """The result of a video."""
    return f"human_detector/{video_id}/{_stem(video_key)}.json"


def report_key(result_key: str) -> str:
    """The report on a video: beside its result."""
    return str(PurePosixPath(result_key).with_suffix(".html"))


def copy_key(result_key: str) -> str:
    """The anonymised copy of a video: beside its result."""
    return str(PurePosixPath(result_key).with_suffix(".anonymized.mp4"))


PARTIAL_PREFIX = "human_detector_partial/"
"""Apart from the results, so that a rule of the bucket can expire what nobody came back for."""


def partial_key(video_id: int, video_key: str) -> str:
    """The frames that are done of a video whose analysis was cut off."""
    return f"{PARTIAL_PREFIX}{video_id}/{_stem(video_key)}.jsonl"


def upload_key(video_id: int, file_name: str) -> str:
    """A video that somebody submits from the own disk."""
    return f"videos/{video_id}/{file_name}"


def _stem(video_key: str) -> str:
    return PurePosixPath(video_key).stem.encode()[:LONGEST_STEM_BYTES].decode(errors="ignore")
