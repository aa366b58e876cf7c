"""What a queue of SQS is made of: its messages, their copies, and the receipts that it gave out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

ACCOUNT = "000000000000"


@dataclass(eq=False)
class Copy:
    """A message on a server of SQS.

    Attributes:
        message_id: a copy on another server has the same.
        body: what was sent.
        attributes: what was sent with it.
        sent_at: epoch seconds; a move to the dead-letter queue does not change it.
        visible_at: epoch seconds.
        receives: how often it was received.
        first_received_at: epoch seconds.
        received_at: epoch seconds, the last time.
        source_arn: the queue that it was a dead letter of.
        deleted: it is gone, and its receipt handles with it.
    """

    message_id: str
    body: str
    attributes: Mapping[str, Any]
    sent_at: float
    visible_at: float
    receives: int = 0
    first_received_at: float = 0
    received_at: float = 0
    source_arn: str | None = None
    deleted: bool = False


@dataclass
class Queue:
    """A queue: its attributes, its messages in the order of sending, and the receipts that it gave out.

    Attributes:
        receipts: of each receipt handle the message and which of its receives it was.
        counted: the counts that somebody was last told.
    """

    name: str
    attributes: dict[str, str]
    copies: list[Copy] = field(default_factory=list)
    receipts: dict[str, tuple[Copy, int]] = field(default_factory=dict)
    counted: tuple[int, int, int] = (0, 0, 0)

    @property
    def arn(self) -> str:
        """Its Amazon Resource Name."""
        return f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{self.name}"

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{self.name}"

    @property
    def redrive(self) -> dict[str, Any]:
        """Its redrive policy; empty without one."""
        return _policy(self.attributes.get("RedrivePolicy") or "{}")

    def seconds(self, attribute: str) -> int:
        """An attribute that is a number of seconds."""
        return int(self.attributes[attribute])


@cache
def _policy(text: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(text)
    return policy


def delivery(copy: Copy, handle: str, system: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """A message as its receiver gets it.

    Args:
        copy: the message.
        handle: of this receipt.
        system: which of SQS's own attributes are wanted.
        wanted: which of the sender's attributes are.
    """
    known = {
        "ApproximateReceiveCount": str(copy.receives),
        "SentTimestamp": str(round(copy.sent_at * 1000)),
        "ApproximateFirstReceiveTimestamp": str(round(copy.first_received_at * 1000)),
        **({"DeadLetterQueueSourceArn": copy.source_arn} if copy.source_arn else {}),
    }
    own = {name: value for name, value in known.items() if name in system or "All" in system}
    sent = {name: value for name, value in copy.attributes.items() if name in wanted or "All" in wanted}
    return {
        "MessageId": copy.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": md5(copy.body),
        "Body": copy.body,
        **({"Attributes": own} if own else {}),
        **({"MessageAttributes": sent} if sent else {}),
    }


def md5(text: str) -> str:
    """The fingerprint of a text."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
