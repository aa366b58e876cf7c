"""SQS: standard queues, as their documentation describes them.

    visible ----- receive_message -----> in flight ----- delete_message -----> gone
       ^  (receive count + 1)               |
       +---- the visibility timeout ends ---+         a message that was received maxReceiveCount times goes to
             (or is set to 0)                         the dead-letter queue when the next receive meets it

Delivery is at least once, in no order, and the counts are approximate. How often a queue makes use of that is in
`Chances`; without any, it delivers once, oldest first.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from simulation.errors import NotSimulated, Refused
from simulation.sqs_queue import ACCOUNT, Copy, Queue, delivery, md5

MAX_VISIBILITY_SECONDS = 43_200
"""From its receipt, however often it is extended: 12 hours."""
MAX_DELAY_SECONDS = 900
MAX_WAIT_SECONDS = 20
MAX_MESSAGES = 10
DEFAULTS = {
    "VisibilityTimeout": "30",
    "DelaySeconds": "0",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
}
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Chances:
    """How often SQS does what it does not promise not to do, 0 to 1 each.

    Attributes:
        duplicate: a received message has a copy on another server, which is delivered too, even after a deletion.
        reorder: a receive does not take the oldest message.
        missed: a short poll asks servers that have none of the messages.
        stale_counts: the counts are those of the last time that somebody asked.
        old_handle_works: a receipt handle still works after the message was received again.
    """

    duplicate: float = 0
    reorder: float = 0
    missed: float = 0
    stale_counts: float = 0
    old_handle_works: float = 0


class Sqs:
    """The service.

    Args:
        now: epoch seconds.
        random: decides what is left to chance.
        wait_for: of a long poll: returns once a condition holds, at the latest so many seconds later.
        chances: how often the service makes use of what it does not promise.
    """

    NAME = "sqs"
    OPERATIONS = frozenset(
        {
            "create_queue",
            "delete_queue",
            "get_queue_url",
            "get_queue_attributes",
            "send_message",
            "receive_message",
            "change_message_visibility",
            "delete_message",
        }
    )
    THROTTLED = ("RequestThrottled", "The request was denied due to request throttling.", 403)
    FAILED = ("InternalFailure", "The request processing has failed.", 500)

    def __init__(
        self,
        now: Callable[[], float],
        random: random.Random,
        wait_for: Callable[[Callable[[], bool], float], None],
        chances: Chances,
    ) -> None:
        self.queues: dict[str, Queue] = {}
        self.chances = chances
        self._now = now
        self._random = random
        self._wait_for = wait_for
        self._handles = 0

    def create_queue(self, *, QueueName: str, Attributes: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Make a standard queue."""
        if QueueName.endswith(".fifo"):
            raise NotSimulated("FIFO queues")
        queue = Queue(QueueName, {**DEFAULTS, **(Attributes or {})})
        return {"QueueUrl": self.queues.setdefault(QueueName, queue).url}

    def delete_queue(self, *, QueueUrl: str) -> dict[str, Any]:
        """Remove a queue with all its messages."""
        del self.queues[self._queue(QueueUrl).name]
        return {}

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str = ACCOUNT) -> dict[str, Any]:
        """The address of a queue."""
        if QueueName not in self.queues or QueueOwnerAWSAccountId != ACCOUNT:
            _no_such_queue()
        return {"QueueUrl": self.queues[QueueName].url}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str] = ()) -> dict[str, Any]:
        """Settings and counts of a queue, all of them texts."""
        queue = self._queue(QueueUrl)
        counts = dict(zip(COUNTS, map(str, self._counts(queue)), strict=True))
        known = {**queue.attributes, "QueueArn": queue.arn, **counts}
        if unknown := set(AttributeNames) - known.keys() - {"All", "FifoQueue", "RedrivePolicy"}:
            raise Refused("InvalidAttributeName", f"Unknown Attribute {min(unknown)}.")
        if "All" in AttributeNames:
            return {"Attributes": known}
        return {"Attributes": {name: known[name] for name in AttributeNames if name in known}}

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        DelaySeconds: int | None = None,
        MessageAttributes: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Put a message into a queue, visible after its delay."""
        queue = self._queue(QueueUrl)
        delay = queue.seconds("DelaySeconds") if DelaySeconds is None else DelaySeconds
        _require("DelaySeconds", delay, 0, MAX_DELAY_SECONDS)
        message_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        sent = Copy(message_id, MessageBody, MessageAttributes or {}, self._now(), self._now() + delay)
        queue.copies.append(sent)
        return {"MessageId": message_id, "MD5OfMessageBody": md5(MessageBody)}

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int = 1,
        WaitTimeSeconds: int | None = None,
        VisibilityTimeout: int | None = None,
        AttributeNames: Sequence[str] = (),
        MessageSystemAttributeNames: Sequence[str] = (),
        MessageAttributeNames: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Take messages, which are hidden from others for the visibility timeout.

        A long poll returns as soon as there is a message. Without one, the answer has no list of messages.
        """
        queue = self._queue(QueueUrl)
        wait = queue.seconds("ReceiveMessageWaitTimeSeconds") if WaitTimeSeconds is None else WaitTimeSeconds
        hide = queue.seconds("VisibilityTimeout") if VisibilityTimeout is None else VisibilityTimeout
        _require("WaitTimeSeconds", wait, 0, MAX_WAIT_SECONDS)
        _require("VisibilityTimeout", hide, 0, MAX_VISIBILITY_SECONDS)
        _require("MaxNumberOfMessages", MaxNumberOfMessages, 1, MAX_MESSAGES)
        if wait:
            self._wait_for(lambda: bool(self._deliverable(queue)), wait)
        elif self._happens(self.chances.missed):
            return {}
        received: list[dict[str, Any]] = []
        given: list[Copy] = []
        while len(received) < MaxNumberOfMessages:
            found = [copy for copy in self._deliverable(queue) if copy not in given]
            if not found:
                break
            copy = self._random.choice(found) if self._happens(self.chances.reorder) else found[0]
            given.append(copy)
            handle = self._receive(queue, copy, hide)
            system = (*AttributeNames, *MessageSystemAttributeNames)
            received.append(delivery(copy, handle, system, MessageAttributeNames))
        return {"Messages": received} if received else {}

    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> dict[str, Any]:
        """Hide a message in flight for so long from now; 0 gives it back at once."""
        _require("VisibilityTimeout", VisibilityTimeout, 0, MAX_VISIBILITY_SECONDS)
        copy, is_latest = self._receipt(self._queue(QueueUrl), ReceiptHandle)
        if copy.deleted:
            _invalid("Message does not exist or is not available for visibility timeout change.")
        if copy.visible_at <= self._now():
            raise Refused("AWS.SimpleQueueService.MessageNotInflight", "The message is not in flight.")
        if not is_latest and not self._happens(self.chances.old_handle_works):
            _invalid("The receipt handle has expired.")
        if self._now() + VisibilityTimeout > copy.received_at + MAX_VISIBILITY_SECONDS:
            _invalid("Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
        copy.visible_at = self._now() + VisibilityTimeout
        return {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> dict[str, Any]:
        """Remove a message. With a handle that is not the latest, this succeeds, and may do nothing."""
        queue = self._queue(QueueUrl)
        copy, is_latest = self._receipt(queue, ReceiptHandle)
        if not copy.deleted and (is_latest or self._happens(self.chances.old_handle_works)):
            copy.deleted = True
            queue.copies.remove(copy)
        return {}

    def _queue(self, url: str) -> Queue:
        """A queue, without what has outlived its retention period."""
        queue = self.queues.get(url.rpartition("/")[2])
        if queue is None:
            _no_such_queue()
        kept_since = self._now() - queue.seconds("MessageRetentionPeriod")
        for copy in [copy for copy in queue.copies if copy.sent_at <= kept_since]:
            copy.deleted = True
            queue.copies.remove(copy)
        return queue

    def _deliverable(self, queue: Queue) -> list[Copy]:
        """The visible messages, after those that were received too often have become dead letters."""
        visible = [copy for copy in queue.copies if copy.visible_at <= self._now()]
        redrive = queue.redrive
        dead_letters = self.queues.get(redrive["deadLetterTargetArn"].rpartition(":")[2]) if redrive else None
        if dead_letters is None:
            return visible
        for copy in [copy for copy in visible if copy.receives >= int(redrive["maxReceiveCount"])]:
            visible.remove(copy)
            queue.copies.remove(copy)
            copy.deleted = True
            moved = Copy(copy.message_id, copy.body, copy.attributes, copy.sent_at, self._now())
            moved.receives, moved.first_received_at = copy.receives, copy.first_received_at
            moved.source_arn = queue.arn
            dead_letters.copies.append(moved)
        return visible

    def _receive(self, queue: Queue, copy: Copy, hide: float) -> str:
        """Count a receipt, hide the message, and give a handle out."""
        # What is not hidden is delivered again anyway.
        is_alone = all(other is copy or other.message_id != copy.message_id for other in queue.copies)
        if hide and is_alone and self._happens(self.chances.duplicate):
            twin = Copy(copy.message_id, copy.body, copy.attributes, copy.sent_at, self._now())
            twin.receives, twin.first_received_at = copy.receives, copy.first_received_at
            queue.copies.append(twin)
        copy.receives += 1
        copy.received_at = self._now()
        copy.first_received_at = copy.first_received_at or copy.received_at
        copy.visible_at = copy.received_at + hide
        self._handles += 1
        handle = f"{queue.name}-receipt-{self._handles}"
        queue.receipts[handle] = copy, copy.receives
        return handle

    def _receipt(self, queue: Queue, handle: str) -> tuple[Copy, bool]:
        """The message of a receipt handle, and whether it has not been received again since."""
        if handle not in queue.receipts:
            raise Refused("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not valid.', 404)
        copy, receive = queue.receipts[handle]
        return copy, receive == copy.receives

    def _counts(self, queue: Queue) -> tuple[int, int, int]:
        """How many messages are visible, in flight and delayed."""
        if not self._happens(self.chances.stale_counts):
            hidden = [copy for copy in queue.copies if copy.visible_at > self._now()]
            in_flight = sum(copy.receives > 0 for copy in hidden)
            queue.counted = len(queue.copies) - len(hidden), in_flight, len(hidden) - in_flight
        return queue.counted

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance


def _require(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        message = (
            f"Value {value} for parameter {name} is invalid. Reason: Must be between {lowest} and {highest}"
        )
        raise Refused("InvalidParameterValue", message)


def _invalid(reason: str) -> NoReturn:
    raise Refused("InvalidParameterValue", f"Value for parameter ReceiptHandle is invalid. Reason: {reason}")


def _no_such_queue() -> NoReturn:
    raise Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
