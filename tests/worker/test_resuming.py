"""A job that was cut off, between any two of its steps, goes on where it was."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from support.worker_harness import (
    INSTANT,
    STOP_SECONDS,
    Aws,
    WorkerProcess,
    detection,
    folder_for_detectors,
    run_worker,
    slow,
    wait_until,
    worker,
)

NEVER: list[Any] = [
    "support.fake_detectors:FailingDetector",
    {"how": "raise", "times": 99, "counter": "never", "name": "D"},
]


def test_a_crash_after_the_upload_ends_in_done_without_running_the_detectors_again(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    counter = folder_for_detectors(tmp_path) / "batches"
    once = ["support.fake_detectors:CountingDetector", {"counter": str(counter)}]
    variables = aws.variables(human_detection=detection(once))
    aws.submit(1, clip)
    run_worker(variables, tmp_path)
    batches = counter.stat().st_size
    # As a worker leaves it that dies after its upload: running, the lease ended, the message back.
    aws.put_record(1, {"step": "human_detector", "state": "running", "owner": "dead", "lease_expires_at": 1})
    aws.send({"VideoId": 1, "key": "videos/1.mp4"})
    ran = run_worker(variables, tmp_path)
    assert "the result is there already" in ran.log
    assert aws.step(1)["state"] == "done"
    assert counter.stat().st_size == batches
    assert aws.keys() == ["human_detector/1/1.json"]
    assert aws.counts() == (0, 0)


@pytest.mark.parametrize(("change", "in_stamp"), [("video", "video-etag"), ("configuration", "analysis")])
def test_a_result_of_another_video_or_question_is_not_taken_for_ours(
    aws: Aws, clip: Path, tmp_path: Path, change: str, in_stamp: str
) -> None:
    aws.submit(1, clip)
    run_worker(aws.variables(), tmp_path)
    before = stamp_of_result(aws)
    key = aws.submit(1, clip.read_bytes() + (b"\0" if change == "video" else b""))
    ratio = 1 if change == "video" else 0.5
    ran = run_worker(aws.variables(human_detection=detection(INSTANT, frame_ratio=ratio)), tmp_path)
    assert "the result is there already" not in ran.log
    etag = aws.s3.head_object(Bucket=aws.bucket, Key=key)["ETag"].strip('"')
    result, after = aws.result(1), stamp_of_result(aws)
    assert (result["video"]["etag"], result["human_detection"]["frame_ratio"]) == (etag, ratio)
    assert [name for name in after if after[name] != before[name]] == [in_stamp]


def stamp_of_result(aws: Aws) -> dict[str, str]:
    """What the result of video 1 says that it was made of."""
    head = aws.s3.head_object(Bucket=aws.bucket, Key="human_detector/1/1.json")
    stamp: dict[str, str] = head["Metadata"]
    return stamp


def test_a_crash_after_done_ends_in_a_deleted_message(aws: Aws, clip: Path, tmp_path: Path) -> None:
    """Also if the video was removed meanwhile: its owner has what he wanted."""
    key = aws.submit(1, clip)
    run_worker(aws.variables(), tmp_path)
    done = aws.step(1)
    assert done["state"] == "done"
    aws.s3.delete_object(Bucket=aws.bucket, Key=key)
    aws.send({"VideoId": 1, "key": key})
    run_worker(aws.variables(human_detection=detection(NEVER)), tmp_path)
    assert aws.step(1) == done
    assert aws.counts() == (0, 0)


def interrupt(running: WorkerProcess, how: signal.Signals) -> None:
    running.signal(how)
    running.wait(STOP_SECONDS)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_job_goes_on_and_ends_as_if_it_had_not_been(
    aws: Aws, clip: Path, tmp_path: Path, how: signal.Signals
) -> None:
    counter = folder_for_detectors(tmp_path) / "batches"
    arguments = {"seconds": 0.15, "counter": str(counter), "name": "D"}
    counting = ["support.fake_detectors:CountingDetector", arguments]
    variables = aws.variables(
        human_detection=detection(counting), worker={"lease_seconds": 10, "partial_save_seconds": 1}
    )
    aws.submit(1, clip)
    with worker(variables, tmp_path) as running:
        wait_until(lambda: aws.partials() if how == signal.SIGKILL else aws.step(1).get("progress"))
        interrupt(running, how)
    (partial,) = aws.partials()
    lines = aws.s3.get_object(Bucket=aws.bucket, Key=partial)["Body"].read().splitlines()[1:]
    assert 0 < len(lines) < 120
    before = counter.stat().st_size
    with worker(variables, tmp_path) as again:
        wait_until(lambda: aws.step(1).get("state") == "done", what=lambda: again.log)
        assert "going on where an earlier attempt was cut off" in again.log
        assert counter.stat().st_size - before <= -(-(120 - len(lines)) // 5)
        assert aws.partials() == []
        # The same worker: a long poll of one that was just killed could swallow the message for a while.
        aws.submit(2, clip)
        wait_until(lambda: aws.step(2).get("state") == "done", what=lambda: again.log)
    resumed, whole = aws.result(1), aws.result(2)
    assert resumed["frames"] == whole["frames"]
    assert resumed["summary"] == whole["summary"]
    for name in ("frame_count", "duration", "fps", "complete"):
        assert resumed["video"][name] == whole["video"][name]


def test_however_often_it_is_interrupted_a_video_does_not_become_a_dead_letter(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(0.2)))
    for _ in range(5):
        with worker(variables, tmp_path) as running:
            running.wait_for_log("fetching")
            interrupt(running, signal.SIGTERM)
        assert aws.step(1)["state"] == "interrupted"
        assert aws.counts() == (1, 0)
    assert aws.dead_letters() == []
    run_worker(variables, tmp_path)
    assert aws.step(1)["state"] == "done"


def test_a_final_failure_leaves_no_partial_result(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(0.2)), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as running:
        wait_until(lambda: aws.step(1).get("progress"))
        interrupt(running, signal.SIGTERM)
    assert aws.partials()
    run_worker(variables | {"worker": {"max_video_seconds": 0.1}}, tmp_path)
    assert "longer than" in aws.step(1)["error"]
    assert aws.partials() == []
