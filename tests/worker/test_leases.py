"""One video, one worker: the lease is kept, put off, lost and taken over. Real processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from support.fault_proxy import FaultProxy
from support.worker_harness import (
    Aws,
    detection,
    slow,
    wait_until,
    worker,
)


def test_the_message_stays_hidden_and_the_lease_alive_while_the_job_runs(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(0.5)), worker={"lease_seconds": 10})
    with worker(variables, tmp_path, "--exit-when-idle", "1") as running:
        running.wait_for_log("fetching")
        first = wait_until(lambda: aws.step(1).get("lease_expires_at"))
        # Longer than a lease: without renewals the message would be back by now.
        ends_at = time.monotonic() + 10.5
        seen = set()
        while time.monotonic() < ends_at and "done in" not in running.log:
            assert aws.counts() == (0, 1)
            seen.add(aws.step(1).get("progress"))
            time.sleep(0.25)
        assert aws.step(1).get("lease_expires_at", first + 1) > first
        assert len(seen) >= 3, seen
        assert running.wait() == 0
    assert aws.step(1)["state"] == "done"
    assert aws.counts() == (0, 0)


def test_a_failed_renewal_is_harmless(aws: Aws, clip: Path, tmp_path: Path, proxy: FaultProxy) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(0.3)), worker={"lease_seconds": 10})
    with worker(variables, tmp_path, AWS_ENDPOINT_URL=proxy.url) as running:
        wait_until(lambda: aws.step(1).get("progress"))
        proxy.pick = lambda asked: "500" if asked.service in ("sqs", "dynamodb") else "none"
        running.wait_for_log("a renewal failed, will try again")
        proxy.pick = lambda _: "none"
        wait_until(lambda: aws.step(1)["state"] == "done", what=lambda: running.log)
        wait_until(lambda: aws.counts() == (0, 0))


def test_a_duplicate_during_a_live_lease_is_put_off_and_then_deleted(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(0.2)), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as first, worker(variables, tmp_path) as second:
        wait_until(lambda: "fetching" in first.log + second.log)
        aws.send({"VideoId": 1, "key": "videos/1.mp4"})
        wait_until(lambda: "another worker is at it" in first.log + second.log)
        wait_until(lambda: aws.step(1)["state"] == "done")
        wait_until(lambda: "the record says done" in first.log + second.log)
        wait_until(lambda: aws.counts() == (0, 0))
        assert (first.log + second.log).count("frames analysed") == 1


def test_a_worker_that_lost_its_lease_writes_and_deletes_nothing(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(5)), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as running:
        wait_until(lambda: aws.step(1).get("progress"))
        theirs = {"step": "human_detector", "state": "running", "owner": "another", "lease_expires_at": 2**40}
        aws.put_record(1, theirs)
        running.wait_for_log("left the message")
        # The job would have gone on for two minutes.
        assert "frames analysed" not in running.log
    assert aws.step(1) == theirs
    assert aws.keys() == []
    assert aws.partials() == []
    assert sum(aws.counts()) == 1


def test_a_worker_that_was_paused_beyond_its_lease_leaves_the_job_to_its_successor(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=detection(slow(0.2)), worker={"lease_seconds": 10})
    with worker(variables, tmp_path) as paused:
        wait_until(lambda: aws.step(1).get("progress"))
        os.killpg(paused.process.pid, signal.SIGSTOP)
        owner = aws.step(1)["owner"]
        with worker(variables, tmp_path) as successor:
            wait_until(lambda: aws.step(1).get("owner", owner) != owner)
            os.killpg(paused.process.pid, signal.SIGCONT)
            paused.wait_for_log("left the message")
            wait_until(lambda: aws.step(1)["state"] == "done")
            wait_until(lambda: aws.counts() == (0, 0))
        assert "frames analysed" in successor.log
        assert "frames analysed" not in paused.log
    assert len(aws.result(1)["frames"]) == 120
