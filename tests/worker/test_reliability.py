"""Whatever happens, each video ends `done` with one result or `error` with a reason. Real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sample_clip import sample_clip
from support.fault_proxy import FaultProxy
from support.worker_harness import INSTANT, Aws, WorkerProcess, run_worker, wait_until, worker

SLOW: list[Any] = ["support.fake_detectors:SlowDetector", {"seconds": 0.2, "name": "D"}]
NEVER: list[Any] = [
    "support.fake_detectors:FailingDetector",
    {"how": "raise", "times": 99, "counter": "never", "name": "D"},
]


@pytest.fixture(scope="module")
def clip() -> Path:
    return sample_clip()


def detection(*detectors: list[Any]) -> dict[str, Any]:
    return {"detectors": list(detectors), "frame_ratio": 1}


def partials(aws: Aws) -> list[str]:
    return aws.keys("human_detector_partial/")


# The end of a job, cut off between any two of its steps.


def test_a_crash_after_the_upload_ends_in_done_without_running_the_detectors_again(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    counter = tmp_path / "batches"
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


@pytest.mark.parametrize("change", ["video", "configuration"])
def test_a_result_of_another_video_or_question_is_not_taken_for_ours(
    aws: Aws, clip: Path, tmp_path: Path, change: str
) -> None:
    aws.submit(1, clip)
    run_worker(aws.variables(), tmp_path)
    aws.submit(1, clip.read_bytes() + (b"\0" if change == "video" else b""))
    ratio = 1 if change == "video" else 0.5
    ran = run_worker(aws.variables(human_detection={"detectors": [INSTANT], "frame_ratio": ratio}), tmp_path)
    assert "the result is there already" not in ran.log
    assert aws.result(1)["human_detection"]["frame_ratio"] == ratio


def test_a_crash_after_done_ends_in_a_deleted_message(aws: Aws, tmp_path: Path) -> None:
    done = {"step": "human_detector", "state": "done", "result_file": {"bucket": "b", "key": "k"}}
    aws.put_record(1, done)
    aws.send({"VideoId": 1, "key": "videos/1.mp4"})
    run_worker(aws.variables(human_detection=detection(NEVER)), tmp_path)
    assert aws.step(1) == done
    assert aws.counts() == (0, 0)


# Duplicates.


def test_a_duplicate_during_a_live_lease_is_put_off_and_then_deleted(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(SLOW), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as first, worker(variables, tmp_path) as second:
        wait_until(lambda: "fetching" in first.log + second.log)
        aws.send({"VideoId": 1, "key": "videos/1.mp4"})
        wait_until(lambda: "another worker is at it" in first.log + second.log)
        wait_until(lambda: aws.step(1)["state"] == "done")
        wait_until(lambda: "the record says done" in first.log + second.log)
        wait_until(lambda: aws.counts() == (0, 0))
        assert (first.log + second.log).count("frames analysed") == 1


# A lease that is lost.


def test_a_worker_that_lost_its_lease_writes_and_deletes_nothing(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    slower = ["support.fake_detectors:SlowDetector", {"seconds": 0.5, "name": "D"}]
    variables = aws.variables(human_detection=detection(slower), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as running:
        wait_until(lambda: aws.step(1).get("progress"))
        theirs = {"step": "human_detector", "state": "running", "owner": "another", "lease_expires_at": 2**40}
        aws.put_record(1, theirs)
        taken_at = time.monotonic()
        running.wait_for_log("left the message")
        # The next renewal is due within a quarter of the lease; then it stops within 5 s.
        assert time.monotonic() - taken_at < 2.5 + 5
    assert aws.step(1) == theirs
    assert aws.keys() == []
    assert partials(aws) == []
    assert sum(aws.counts()) == 1


def test_a_worker_that_was_paused_beyond_its_lease_leaves_the_job_to_its_successor(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(SLOW), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as paused:
        wait_until(lambda: aws.step(1).get("progress"))
        os.killpg(paused.process.pid, signal.SIGSTOP)
        owner = aws.step(1)["owner"]
        with worker(variables, tmp_path) as successor:
            wait_until(lambda: aws.step(1).get("owner", owner) != owner, timeout=40)
            os.killpg(paused.process.pid, signal.SIGCONT)
            paused.wait_for_log("left the message")
            wait_until(lambda: aws.step(1)["state"] == "done", timeout=40)
            wait_until(lambda: aws.counts() == (0, 0))
        assert "frames analysed" in successor.log
        assert "frames analysed" not in paused.log
    assert len(aws.result(1)["frames"]) == 120


# Going on where an earlier attempt was cut off.


def interrupt(running: WorkerProcess, how: signal.Signals) -> None:
    running.signal(how)
    running.wait(10)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_job_goes_on_and_ends_as_if_it_had_not_been(
    aws: Aws, clip: Path, tmp_path: Path, how: signal.Signals
) -> None:
    counter = tmp_path / "batches"
    arguments = {"seconds": 0.2, "counter": str(counter), "name": "D"}
    slow = ["support.fake_detectors:CountingDetector", arguments]
    variables = aws.variables(
        human_detection=detection(slow), worker={"lease_seconds": 10, "partial_save_seconds": 1}
    )
    aws.submit(1, clip)
    with worker(variables, tmp_path) as running:
        wait_until(lambda: partials(aws) if how == signal.SIGKILL else aws.step(1).get("progress"))
        interrupt(running, how)
    (partial,) = partials(aws)
    lines = aws.s3.get_object(Bucket=aws.bucket, Key=partial)["Body"].read().splitlines()[1:]
    assert 0 < len(lines) < 120
    before = counter.stat().st_size
    with worker(variables, tmp_path) as again:
        wait_until(lambda: aws.step(1).get("state") == "done", timeout=60, what=lambda: again.log)
        assert "going on where an earlier attempt was cut off" in again.log
        assert counter.stat().st_size - before <= -(-(120 - len(lines)) // 5)
        assert partials(aws) == []
        # The same worker: a long poll of one that was just killed could swallow the message for a while.
        aws.submit(2, clip)
        wait_until(lambda: aws.step(2).get("state") == "done", timeout=60, what=lambda: again.log)
    resumed, whole = aws.result(1), aws.result(2)
    assert resumed["frames"] == whole["frames"]
    assert resumed["summary"] == whole["summary"]
    for name in ("frame_count", "duration", "fps", "complete"):
        assert resumed["video"][name] == whole["video"][name]


def test_however_often_it_is_interrupted_a_video_does_not_become_a_dead_letter(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(SLOW))
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
    variables = aws.variables(human_detection=detection(SLOW), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as running:
        wait_until(lambda: aws.step(1).get("progress"))
        interrupt(running, signal.SIGTERM)
    assert partials(aws)
    run_worker(variables | {"worker": {"max_video_seconds": 0.1}}, tmp_path)
    assert "longer than" in aws.step(1)["error"]
    assert partials(aws) == []


# Bounds.


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
    run_worker(aws.variables(human_detection=detection(SLOW), worker={setting: value}), tmp_path)
    assert reason in aws.step(1)["error"]
    assert aws.counts() == (0, 0)


def test_what_a_killed_worker_left_is_removed_at_the_next_start(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    shared = tmp_path / "shared"
    shared.mkdir()
    slow = ["support.fake_detectors:SlowDetector", {"seconds": 1}]
    variables = aws.variables(human_detection=detection(slow))
    with worker(variables, tmp_path, TMPDIR=str(shared)) as running:
        running.wait_for_log("fetching")
        run_worker(aws.variables(), tmp_path, TMPDIR=str(shared))
        assert len(list(shared.glob("human-detector-*"))) == 1, "a living worker's folder was removed"
        interrupt(running, signal.SIGKILL)
    assert len(list(shared.glob("human-detector-*"))) == 1
    assert "had left" in run_worker(aws.variables(), tmp_path, TMPDIR=str(shared)).log
    assert list(shared.glob("human-detector-*")) == []


# Trouble with AWS.


@pytest.fixture
def proxy(aws_endpoint: str) -> Iterator[FaultProxy]:
    running = FaultProxy(aws_endpoint, lambda _: "none")
    yield running
    running.close()


def test_an_outage_is_waited_out_at_the_start_and_later(
    aws: Aws, clip: Path, tmp_path: Path, proxy: FaultProxy
) -> None:
    proxy.pick = lambda _: "500"
    with worker(aws.variables(), tmp_path, AWS_ENDPOINT_URL=proxy.url) as running:
        running.wait_for_log("the queue does not answer")
        proxy.pick = lambda _: "none"
        running.wait_for_log("polling the queue")
        proxy.pick = lambda _: "reset"
        before = proxy.requests
        began = time.monotonic()
        wait_until(lambda: running.log.count("the queue does not answer") >= 3, timeout=60)
        # Each long poll that was in flight may add one.
        assert proxy.requests - before <= time.monotonic() - began + 2
        proxy.pick = lambda _: "none"
        aws.submit(1, clip)
        wait_until(lambda: aws.step(1).get("state") == "done", timeout=60, what=lambda: running.log)


def test_a_failed_renewal_is_harmless(aws: Aws, clip: Path, tmp_path: Path, proxy: FaultProxy) -> None:
    aws.submit(1, clip)
    slower = ["support.fake_detectors:SlowDetector", {"seconds": 0.5, "name": "D"}]
    variables = aws.variables(human_detection=detection(slower), worker={"lease_seconds": 10})
    with worker(variables, tmp_path, AWS_ENDPOINT_URL=proxy.url) as running:
        wait_until(lambda: aws.step(1).get("progress"))
        proxy.pick = lambda service: "500" if service in ("sqs", "dynamodb") else "none"
        running.wait_for_log("a renewal failed, will try again")
        proxy.pick = lambda _: "none"
        wait_until(lambda: aws.step(1)["state"] == "done", what=lambda: running.log)
        wait_until(lambda: aws.counts() == (0, 0))


def test_a_socket_that_goes_silent_is_given_up(
    aws: Aws, clip: Path, tmp_path: Path, proxy: FaultProxy
) -> None:
    proxy.pick = lambda _: "silent"
    with worker(aws.variables(), tmp_path, AWS_ENDPOINT_URL=proxy.url) as running:
        running.wait_for_log("the queue does not answer", timeout=45)
        assert "Read timeout" in running.log
        health = subprocess.run(
            [sys.executable, "-m", "human_detector", "healthcheck"],
            env={**os.environ, "TMPDIR": str(running.scratch)},
            check=False,
        )
        assert health.returncode == 0


def test_a_queue_that_is_deleted_ends_the_worker_with_one_sentence(aws: Aws, tmp_path: Path) -> None:
    with worker(aws.variables(), tmp_path) as running:
        running.wait_for_log("polling the queue")
        aws.sqs.delete_queue(QueueUrl=aws.queue_url)
        assert running.wait(40) == 2
        assert running.log.count("cannot work: ") == 1


def test_missing_credentials_end_the_start_with_one_sentence(aws: Aws, tmp_path: Path) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    ran = run_worker(aws.variables(), tmp_path, **nothing)
    assert ran.wait() == 2
    assert "cannot work: " in ran.log
    assert "credentials" in ran.log
    assert "Traceback" not in ran.log


# What operators see.


def test_metrics_are_embedded_in_a_json_log(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    with worker(aws.variables(), tmp_path, "--exit-when-idle", "1", "--log-format", "json") as running:
        running.wait()
    lines = [json.loads(line) for line in running.log.splitlines()]
    (metrics,) = (line for line in lines if "_aws" in line)
    assert metrics["outcome"] == "done"
    assert metrics["video_id"] == 1
    assert metrics["Jobs"] == [1.0]
    assert metrics["Frames"] == [120.0]
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {
        "Jobs": "Count",
        "Frames": "Count",
        "QueueAge": "Seconds",
        "DownloadSeconds": "Seconds",
        "AnalysisSeconds": "Seconds",
        "UploadSeconds": "Seconds",
    }
    assert directive["Dimensions"] == [["outcome", "service"]]
    assert directive["Namespace"] == "HumanDetector"
