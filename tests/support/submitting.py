"""What tests of `human-detector submit` share: steps of records, what is in the queue, and time that passes at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from support.worker_harness import Aws

Submit = Callable[..., int]
"""The command: takes its arguments, and `clock` and `sleep`; returns the exit status."""

FAILED = {"step": "human_detector", "state": "error", "error": "the file is empty (0 bytes)"}
DONE = {"step": "human_detector", "state": "done", "result_file": {"bucket": "b", "key": "k.json"}}
SPLIT = {"step": "video_split", "state": "done", "result_file": {"bucket": "b", "key": "v.mp4"}}
OTHER = {"step": "speech", "state": "running", "n": Decimal("0.25")}

FOR_EVER = 9_999_999_999
"""When the lease of a living worker ends."""


def running(lease_expires_at: int, owner: str = "host:1:claim", **more: Any) -> dict[str, Any]:
    """The step of a worker that is at it, or was.

    Args:
        lease_expires_at: epoch seconds.
        owner: of the claim: host, process and a token.
        **more: what else stands in the step.
    """
    lease = {"owner": owner, "lease_expires_at": lease_expires_at}
    return {"step": "human_detector", "state": "running", **lease, **more}


def sent(aws: Aws) -> list[dict[str, Any]]:
    """The messages in the queue, by VideoId."""
    got = aws.sqs.receive_message(QueueUrl=aws.queue_url, MaxNumberOfMessages=10)
    messages = [json.loads(message["Body"]) for message in got.get("Messages", [])]
    return sorted(messages, key=lambda message: message["VideoId"])


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The rows of the table at the end, as columns; takes what was printed so far."""
    return [re.split(r"  +", line.strip()) for line in capsys.readouterr().out.splitlines()[1:]]


class Time:
    """A clock that goes on only by sleeping.

    Args:
        meanwhile: called after each sleep, with the seconds since the beginning.
    """

    def __init__(self, meanwhile: Callable[[float], None] = lambda _: None) -> None:
        self.seconds = 0.0
        self._meanwhile = meanwhile

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Go on."""
        assert seconds > 0
        self.seconds += seconds
        self._meanwhile(self.seconds)
