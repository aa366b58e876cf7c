"""An attempt that fails is tried again, and the last one is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.worker_harness import (
    Aws,
    folder_for_detectors,
    run_worker,
    wait_until,
    worker,
)


def failing(how: str, tmp_path: Path, times: int = 1) -> dict[str, Any]:
    arguments = {"how": how, "times": times, "counter": str(folder_for_detectors(tmp_path) / "failures")}
    return {"detectors": [["support.fake_detectors:FailingDetector", arguments]], "frame_ratio": 0.1}


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", "RuntimeError: the accelerator is on fire"),
        ("segfault", "the analysis process died (signal 11)"),
        ("kill", "the analysis process died (signal 9)"),
        ("hang", "the analysis made no progress for 2 s"),
    ],
)
def test_a_failed_attempt_is_tried_again_later_and_the_worker_lives_on(
    aws: Aws, clip: Path, tmp_path: Path, how: str, reason: str
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=failing(how, tmp_path), worker={"stall_timeout": 2})
    with worker(variables, tmp_path) as running:
        running.wait_for_log("next try in")
        step = wait_until(lambda: aws.step(1) if aws.step(1)["state"] == "interrupted" else None)
        assert reason in step["reason"]
        aws.submit(2, clip)
        wait_until(lambda: aws.step(2).get("state") == "done", what=lambda: running.log)
        wait_until(lambda: aws.counts() == (0, 1))


def test_the_last_attempt_records_the_reason_before_the_message_is_a_dead_letter(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    failed_twice = {"step": "human_detector", "state": "interrupted", "attempt": 2, "failures": 2}
    aws.put_record(1, failed_twice)
    run_worker(aws.variables(human_detection=failing("kill", tmp_path, times=99)), tmp_path)
    assert aws.step(1) == {
        "step": "human_detector",
        "state": "error",
        "error": "the analysis process died (signal 9)",
    }
    (letter,) = aws.dead_letters()
    assert json.loads(letter["Body"])["VideoId"] == 1
    assert aws.counts() == (0, 0)


def test_a_failure_in_the_last_delivery_is_no_end_if_the_record_counts_fewer(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    """SQS counts deliveries, the record what failed: a worker that was stopped is no failure of the video."""
    aws.submit(1, clip)
    for _ in range(2):  # Two deliveries before: the third of three is the last that SQS allows.
        (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url)["Messages"]
        aws.sqs.change_message_visibility(
            QueueUrl=aws.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    run_worker(aws.variables(human_detection=failing("kill", tmp_path, times=99)), tmp_path)
    step = aws.step(1)
    assert (step["state"], step["failures"]) == ("interrupted", 1)
    assert aws.dead_letters() == []
    assert aws.counts() == (0, 0)
    assert aws.delayed() == 1, "it waits for its next try, as a message that is delivered for the first time"
