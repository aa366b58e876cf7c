"""Messages that SQS has moved to the dead-letter queue: their records end with the reason, on both emulators."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from human_detector.aws.queue import JobQueue
from human_detector.aws.storage import Storage
from human_detector.worker.claim import Claims
from human_detector.worker.dead_letters import DeadLetters
from human_detector.worker.lookup import Lookup
from human_detector.worker.record_table import RecordTable
from human_detector.worker.stamp import stamp
from sample_clip import sample_clip
from support.dead_letters import die, step_of_the_dead
from support.worker_harness import REGION, Aws, wait_until, worker

MAX_RECEIVE_COUNT = 2


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def aws(each_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in Aws.environment(each_endpoint).items():
        monkeypatch.setenv(name, value)
    return Aws(each_endpoint, max_receive_count=MAX_RECEIVE_COUNT)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def letters(aws: Aws, clock: Clock) -> DeadLetters:
    queue = JobQueue(boto3.client("sqs", region_name=REGION), aws.queue)
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    claims = Claims(RecordTable(client, aws.table_name), lease_seconds=100)
    storage = Storage(boto3.client("s3"))
    lookup = Lookup(claims.records, storage, aws.bucket, {})
    return DeadLetters(queue, claims, storage, lookup, aws.bucket, clock)


def test_the_record_of_a_worker_that_died_in_the_last_delivery_says_so(
    aws: Aws, letters: DeadLetters
) -> None:
    other = {"step": "video_split", "state": "done"}
    aws.put_record(1, other, step_of_the_dead(die(aws, {"VideoId": 1})), title="keep me")
    left = "human_detector_partial/1/1.jsonl"
    aws.s3.put_object(Bucket=aws.bucket, Key=left, Body=b"{}")
    assert not letters.look(), "nothing was sent back"
    reason = "the worker died 2 times while analysing it"
    error = {"step": "human_detector", "state": "error", "error": reason}
    assert aws.record(1) == {"VideoId": 1, "title": "keep me", "process_steps": [other, error]}
    assert aws.partials() == [], "what it left is of no use any more"
    assert aws.counts(aws.dead_letter_url) == (1, 0), "the letter stays, for anybody to read"


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"state": "interrupted", "reason": "no route"}, "delivered too often, .*; the last time: no route"),
        (None, "delivered too often, and is in the dead-letter queue"),
    ],
    ids=["interrupted", "never begun"],
)
def test_a_record_that_nobody_will_work_on_ends(
    own: dict[str, Any] | None, reason: str, aws: Aws, letters: DeadLetters
) -> None:
    aws.put_record(1, *([{"step": "human_detector", **own}] if own else []))
    die(aws, {"VideoId": 1})
    letters.look()
    step = aws.step(1)
    assert step["state"] == "error"
    assert re.search(reason, step["error"])


@pytest.mark.parametrize(
    "own",
    [
        {"step": "human_detector", "state": "done", "result_file": {"bucket": "b", "key": "k"}},
        {"step": "human_detector", "state": "done"},
        {"step": "human_detector", "state": "error", "error": "too long"},
        step_of_the_dead("another message", lease_expires_at=int(time.time())),
    ],
    ids=["done", "done, but not where", "error", "another message is at it"],
)
def test_what_has_ended_or_goes_on_is_left_alone(own: dict[str, Any], aws: Aws, letters: DeadLetters) -> None:
    aws.put_record(1, own)
    die(aws, {"VideoId": 1})
    letters.look()
    assert aws.step(1) == own


def test_a_video_that_got_further_each_time_is_sent_back(aws: Aws, letters: DeadLetters) -> None:
    own = step_of_the_dead(die(aws, {"VideoId": 1, "key": "videos/1.mp4"}), failures=0)
    aws.put_record(1, own)
    assert letters.look(), "whoever would end now has a message to wait for"
    assert aws.step(1) == own
    assert aws.counts(aws.dead_letter_url) == (0, 0)
    (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url, AttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == {"VideoId": 1, "key": "videos/1.mp4"}
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def event_of_two(aws: Aws) -> dict[str, Any]:
    """An S3 event of videos 1 and 2."""
    entries = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": aws.bucket}, "object": {"key": f"videos/{video}.mp4"}},
        }
        for video in (1, 2)
    ]
    return {"Records": entries}


def test_a_letter_of_several_videos_is_seen_to_for_each(aws: Aws, letters: DeadLetters) -> None:
    for video in (1, 2):
        aws.put_record(video, {"step": "human_detector", "state": "interrupted"})
    die(aws, event_of_two(aws))
    letters.look()
    assert [aws.step(video)["state"] for video in (1, 2)] == ["error", "error"]


def test_a_letter_of_several_videos_is_sent_back_once(aws: Aws, letters: DeadLetters) -> None:
    letter = die(aws, event_of_two(aws))
    for video in (1, 2):
        aws.put_record(video, step_of_the_dead(letter, failures=0))
    assert letters.look()
    assert aws.counts(aws.queue_url) == (1, 0)
    assert aws.counts(aws.dead_letter_url) == (0, 0)


def test_odd_letters_harm_nobody(aws: Aws, letters: DeadLetters, clock: Clock) -> None:
    die(aws, "no message of ours")
    die(aws, {"VideoId": 404})
    for key in ({}, {"key": "v.mp4"}):
        for bucket in ("no bucket", "no-such-bucket"):
            place = {"bucket": bucket, "key": "k"}
            aws.put_record(2, {"step": "human_detector", "state": "done", "result_file": place})
            die(aws, {"VideoId": 2, "bucket": bucket, **key})
            letters.look()
            clock.now += 3600
    aws.put_record(1, step_of_the_dead(die(aws, {"VideoId": 1})))
    letters.look()
    assert aws.step(1)["state"] == "error"
    assert aws.record(404) is None


def test_it_looks_now_and_then_only(aws: Aws, letters: DeadLetters, clock: Clock) -> None:
    letters.look()
    aws.put_record(1, step_of_the_dead(die(aws, {"VideoId": 1})))
    clock.now += 59
    letters.look()
    assert aws.step(1)["state"] == "running"
    clock.now += 2
    letters.look()
    assert aws.step(1)["state"] == "error"


def test_a_worker_that_is_killed_in_the_last_delivery_strands_no_video(aws: Aws, tmp_path: Path) -> None:
    """The whole way: real workers, killed in each delivery that is allowed, and one that comes after them."""
    slow = ["support.fake_detectors:SlowDetector", {"seconds": 1}]
    detection = {"detectors": [slow], "frame_ratio": 1}
    variables = aws.variables(human_detection=detection, worker={"lease_seconds": 10})
    aws.submit(1, sample_clip())
    for attempt in range(1, MAX_RECEIVE_COUNT + 1):
        with worker(variables, tmp_path) as dying:
            wait_until(
                lambda attempt=attempt: aws.step(1).get("attempt") == attempt and aws.step(1)["progress"],
                timeout=60,
                what=lambda dying=dying: dying.log,
            )
            dying.kill_group()
    with worker(variables, tmp_path) as next_one:
        wait_until(lambda: aws.step(1)["state"] == "error", timeout=90, what=lambda: next_one.log)
    assert aws.step(1)["error"] == f"the worker died {MAX_RECEIVE_COUNT} times while analysing it"
    assert len(aws.dead_letters()) == 1
    # Its owner corrects what was wrong, and sends the letter again.
    aws.send({"VideoId": 1, "key": "videos/1.mp4"})
    # The poll of the worker that was stopped may still be open at the emulator, and take the message for a lease.
    with worker(aws.variables(), tmp_path) as last:
        wait_until(lambda: aws.step(1)["state"] == "done", timeout=180, what=lambda: last.log)


def test_a_result_of_what_lay_there_before_is_no_answer_to_a_dead_letter(
    aws: Aws, letters: DeadLetters
) -> None:
    a_video_that_was_replaced(aws)
    die(aws, {"VideoId": 1, "key": VIDEO})
    letters.look()
    (step,) = aws.record(1)["process_steps"]  # type: ignore[index]
    assert step["state"] == "error"
    assert step["error"].startswith("the video was replaced")


def test_a_result_of_what_lies_there_is_an_answer(aws: Aws, letters: DeadLetters) -> None:
    a_video_that_was_replaced(aws)
    done = result_of(aws, VIDEO)
    die(aws, {"VideoId": 1, "key": VIDEO})
    letters.look()
    assert aws.step(1) == done


def test_a_video_that_is_run_again_in_that_moment_is_left_alone(aws: Aws, letters: DeadLetters) -> None:
    """By another message: the result is there, and is recorded by the very words that were there before."""
    done = a_video_that_was_replaced(aws)
    die(aws, {"VideoId": 1, "key": VIDEO})
    look, looks = letters._storage.look, 0

    def look_and_let_another_worker_end(bucket: str, key: str) -> Any:
        nonlocal looks
        found, looks = look(bucket, key), looks + 1
        if looks == 2:  # Of the result, then of the video: they did not fit.
            result_of(aws, VIDEO)
        return found

    letters._storage.look = look_and_let_another_worker_end  # type: ignore[method-assign]
    letters.look()
    step = aws.step(1)
    assert {name: step[name] for name in done} == done


def test_a_letter_from_before_the_video_was_replaced_is_not_about_the_new_one(
    aws: Aws, letters: DeadLetters
) -> None:
    die(aws, {"VideoId": 1, "key": VIDEO})
    time.sleep(2)  # S3 tells in whole seconds when an object was stored.
    done = a_video_that_was_replaced(aws)
    letters.look()
    assert aws.step(1) == done


VIDEO = "videos/1.mp4"


def a_video_that_was_replaced(aws: Aws) -> dict[str, Any]:
    """When its result was there; returns the step, which is done."""
    aws.s3.put_object(Bucket=aws.bucket, Key=VIDEO, Body=b"a video")
    done = result_of(aws, VIDEO)
    aws.s3.put_object(Bucket=aws.bucket, Key=VIDEO, Body=b"another video")
    return done


def result_of(aws: Aws, key: str) -> dict[str, Any]:
    """Store a result of what lies at a key; returns the step of record 1, which is done."""
    place = {"bucket": aws.bucket, "key": "human_detector/1/1.json"}
    made_of = stamp(Storage(boto3.client("s3")).find(aws.bucket, key), {})
    aws.s3.put_object(Bucket=aws.bucket, Key=place["key"], Body=b"{}", Metadata=made_of)
    done = {"step": "human_detector", "state": "done", "result_file": place}
    aws.put_record(1, done)
    return done


def test_a_result_of_another_key_is_left_alone(aws: Aws, letters: DeadLetters) -> None:
    for key in (VIDEO, "others/1.mp4"):
        aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=key.encode())
    done = result_of(aws, "others/1.mp4")
    die(aws, {"VideoId": 1, "key": VIDEO})
    letters.look()
    assert aws.step(1) == done


def test_a_letter_that_a_worker_has_buried_is_left_alone(aws: Aws, letters: DeadLetters) -> None:
    """The worker has seen to the record: what it says now is the work of another message."""
    queue = JobQueue(boto3.client("sqs", region_name=REGION), aws.queue)
    own = {"step": "human_detector", "state": "interrupted", "reason": "asked to stop"}
    aws.put_record(1, own)
    aws.send({"VideoId": 1})
    message = queue.receive(0, 30)
    assert message is not None
    assert queue.bury(message, "no record says the end")
    letters.look()
    assert aws.step(1) == own


def test_a_lease_that_ended_long_ago_is_of_no_other_message(aws: Aws, letters: DeadLetters) -> None:
    aws.put_record(1, step_of_the_dead("the message before", lease_expires_at=int(time.time()) - 7200))
    die(aws, {"VideoId": 1})
    letters.look()
    assert aws.step(1)["error"] == "the worker died 2 times while analysing it"
