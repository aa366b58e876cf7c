"""Where the product puts its objects: the one place that makes S3 keys."""

from __future__ import annotations

from pathlib import PurePosixPath


def result_key(video_id: int, video_key: str) -> str:
    """The result of a video."""
    return f"human_detector/{video_id}/{PurePosixPath(video_key).stem}.json"


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
    return f"{PARTIAL_PREFIX}{video_id}/{PurePosixPath(video_key).stem}.jsonl"


def upload_key(video_id: int, file_name: str) -> str:
    """A video that somebody submits from the own disk."""
    return f"videos/{video_id}/{file_name}"
