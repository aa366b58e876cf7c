"""A video that was submitted, from the side of the person who waits for it: a row of the table at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from human_detector.commands.tables import print_table
from human_detector.errors import PermanentError, TransientError

NOT_SENT = "not sent"

ONE_VIDEO_FAILS = (PermanentError, TransientError, ClientError, BotoCoreError, Boto3Error, OSError)
"""What one video may fail of while others go on."""


@dataclass(slots=True)
class Submission:
    """What has become of a video so far.

    Attributes:
        video: as it was named.
        video_id: key of its record; None as long as it has none.
        key: of the video in S3, once it is known.
        state: `not sent`, `submitted`, or the state of its record.
        details: where the video or its result is, or what went wrong.
        has_failed: whether it did.
    """

    video: str
    video_id: int | None = None
    key: str = ""
    state: str = NOT_SENT
    details: str = ""
    has_failed: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether a worker is to run it, or has."""
        return self.state != NOT_SENT

    def fail(self, reason: object) -> None:
        """Take note of a failure; the state stays what it was."""
        self.has_failed = True
        self.details = str(reason)


def print_submissions(submissions: Iterable[Submission]) -> None:
    """Print the table, a row for each."""
    print_table(
        ("VIDEO", "VIDEO ID", "STATE", "DETAILS"),
        [
            (each.video, "-" if each.video_id is None else str(each.video_id), each.state, each.details)
            for each in submissions
        ],
        right=("VIDEO ID",),
    )
