"""Messages that SQS has moved to the dead-letter queue, and the records of the workers that died over them."""

from __future__ import annotations

from typing import Any

from support.worker_harness import Aws


def die(aws: Aws, body: Any) -> str:
    """Have a message delivered as often as allowed, and moved away; returns its id."""
    aws.send(body)
    message_id = ""
    for _ in range(aws.max_receive_count):
        (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url)["Messages"]
        message_id = message["MessageId"]
        aws.sqs.change_message_visibility(
            QueueUrl=aws.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert "Messages" not in aws.sqs.receive_message(QueueUrl=aws.queue_url)
    return message_id


def step_of_the_dead(message_id: str, **facts: Any) -> dict[str, Any]:
    """The step of a worker that died."""
    return {
        "step": "human_detector",
        "state": "running",
        "owner": "dead",
        "message_id": message_id,
        "attempt": 2,
        "failures": 1,
        "source": {"bucket": "b", "key": "videos/1.mp4"},
        **facts,
    }
