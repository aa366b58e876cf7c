"""A worker that is asked to stop, or killed, leaves nothing behind, and the next one goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from support.fault_proxy import FaultProxy
from support.worker_harness import (
    STOP_SECONDS,
    Aws,
    detection,
    run_worker,
    slow,
    wait_until,
    worker,
)

ENDLESS_POLLS = {"LONG_POLL_SECONDS": 1, "LONG_POLL_TIMEOUT_SECONDS": 3600}
"""Where the queue keeps silent."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_a_long_poll_ends_the_worker_at_once(
    aws: Aws, tmp_path: Path, proxy: FaultProxy, number: signal.Signals
) -> None:
    with worker(
        aws.variables(), tmp_path, AWS_ENDPOINT_URL=proxy.url, waiting_times=ENDLESS_POLLS
    ) as running:
        running.wait_for_log("polling the queue")
        proxy.pick = lambda _: "silent"
        wait_until(lambda: proxy.faults.get("silent"))
        running.signal(number)
        assert running.wait(STOP_SECONDS) == 0
        assert "stopped" in running.log


@pytest.mark.parametrize("whole_group", [False, True])
def test_a_signal_in_a_job_gives_it_back_before_the_container_is_killed(
    aws: Aws, clip: Path, tmp_path: Path, whole_group: bool
) -> None:
    aws.submit(1, clip)
    with worker(aws.variables(human_detection=detection(slow(0.5))), tmp_path) as running:
        analysis = running.analysis_pid()
        running.wait_for_log("fetching")
        if whole_group:
            os.killpg(running.process.pid, signal.SIGTERM)
        else:
            running.signal(signal.SIGTERM)
        # Impatient, and no less welcome for it.
        wait_until(lambda: running.signal(signal.SIGTERM) or running.process.poll() is not None, STOP_SECONDS)
        assert running.wait() == 0, running.log
        assert not psutil.pid_exists(analysis)
    step = aws.step(1)
    assert step["state"] == "interrupted"
    assert "asked to stop" in step["reason"]
    assert aws.counts() == (1, 0)
    assert running.leftovers == []
    run_worker(aws.variables(), tmp_path)
    assert aws.step(1)["state"] == "done"
    assert len(aws.result(1)["frames"]) == 120


def test_the_analysis_process_does_not_outlive_a_killed_worker(aws: Aws, tmp_path: Path) -> None:
    with worker(aws.variables(), tmp_path) as running:
        analysis = psutil.Process(running.analysis_pid())
        running.signal(signal.SIGKILL)
        running.wait()
        analysis.wait(STOP_SECONDS)


def folders_of_jobs(shared: Path) -> list[Path]:
    return [path for path in shared.glob("human-detector-*") if path.is_dir()]


def test_what_a_killed_worker_left_is_removed_at_the_next_start(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    shared = tmp_path / "shared"
    shared.mkdir()
    variables = aws.variables(human_detection=detection(slow(1)))
    with worker(variables, tmp_path, TMPDIR=str(shared)) as running:
        running.wait_for_log("fetching")
        run_worker(aws.variables(), tmp_path, TMPDIR=str(shared))
        assert len(folders_of_jobs(shared)) == 1, "a living worker's folder was removed"
        running.signal(signal.SIGKILL)
        running.wait()
    assert len(folders_of_jobs(shared)) == 1
    assert "had left" in run_worker(aws.variables(), tmp_path, TMPDIR=str(shared)).log
    assert list(shared.glob("human-detector-*")) == []
