"""The SQS queue: what can happen to a message."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.error_codes import LOST_MESSAGE_CODES, error_code, is_hopeless
from human_detector.errors import ConfigurationError, LeaseLost
from human_detector.harmless_text import harmless

log = logging.getLogger(__name__)

MAX_VISIBILITY_SECONDS = 43_200
MAX_DELAY_SECONDS = 900
MAX_REASON_CHARACTERS = 1000

REASON, SEEN_BEAT, WAITED_SECONDS = "reason", "seen-beat", "waited-seconds"
"""Attributes of messages that the worker sends: why it is a dead letter; see `Message`."""
SOURCE = "DeadLetterQueueSourceArn"
"""SQS's own attribute of a message that it has moved to a dead-letter queue: from where."""


@dataclass(frozen=True, slots=True)
class Message:
    """A received message.

    Attributes:
        message_id: SQS's name for it, for the log.
        body: what was sent.
        receipt_handle: the right to hide or delete it.
        receive_count: how often it has been received, this time included.
        queue_seconds: from its sending to its receipt.
        received_at: when, in the clock's seconds.
        seen_beat: the last sign of life of a worker that was at its video when it was put off, if any.
        waited_seconds: how long it has waited in the queue since then.
        sent_at: when it was sent first, in epoch seconds by SQS's clock.
    """

    message_id: str
    body: str
    receipt_handle: str
    receive_count: int
    queue_seconds: float
    received_at: float
    seen_beat: str = ""
    waited_seconds: float = 0
    sent_at: float = 0


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many messages a queue holds. SQS counts them roughly: a minute after the last change it is right.

    Attributes:
        waiting: to be received.
        in_flight: received, and neither deleted nor given back.
        delayed: sent, but not to be received yet.
    """

    waiting: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """How many messages there are, hidden or not."""
        return self.waiting + self.in_flight + self.delayed


class JobQueue:
    """One queue, which must exist: a queue made from a misspelt name would swallow jobs.

    Args:
        client: an SQS client.
        name: the queue's name.
        clock: seconds that only go forward.

    Raises:
        ConfigurationError: there is no such queue, no permission to use it, or it is a FIFO queue.
    """

    def __init__(self, client: Any, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        try:
            self.url = client.get_queue_url(QueueName=name)["QueueUrl"]
            attributes = client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        except (ClientError, BotoCoreError) as error:
            if is_hopeless(error):
                raise ConfigurationError(f"the queue {name!r} cannot be used: {error}") from error
            raise
        if attributes.get("FifoQueue") == "true":
            raise ConfigurationError(
                f"the queue {name!r} is a FIFO queue, valid is a standard queue: in a FIFO queue the videos "
                "of a group wait behind one that is put off, and one that is sent again is dropped"
            )
        self._arn = attributes["QueueArn"]
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
        self._dead_letter_arn: str | None = redrive.get("deadLetterTargetArn")
        self.max_receive_count: int | None = int(redrive["maxReceiveCount"]) if redrive else None

    @property
    def has_dead_letter_queue(self) -> bool:
        """Whether SQS moves a message away that was received too often."""
        return self._dead_letter_arn is not None

    def depth(self) -> QueueDepth:
        """How many messages the queue holds."""
        return self._depth_of(self.url)

    def dead_letters(self) -> int:
        """How many messages the dead-letter queue holds, which must exist."""
        return self._depth_of(self._dead_letter_url()).total

    def receive(self, wait_seconds: int, visibility_seconds: int) -> Message | None:
        """Wait for one message, at most 20 s; it stays hidden for `visibility_seconds` unless renewed."""
        answer = self._client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visibility_seconds,
            AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            MessageAttributeNames=[SEEN_BEAT, WAITED_SECONDS],
        )
        return next(map(self._message, answer.get("Messages", [])), None)

    def read_dead_letters(self) -> list[Message]:
        """Some of the letters that SQS has moved away; they stay, and anybody else can read them.

        Without those that a worker has buried: it has recorded the end before.
        """
        if self._dead_letter_arn is None:
            return []
        answer = self._client.receive_message(
            QueueUrl=self._dead_letter_url(),
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            AttributeNames=["ApproximateReceiveCount", "SentTimestamp", SOURCE],
            MessageAttributeNames=[REASON],
        )
        return [self._message(letter) for letter in answer.get("Messages", []) if self._was_moved(letter)]

    def _was_moved(self, letter: Mapping[str, Any]) -> bool:
        """Whether SQS has moved a letter away from this queue: several may share a dead-letter queue."""
        if SOURCE in letter["Attributes"]:
            return bool(letter["Attributes"][SOURCE] == self._arn)
        return not _text(letter, REASON)

    def revive(self, letter: Message) -> None:
        """Move a message from the dead-letter queue back to where it came from."""
        self._client.send_message(QueueUrl=self.url, MessageBody=letter.body)
        self._client.delete_message(QueueUrl=self._dead_letter_url(), ReceiptHandle=letter.receipt_handle)

    def _message(self, received: Mapping[str, Any]) -> Message:
        attributes = received["Attributes"]
        sent_at = int(attributes["SentTimestamp"]) / 1000
        return Message(
            received["MessageId"],
            received["Body"],
            received["ReceiptHandle"],
            int(attributes["ApproximateReceiveCount"]),
            queue_seconds=max(0.0, time.time() - sent_at),
            received_at=self._clock(),
            seen_beat=_text(received, SEEN_BEAT),
            waited_seconds=_seconds(_text(received, WAITED_SECONDS)),
            sent_at=sent_at,
        )

    def hide(self, message: Message, seconds: float) -> None:
        """Keep a message from other workers for that long from now; 0 makes it visible at once.

        Raises:
            LeaseLost: the message is no longer ours.
        """
        try:
            self._client.change_message_visibility(
                QueueUrl=self.url,
                ReceiptHandle=message.receipt_handle,
                VisibilityTimeout=min(round(seconds), MAX_VISIBILITY_SECONDS),
            )
        except ClientError as error:
            if error_code(error) in LOST_MESSAGE_CODES:
                raise LeaseLost(f"the message can no longer be hidden: {error}") from error
            raise

    def delete(self, message: Message) -> None:
        """Delete a message whose work is done or whose failure is recorded."""
        self._client.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt_handle)

    def retry(self, message: Message, seconds: float) -> None:
        """Give a message back after an attempt that failed, to be delivered after that many seconds."""
        if self.max_receive_count is None or message.receive_count < self.max_receive_count:
            self.hide(message, seconds)
        else:
            # SQS would make a dead letter of it. Whether it is to be one, the record says.
            self.put_off(message, seconds)

    def put_off(self, message: Message, seconds: float, beat: str = "") -> None:
        """Give a message back through no fault of its own, to be delivered after that many seconds.

        SQS counts every delivery, and moves a message to the dead-letter queue after the last allowed one.
        So the message is sent anew, with a count of its own, before the old one is deleted: two copies for a
        moment are harmless, none would be a lost video.

        Args:
            message: that was received.
            seconds: 15 minutes at most are waited in one go.
            beat: the last sign of life of another worker; the message carries it, and for how long it has
                been the last one.
        """
        delay = min(math.ceil(seconds), MAX_DELAY_SECONDS)
        attributes = {}
        if beat:
            waited = delay + (message.waited_seconds if message.seen_beat == beat else 0)
            attributes = {SEEN_BEAT: _attribute(beat), WAITED_SECONDS: _attribute(f"{waited:g}")}
        self._client.send_message(
            QueueUrl=self.url, MessageBody=message.body, DelaySeconds=delay, MessageAttributes=attributes
        )
        self.delete(message)

    def bury(self, message: Message, reason: str) -> bool:
        """Move a message to the dead-letter queue, with the reason as the attribute `reason`.

        Returns:
            Whether it is there now. If not (no dead-letter queue, no permission to send), it was not touched.
        """
        if self._dead_letter_arn is None:
            return False
        try:
            self._client.send_message(
                QueueUrl=self._dead_letter_url(),
                MessageBody=message.body,
                # SQS takes no control characters.
                MessageAttributes={REASON: _attribute(harmless(reason)[:MAX_REASON_CHARACTERS])},
            )
        except (ClientError, BotoCoreError) as error:
            log.warning("cannot move the message to the dead-letter queue: %s", error)
            return False
        self.delete(message)
        return True

    def _dead_letter_url(self) -> str:
        assert self._dead_letter_arn is not None
        _, _, _, _, account, name = self._dead_letter_arn.split(":")
        url: str = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        return url

    def _depth_of(self, url: str) -> QueueDepth:
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        got = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return QueueDepth(*(int(got[name]) for name in names))


def _attribute(text: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": text}


def _seconds(text: str) -> float:
    """A number that a message carries; 0 where it is none: anybody who can send may have put it there."""
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _text(received: Mapping[str, Any], name: str) -> str:
    """A text that the worker has put beside a message; empty if there is none."""
    return str(received.get("MessageAttributes", {}).get(name, {}).get("StringValue", ""))
