"""What can happen to a message, against a real SQS API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from human_detector.aws.queue import MAX_DELAY_SECONDS, JobQueue, Message
from human_detector.errors import ConfigurationError, LeaseLost
from simulation.world import World
from support.worker_harness import MAX_RECEIVE_COUNT, REGION, Aws


@pytest.fixture
def queue(aws: Aws) -> JobQueue:
    return JobQueue(boto3.client("sqs", region_name=REGION), aws.queue)


def receive(queue: JobQueue, visibility: int = 60) -> Message:
    message = queue.receive(1, visibility)
    assert message is not None
    return message


def test_a_missing_queue_is_not_created(aws: Aws) -> None:
    client = boto3.client("sqs", region_name=REGION)
    with pytest.raises(ConfigurationError, match="'no-such-queue' cannot be used"):
        JobQueue(client, "no-such-queue")
    assert "no-such-queue" not in str(client.list_queues().get("QueueUrls"))


def test_a_fifo_queue_is_refused_with_the_reason(aws: Aws) -> None:
    client = boto3.client("sqs", region_name=REGION)
    client.create_queue(QueueName=f"{aws.queue}.fifo", Attributes={"FifoQueue": "true"})
    with pytest.raises(ConfigurationError, match=r"\.fifo' is a FIFO queue, valid is a standard queue: "):
        JobQueue(client, f"{aws.queue}.fifo")


def test_knows_its_redrive_policy(aws: Aws, queue: JobQueue, aws_endpoint: str) -> None:
    assert queue.max_receive_count == MAX_RECEIVE_COUNT
    assert queue.has_dead_letter_queue
    without = Aws(aws_endpoint, dead_letters=False)
    plain = JobQueue(boto3.client("sqs", region_name=REGION), without.queue)
    assert plain.max_receive_count is None
    assert not plain.has_dead_letter_queue


def test_receive_hide_and_delete(aws: Aws, queue: JobQueue) -> None:
    assert queue.receive(0, 60) is None
    aws.send("body")
    message = receive(queue)
    assert (message.body, message.receive_count) == ("body", 1)
    assert aws.counts() == (0, 1)
    queue.hide(message, 0)
    again = receive(queue)
    assert (again.message_id, again.receive_count) == (message.message_id, 2)
    queue.delete(again)
    assert aws.counts() == (0, 0)


def test_hiding_a_message_that_is_not_ours_is_a_lost_lease(aws: Aws, queue: JobQueue) -> None:
    aws.send("body")
    message = receive(queue)
    queue.delete(message)
    with pytest.raises(LeaseLost):
        queue.hide(message, 60)


def test_bury_moves_the_message_with_its_reason(aws: Aws, queue: JobQueue) -> None:
    aws.send("the body")
    assert queue.bury(receive(queue), "r" * 5000)
    assert aws.counts() == (0, 0)
    (letter,) = aws.dead_letters()
    assert letter["Body"] == "the body"
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "r" * 1000


def test_bury_without_a_dead_letter_queue_touches_nothing(aws: Aws, aws_endpoint: str) -> None:
    without = Aws(aws_endpoint, dead_letters=False)
    queue = JobQueue(boto3.client("sqs", region_name=REGION), without.queue)
    without.send("the body")
    assert not queue.bury(receive(queue), "reason")
    assert without.counts() == (0, 1)


def test_bury_with_a_dead_letter_queue_that_is_gone_touches_nothing(aws: Aws, queue: JobQueue) -> None:
    aws.send("the body")
    message = receive(queue)
    aws.sqs.delete_queue(QueueUrl=aws.dead_letter_url)
    assert not queue.bury(message, "reason")
    assert aws.counts() == (0, 1)


def test_however_often_it_is_put_off_a_message_does_not_become_a_dead_letter(
    aws: Aws, queue: JobQueue
) -> None:
    aws.send("the body")
    for _ in range(3 * MAX_RECEIVE_COUNT):
        message = receive(queue)
        assert message.body == "the body"
        queue.put_off(message, 0)
    assert aws.counts() == (1, 0)
    assert aws.dead_letters() == []


@pytest.mark.parametrize(
    "act",
    [
        lambda queue, message: queue.put_off(message, 0),
        lambda queue, message: queue.bury(message, "reason"),
        lambda queue, message: queue.revive(message),
    ],
    ids=["put off", "buried", "revived"],
)
def test_a_message_that_cannot_be_sent_anew_is_not_deleted(
    act: Callable[[JobQueue, Message], object], aws: Aws
) -> None:
    client = boto3.client("sqs", region_name=REGION)
    asked: list[str] = []

    def cut_off(model: object, **_: object) -> None:
        asked.append(str(getattr(model, "name", "")))
        if asked[-1] == "SendMessage":
            raise EndpointConnectionError(endpoint_url="x")

    queue = JobQueue(client, aws.queue)
    aws.send("the body")
    message = receive(queue)
    client.meta.events.register("before-call.sqs", cut_off)
    with contextlib.suppress(EndpointConnectionError):
        act(queue, message)
    assert "SendMessage" in asked
    assert "DeleteMessage" not in asked


def test_a_message_that_is_put_off_remembers_how_long_it_has_waited_for_which_sign_of_life(
    aws: Aws, queue: JobQueue
) -> None:
    def at_once(params: dict[str, int], **_: object) -> None:
        params["DelaySeconds"] = 0

    queue._client.meta.events.register("provide-client-params.sqs.SendMessage", at_once)
    aws.send("the body")
    message = receive(queue)
    assert (message.seen_beat, message.waited_seconds) == ("", 0)
    for beat, seconds, waited in (("a/1", 40, 40), ("a/1", 20.5, 61), ("a/2", 40, 40), ("", 40, 0)):
        queue.put_off(message, seconds, beat)
        message = receive(queue)
        assert (message.body, message.seen_beat, message.waited_seconds) == ("the body", beat, waited)


def test_a_retry_is_one_more_delivery_unless_that_would_make_a_dead_letter(aws: Aws, queue: JobQueue) -> None:
    aws.send("the body")
    counts = []
    for _ in range(MAX_RECEIVE_COUNT + 2):
        message = receive(queue)
        counts.append(message.receive_count)
        queue.retry(message, 0)
    assert counts == [*range(1, MAX_RECEIVE_COUNT + 1), 1, 2]
    assert aws.dead_letters() == []


def test_a_message_is_put_off_in_pieces_if_sqs_allows_no_longer_delay(aws: Aws, queue: JobQueue) -> None:
    aws.send("the body")
    queue.put_off(receive(queue), 4 * MAX_DELAY_SECONDS, "a beat")
    assert (aws.counts(), aws.delayed()) == ((0, 0), 1)


def test_the_dead_letters_of_another_queue_are_left_to_it() -> None:
    """Several queues may share a dead-letter queue. Simulated: the emulator does not say whose they were."""
    world = World()
    sqs = world.clients("the test").sqs
    sqs.create_queue(QueueName="dead")
    policy = json.dumps({"deadLetterTargetArn": world.sqs.queues["dead"].arn, "maxReceiveCount": 1})
    for name, body in (("theirs", "of theirs"), ("ours", "of ours")):
        url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body)
        for _ in range(2):
            sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
    queue = JobQueue(sqs, "ours")
    for _ in range(2):
        assert [letter.body for letter in queue.read_dead_letters()] == ["of ours"]


@pytest.mark.parametrize("waited", ["soon", "nan", "inf", "1e999", "-", " "])
def test_an_attribute_that_somebody_else_has_put_there_ends_no_worker(
    waited: str, aws: Aws, queue: JobQueue
) -> None:
    attributes = {"waited-seconds": {"DataType": "String", "StringValue": waited}}
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="body", MessageAttributes=attributes)
    assert receive(queue).waited_seconds == 0
