"""The rules of SQS that the product leans on, against the simulation and two emulators.

API reference: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulation.targets import Target, refused

SYSTEM = ["ApproximateReceiveCount", "SentTimestamp"]


@pytest.fixture
def queue(target: Target) -> str:
    return target.queue()


def send(target: Target, queue: str, body: str = "body", **more: Any) -> str:
    """Send a message; returns its id."""
    sent: str = target.clients.sqs.send_message(QueueUrl=queue, MessageBody=body, **more)["MessageId"]
    return sent


def receive(target: Target, queue: str, **more: Any) -> dict[str, Any] | None:
    """A message, hidden for a minute unless asked otherwise; None if there is none."""
    arguments = {"VisibilityTimeout": 60, "AttributeNames": SYSTEM, **more}
    got = target.clients.sqs.receive_message(QueueUrl=queue, **arguments).get("Messages")
    return got[0] if got else None


def must_receive(target: Target, queue: str, **more: Any) -> dict[str, Any]:
    """The message that must be there."""
    message = receive(target, queue, **more)
    assert message is not None
    return message


def hide(target: Target, queue: str, message: dict[str, Any], seconds: int) -> None:
    target.clients.sqs.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
    )


def delete(target: Target, queue: str, message: dict[str, Any]) -> None:
    target.clients.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def counts(target: Target, queue: str) -> list[int]:
    """How many messages are visible, in flight and delayed."""
    names = [f"ApproximateNumberOfMessages{suffix}" for suffix in ("", "NotVisible", "Delayed")]
    got = target.clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return [int(got[name]) for name in names]


def test_a_message_arrives_as_it_was_sent(target: Target, queue: str) -> None:
    began = target.now()
    reason = {"reason": {"DataType": "String", "StringValue": "because"}}
    sent = send(target, queue, "the body", MessageAttributes=reason)
    message = must_receive(target, queue, MessageAttributeNames=["All"])
    assert (message["MessageId"], message["Body"]) == (sent, "the body")
    assert message["MessageAttributes"]["reason"]["StringValue"] == "because"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert began - 1 <= int(message["Attributes"]["SentTimestamp"]) / 1000 <= target.now() + 1


def test_attributes_come_only_to_those_who_ask(target: Target, queue: str) -> None:
    send(target, queue, MessageAttributes={"reason": {"DataType": "String", "StringValue": "because"}})
    message = must_receive(target, queue, AttributeNames=[])
    assert "Attributes" not in message
    assert "MessageAttributes" not in message


def test_where_there_is_no_message_there_is_no_list(target: Target, queue: str) -> None:
    assert "Messages" not in target.clients.sqs.receive_message(QueueUrl=queue)


def test_messages_come_up_to_as_many_as_one_asks_for(target: Target, queue: str) -> None:
    ids = {send(target, queue) for _ in range(3)}
    got = target.clients.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2)["Messages"]
    rest = target.clients.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert (len(got), len(rest)) == (2, 1)
    assert {message["MessageId"] for message in got + rest} == ids


def test_a_received_message_is_hidden_until_its_visibility_ends(target: Target, queue: str) -> None:
    send(target, queue)
    first = must_receive(target, queue, VisibilityTimeout=1)
    assert receive(target, queue) is None
    target.wait(1.1)
    second = must_receive(target, queue)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    assert second["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"]


def test_a_queue_has_a_visibility_of_its_own(target: Target) -> None:
    queue = target.queue(VisibilityTimeout="1")
    send(target, queue)
    target.clients.sqs.receive_message(QueueUrl=queue)
    assert receive(target, queue) is None
    target.wait(1.1)
    assert receive(target, queue) is not None


def test_hiding_counts_from_now(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue, VisibilityTimeout=60)
    hide(target, queue, message, 1)
    assert receive(target, queue) is None
    target.wait(1.1)
    assert receive(target, queue) is not None


def test_hiding_for_no_time_gives_the_message_back_at_once(target: Target, queue: str) -> None:
    send(target, queue)
    hide(target, queue, must_receive(target, queue), 0)
    assert must_receive(target, queue)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_that_is_visible_again_cannot_be_hidden(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue)
    hide(target, queue, message, 0)
    with refused("MessageNotInflight"):
        hide(target, queue, message, 60)
    assert receive(target, queue) is not None


def test_a_deleted_message_cannot_be_hidden(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue)
    delete(target, queue, message)
    with refused("InvalidParameterValue"):
        hide(target, queue, message, 60)


@pytest.mark.parametrize("seconds", [-1, 43_201])
def test_visibility_has_its_bounds(target: Target, queue: str, seconds: int) -> None:
    send(target, queue)
    message = must_receive(target, queue)
    with refused("InvalidParameterValue"):
        hide(target, queue, message, seconds)


def test_nobody_keeps_a_message_for_more_than_twelve_hours(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue)
    target.wait(1.1)
    with refused("InvalidParameterValue"):
        hide(target, queue, message, 43_200)
    hide(target, queue, message, 43_100)


def test_the_twelve_hours_begin_with_the_receipt(target: Target, queue: str) -> None:
    send(target, queue)
    target.wait(1.1)
    hide(target, queue, must_receive(target, queue), 43_200)
    assert counts(target, queue) == [0, 1, 0]


def test_a_deleted_message_is_gone(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue, VisibilityTimeout=0)
    delete(target, queue, message)
    assert receive(target, queue) is None
    assert counts(target, queue) == [0, 0, 0]


def test_deleting_twice_is_no_error(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue)
    delete(target, queue, message)
    delete(target, queue, message)


def test_a_message_that_is_visible_again_can_be_deleted(target: Target, queue: str) -> None:
    send(target, queue)
    message = must_receive(target, queue)
    hide(target, queue, message, 0)
    delete(target, queue, message)
    assert receive(target, queue) is None


def test_deleting_with_an_old_receipt_handle_succeeds_and_may_do_nothing(target: Target, queue: str) -> None:
    send(target, queue)
    old = must_receive(target, queue)
    hide(target, queue, old, 0)
    must_receive(target, queue)
    delete(target, queue, old)


def test_a_receipt_handle_that_nobody_gave_out_is_refused(target: Target, queue: str) -> None:
    with refused("ReceiptHandleIsInvalid"):
        delete(target, queue, {"ReceiptHandle": "nonsense"})
    with refused("ReceiptHandleIsInvalid"):
        hide(target, queue, {"ReceiptHandle": "nonsense"}, 1)


def test_a_delayed_message_comes_later(target: Target, queue: str) -> None:
    send(target, queue, DelaySeconds=1)
    assert receive(target, queue) is None
    assert counts(target, queue) == [0, 0, 1]
    target.wait(1.1)
    assert must_receive(target, queue)["Attributes"]["ApproximateReceiveCount"] == "1"


@pytest.mark.parametrize("seconds", [-1, 901])
def test_a_delay_has_its_bounds(target: Target, queue: str, seconds: int) -> None:
    with refused("InvalidParameterValue"):
        send(target, queue, DelaySeconds=seconds)


def test_a_long_poll_waits_for_a_message(target: Target, queue: str) -> None:
    send(target, queue, DelaySeconds=1)
    assert receive(target, queue, WaitTimeSeconds=10) is not None


def test_a_message_that_was_received_too_often_becomes_a_dead_letter(target: Target) -> None:
    queue, dead = target.queue_with_dead_letters(max_receive_count=2)
    reason = {"reason": {"DataType": "String", "StringValue": "because"}}
    sent = send(target, queue, "the body", MessageAttributes=reason)
    for _ in range(2):
        assert receive(target, dead) is None
        first = must_receive(target, queue, VisibilityTimeout=0)
    # The last allowed delivery moves nothing; the next receive does.
    assert counts(target, queue) == [1, 0, 0]
    assert receive(target, queue) is None
    letter = must_receive(target, dead, MessageAttributeNames=["All"])
    assert (letter["MessageId"], letter["Body"]) == (sent, "the body")
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "because"
    assert letter["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"]
    assert counts(target, queue) == [0, 0, 0]


def test_the_receipts_of_a_dead_letter_are_counted_on(target: Target) -> None:
    queue, dead = target.queue_with_dead_letters(max_receive_count=1)
    send(target, queue)
    must_receive(target, queue, VisibilityTimeout=0)
    receive(target, queue)
    assert must_receive(target, dead)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_dead_letter_names_the_queue_that_it_comes_from(target: Target) -> None:
    queue, dead = target.queue_with_dead_letters(max_receive_count=1)
    send(target, queue)
    must_receive(target, queue, VisibilityTimeout=0)
    receive(target, queue)
    letter = must_receive(target, dead, AttributeNames=["All"])
    arn = target.clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn["Attributes"]["QueueArn"]


def test_what_a_queue_says_of_itself(target: Target) -> None:
    queue, dead = target.queue_with_dead_letters(max_receive_count=5)
    got = target.clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert {type(value) for value in got.values()} == {str}
    assert got["VisibilityTimeout"] == "30"
    assert got["MessageRetentionPeriod"] == "345600"
    redrive = json.loads(got["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 5
    assert redrive["deadLetterTargetArn"].rpartition(":")[2] == dead.rpartition("/")[2]
    assert "FifoQueue" not in got


def test_the_messages_are_counted(target: Target, queue: str) -> None:
    send(target, queue)
    send(target, queue)
    send(target, queue, DelaySeconds=900)
    must_receive(target, queue)
    assert counts(target, queue) == [1, 1, 1]


def test_a_queue_is_found_by_its_name(target: Target, queue: str) -> None:
    assert target.clients.sqs.get_queue_url(QueueName=queue.rpartition("/")[2])["QueueUrl"] == queue


def test_a_queue_that_is_not_there(target: Target, queue: str) -> None:
    with refused("NonExistentQueue"):
        target.clients.sqs.get_queue_url(QueueName="no-such-queue")
    target.clients.sqs.delete_queue(QueueUrl=queue)
    with refused("NonExistentQueue"):
        send(target, queue)
    with refused("NonExistentQueue"):
        receive(target, queue)
