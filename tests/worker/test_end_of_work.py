"""When a worker ends by itself: once nothing can be received, or once nothing is left. On both emulators."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from human_detector.aws.queue import JobQueue
from human_detector.aws.waiting_times import COUNT_SETTLED_SECONDS
from human_detector.worker.end_of_work import EndOfWork
from sample_clip import sample_clip
from support.worker_harness import REGION, Aws, folder_for_detectors, worker

FAILING = "support.fake_detectors:FailingDetector"


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def aws(each_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in Aws.environment(each_endpoint).items():
        monkeypatch.setenv(name, value)
    return Aws(each_endpoint)


@pytest.fixture
def queue(aws: Aws) -> JobQueue:
    return JobQueue(boto3.client("sqs", region_name=REGION), aws.queue)


def hide_one(aws: Aws) -> str:
    """Send a message and receive it, as another worker would; returns the right to delete it."""
    aws.send({"VideoId": 1})
    (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url, VisibilityTimeout=900)["Messages"]
    return str(message["ReceiptHandle"])


def delay_one(aws: Aws) -> None:
    """Send a message that is not to be received yet."""
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="{}", DelaySeconds=900)


def test_it_ends_once_nothing_was_received_for_long_enough(queue: JobQueue) -> None:
    clock = Clock()
    end = EndOfWork(queue, 30, clock=clock)
    clock.now = 20
    assert not end.is_reached(poll_began=0)
    end.postpone()  # A message came.
    clock.now = 49
    assert not end.is_reached(poll_began=20)
    clock.now = 50
    assert end.is_reached(poll_began=49)
    assert end.describe() == "the queue has been empty for 30 s: done"


def test_it_says_what_is_left(aws: Aws, queue: JobQueue) -> None:
    clock = Clock()
    end = EndOfWork(queue, 30, clock=clock)
    hide_one(aws)
    delay_one(aws)
    clock.now = 30
    assert end.is_reached(poll_began=0), "it was not asked to wait"
    assert end.describe() == (
        "the queue has been empty for 30 s: done, but messages in the queue (1 in flight, 1 delayed) are left: "
        "others hold them, or they wait for their next try; --until-done waits for them"
    )


@pytest.mark.parametrize("where", ["in flight", "delayed", "waiting"])
def test_until_done_waits_for_what_is_hidden(where: str, aws: Aws, queue: JobQueue) -> None:
    match where:
        case "in flight":
            hide_one(aws)
        case "delayed":
            delay_one(aws)
        case "waiting":
            aws.send({"VideoId": 1})
    clock = Clock()
    end = EndOfWork(queue, until_done=True, clock=clock)
    for clock.now in (0, 1_000, 100_000):
        assert not end.is_reached(clock.now)
    aws.sqs.purge_queue(QueueUrl=aws.queue_url)
    assert not end.is_reached(clock.now), "SQS counts late: one look is not enough"
    clock.now += COUNT_SETTLED_SECONDS
    assert end.is_reached(clock.now)
    assert end.describe() == "the queue has held nothing for 60 s: done"


def test_it_never_ends_unless_told_to(queue: JobQueue) -> None:
    clock = Clock()
    end = EndOfWork(queue, clock=clock)
    clock.now = 1e9
    assert not end.is_reached(0)
    assert end.longest_poll == 20


def test_a_worker_says_that_a_failed_video_waits_for_its_next_try(aws: Aws, tmp_path: Path) -> None:
    failing = [
        FAILING,
        {"how": "raise", "times": 1, "counter": str(folder_for_detectors(tmp_path) / "failures")},
    ]
    aws.submit(1, sample_clip())
    variables = aws.variables(human_detection={"detectors": [failing], "frame_ratio": 1})
    with worker(variables, tmp_path, "--exit-when-idle", "1") as running:
        assert running.wait() == 0
    assert aws.step(1)["state"] == "interrupted"
    assert "done, but messages in the queue (1 in flight) are left" in running.log


def test_a_worker_sees_everything_done(aws: Aws, tmp_path: Path) -> None:
    """Another worker holds the message, and gives it back when this one could have ended long ago."""
    clip = sample_clip()
    aws.s3.upload_file(str(clip), aws.bucket, "videos/1.mp4")
    aws.put_record(1)
    aws.send({"VideoId": 1, "key": "videos/1.mp4"})
    (held,) = aws.sqs.receive_message(QueueUrl=aws.queue_url, VisibilityTimeout=900)["Messages"]
    with worker(aws.variables(), tmp_path, "--exit-when-idle", "1", "--until-done") as running:
        running.wait_for_log("waiting for messages in the queue (1 in flight)")
        aws.sqs.change_message_visibility(
            QueueUrl=aws.queue_url, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0
        )
        assert running.wait() == 0
    assert aws.step(1)["state"] == "done"
    assert "the queue has held nothing for 1 s: done" in running.log
