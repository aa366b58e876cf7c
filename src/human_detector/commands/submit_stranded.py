"""Videos that nobody will run: no worker is at them, and the queue holds no message that would bring one.

A worker sees to the records of dead letters. This is for the rest: a message that SQS has kept for as long as
it keeps any, that somebody has purged, or whose dead letter no worker is there to look at.
"""

from __future__ import annotations

import shlex

from human_detector.worker.record import Record, lease_seconds_left

NO_MESSAGE = "no message left"


def needs_a_message(record: Record, now: float) -> bool:
    """Whether only a message in the queue can have a video run, or finished, that was begun.

    A record without a step of the worker's is none: nobody may ever have asked for its video.

    Args:
        record: as it was read.
        now: epoch seconds.
    """
    begun = record.state in ("running", "interrupted")
    return begun and not lease_seconds_left(record.step or {}, now)


def what_to_do(record: Record) -> str:
    """Why a video will not be run, and how to have it run."""
    place = f"s3://{'/'.join(record.source)}" if record.source else "VIDEO"
    command = f"human-detector submit {shlex.quote(place)} --video-id {record.video_id}"
    return (
        "no worker is at it, and its message is gone (deleted, too old, or in the dead-letter queue); "
        f"send it again: {command}"
    )
