"""What cannot be done: messages that make no sense, videos that are none, and videos beyond a bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.worker_harness import (
    Aws,
    detection,
    run_worker,
    slow,
)


def test_bad_messages_end_as_dead_letters_and_touch_nothing_else(aws: Aws, tmp_path: Path) -> None:
    aws.put_record(5, {"step": "video_split", "state": "running"})
    before = aws.record(5)
    bodies = [
        "not json",
        json.dumps({"key": "videos/5.mp4"}),
        json.dumps({"VideoId": "5"}),
        json.dumps({"VideoId": 404, "key": "videos/5.mp4"}),
        json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": aws.bucket}, "object": {"key": "no-number.mp4"}}}]}),
    ]  # fmt: skip
    for body in bodies:
        aws.send(body)
    ran = run_worker(aws.variables(), tmp_path)
    letters = {letter["Body"]: letter["MessageAttributes"]["reason"]["StringValue"]
               for letter in aws.dead_letters()}  # fmt: skip
    assert set(letters) == set(bodies), ran.log
    assert "not JSON" in letters[bodies[0]]
    assert "VideoId is missing" in letters[bodies[1]]
    assert 'VideoId: found "5"' in letters[bodies[2]]
    assert "no record with VideoId 404" in letters[bodies[3]]
    assert "no VideoId for" in letters[bodies[4]]
    assert aws.counts() == (0, 0)
    assert aws.record(5) == before
    assert aws.record(404) is None


def test_a_bad_message_without_a_dead_letter_queue_is_kept_and_not_polled_hot(
    aws: Aws, aws_endpoint: str, tmp_path: Path
) -> None:
    without = Aws(aws_endpoint, dead_letters=False)
    without.send("not json")
    ran = run_worker(without.variables(), tmp_path)
    assert without.counts() == (0, 1)
    assert ran.log.count("not JSON") == 1


def test_videos_that_cannot_be_analysed_say_why(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, b"")
    aws.submit(2, b"dear diary\n" * 100)
    aws.put_record(3)
    aws.send({"VideoId": 3, "key": "videos/missing.mp4"})
    aws.put_record(4)
    aws.send({"VideoId": 4, "bucket": "no-such-bucket-here", "key": "videos/4.mp4"})
    aws.put_record(5, {"step": "video_split", "state": "error"})
    aws.send({"VideoId": 5})
    aws.submit(6, clip)
    ran = run_worker(aws.variables(), tmp_path)
    errors = {video_id: aws.step(video_id).get("error", "") for video_id in range(1, 7)}
    assert "empty" in errors[1], ran.log
    assert "the file" in errors[2]
    assert f"cannot read s3://{aws.bucket}/videos/missing.mp4: there is no such object" in errors[3]
    assert "s3://no-such-bucket-here/videos/4.mp4" in errors[4]
    assert "no done step video_split" in errors[5]
    assert [aws.step(video_id)["state"] for video_id in range(1, 7)] == ["error"] * 5 + ["done"]
    assert aws.counts() == (0, 0)
    assert ran.leftovers == []


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("max_object_bytes", 1000, "max_object_bytes allows 1000"),
        ("max_video_seconds", 2, "longer than the 2 s"),
        ("max_job_seconds", 1, "the 1 s of max_job_seconds"),
    ],
)
def test_bounds(aws: Aws, clip: Path, tmp_path: Path, setting: str, value: float, reason: str) -> None:
    aws.submit(1, clip)
    run_worker(aws.variables(human_detection=detection(slow(0.2)), worker={setting: value}), tmp_path)
    assert reason in aws.step(1)["error"]
    assert aws.counts() == (0, 0)
