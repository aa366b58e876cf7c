"""AWS does not answer, answers late, or has no queue any more."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from support.fault_proxy import FaultProxy
from support.worker_harness import (
    Aws,
    wait_until,
    worker,
)

SHORT_POLLS = {"LONG_POLL_SECONDS": 1, "LONG_POLL_TIMEOUT_SECONDS": 4}


def test_an_outage_is_waited_out_at_the_start_and_later(
    aws: Aws, clip: Path, tmp_path: Path, proxy: FaultProxy
) -> None:
    proxy.pick = lambda _: "500"
    with worker(aws.variables(), tmp_path, AWS_ENDPOINT_URL=proxy.url, waiting_times=SHORT_POLLS) as running:
        running.wait_for_log("the queue does not answer")
        proxy.pick = lambda _: "none"
        running.wait_for_log("polling the queue")
        proxy.pick = lambda _: "reset"
        before = proxy.requests
        began = time.monotonic()
        wait_until(lambda: running.log.count("the queue does not answer") >= 3)
        # Each long poll that was in flight may add one.
        assert proxy.requests - before <= time.monotonic() - began + 2
        proxy.pick = lambda _: "none"
        aws.submit(1, clip)
        wait_until(lambda: aws.step(1).get("state") == "done", what=lambda: running.log)


def test_a_socket_that_goes_silent_is_given_up(
    aws: Aws, clip: Path, tmp_path: Path, proxy: FaultProxy
) -> None:
    proxy.pick = lambda _: "silent"
    # That its own time is beyond a long poll and before the health check's patience: test_surroundings.py.
    with worker(aws.variables(), tmp_path, AWS_ENDPOINT_URL=proxy.url, waiting_times=SHORT_POLLS) as running:
        running.wait_for_log("the queue does not answer")
        assert "Read timeout" in running.log
        health = subprocess.run(
            [sys.executable, "-m", "human_detector", "healthcheck"],
            env={**os.environ, "TMPDIR": str(running.scratch)},
            check=False,
        )
        assert health.returncode == 0


def test_a_queue_that_is_deleted_ends_the_worker_with_one_sentence(aws: Aws, tmp_path: Path) -> None:
    with worker(aws.variables(), tmp_path, waiting_times=SHORT_POLLS) as running:
        running.wait_for_log("polling the queue")
        aws.sqs.delete_queue(QueueUrl=aws.queue_url)
        assert running.wait() == 2
        assert running.log.count("cannot work: ") == 1
