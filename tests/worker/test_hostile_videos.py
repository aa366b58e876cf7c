"""A worker among whose videos some break into the decoder: each fails alone, and the next one is right."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.broken_decoder import break_in
from support.intruder import IN_VAIN
from support.worker_harness import INSTANT, Aws, WorkerProcess, detection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux")

HOSTILE = {
    1: ("start_a_shell", "the decoder died (signal 31)"),
    2: ("send_a_pickle", "the decoder sent what it must not send: a message that is no JSON"),
    3: ("frame_out_of_range", "the decoder sent what it must not send: frame 100000000000, which is none of"),
}


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that nobody must reach."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_hostile_video_fails_alone(
    aws: Aws, clip: Path, tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    ids = dict.fromkeys(("worker", "analysis", "source", "sibling"), bystander.pid)
    failed_twice = {"step": "human_detector", "state": "interrupted", "attempt": 2, "failures": 2}
    for video_id, (attack, _) in HOSTILE.items():
        aws.submit(video_id, break_in(attack, **ids))
        aws.put_record(video_id, failed_twice)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        aws.submit(4, break_in("try_all", port=listener.getsockname()[1], secret=str(clip), **ids))
        aws.submit(5, clip)
        running = WorkerProcess(
            aws.variables(human_detection=detection(INSTANT)),
            tmp_path,
            "--exit-when-idle",
            "1",
            program=("support.broken_worker",),
        )
        try:
            assert running.wait() == 0, running.log
        finally:
            running.kill_group()
        with pytest.raises(BlockingIOError):
            listener.accept()

    for video_id, (_, reason) in HOSTILE.items():
        step = aws.step(video_id)
        assert step["state"] == "error"
        assert step["error"].startswith(reason)
    answers = json.loads(aws.step(4)["error"])
    assert {attempt: answer for attempt, answer in answers.items() if answer not in IN_VAIN} == {}
    assert aws.result(5)["summary"]["analyzed_frames"] == aws.result(5)["video"]["frame_count"] > 0
    assert running.log.count("is ready after") == 1, "the models stayed loaded"
    assert running.leftovers == []
    assert bystander.poll() is None
