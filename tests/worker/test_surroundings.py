"""What surrounds a job: its scratch folder, the health check, the task's protection, the log."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from human_detector.aws.clients import connect
from human_detector.aws.waiting_times import LONG_POLL_SECONDS
from human_detector.errors import TransientError
from human_detector.logs import current_context, log_context, set_up_logging
from human_detector.worker.health import LONGEST_SILENCE_SECONDS, Health, health_files, problem
from human_detector.worker.scratch import SPARE_BYTES, Scratch, remove_leftovers, require_space
from human_detector.worker.task_protection import TaskProtection


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


# Scratch.


def test_the_folders_of_a_job_are_gone_after_it_whatever_happened(scratch: Path) -> None:
    def fail_in_a_job(made: Scratch) -> None:
        with made.job() as folders:
            (folders.video / "video").write_bytes(b"x")
            (folders.result / "result.json").write_bytes(b"x")
            assert folders.video.is_relative_to(scratch)
            raise RuntimeError

    with Scratch.made() as made:
        with pytest.raises(RuntimeError):
            fail_in_a_job(made)
        assert [path for path in scratch.rglob("*") if path.is_file() and path.name != "lock"] == []
    assert list(scratch.iterdir()) == []


def test_videos_are_hidden_from_the_analysis_and_results_are_not(scratch: Path) -> None:
    theirs = scratch / "human-detector-theirs"
    theirs.mkdir()
    with Scratch.made() as made, made.job() as folders:
        hidden = made.hidden()
        assert theirs in hidden
        assert any(folders.video.is_relative_to(path) for path in hidden)
        assert not any(folders.result.is_relative_to(path) for path in hidden)
        assert not any(made.temporary.is_relative_to(path) for path in hidden)


def test_leftovers_are_removed_and_what_is_in_use_is_not(scratch: Path) -> None:
    left = scratch / "human-detector-dead"
    left.mkdir()
    (left / "lock").touch()
    (left / "video").write_bytes(b"x")
    foreign = scratch / "human-detector-theirs"
    foreign.mkdir()
    with Scratch.made() as made:
        folder = made.temporary.parent
        assert remove_leftovers() == [left]
        assert folder.exists()
        with (folder / "lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert list(scratch.iterdir()) == [foreign]


def test_space_is_checked(tmp_path: Path) -> None:
    require_space(tmp_path, 1)
    with pytest.raises(TransientError, match=f"has {2**60} bytes, {SPARE_BYTES} are kept"):
        require_space(tmp_path, 2**60)


# Health.


def check_health(scratch: Path) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "human_detector", "healthcheck"],
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout.strip()


def test_health_check(scratch: Path) -> None:
    assert check_health(scratch) == (1, "no worker is running")
    health = Health()
    health.touch()
    assert check_health(scratch) == (0, "healthy")
    be_silent()
    status, said = check_health(scratch)
    assert status == 1
    assert said.startswith(f"the loop of the worker (process {os.getpid()}) has been silent for 5")
    del health
    assert check_health(scratch) == (1, "no worker is running")


def be_silent() -> None:
    """Let the one worker be silent for a second too long."""
    (file,) = health_files()
    since = time.time() - LONGEST_SILENCE_SECONDS - 1
    os.utime(file, (since, since))


def test_a_worker_does_not_look_alive_because_another_is(scratch: Path) -> None:
    silent = Health()
    silent.touch()
    be_silent()
    alive = Health()
    alive.touch()
    found = problem(time.time())
    assert found is not None
    assert found.count("silent") == 1
    del silent
    assert problem(time.time()) is None
    del alive


def test_a_worker_that_was_killed_leaves_nothing_behind_for_the_next(scratch: Path) -> None:
    """Neither does its file make the next look dead, though a process has its number again."""
    code = "import os; from human_detector.worker.health import Health; alive = Health(); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(health_files())) == 1
    be_silent()
    assert problem(time.time()) == "no worker is running"
    health = Health()
    health.touch()
    assert problem(time.time()) is None
    assert len(list(health_files())) == 1
    del health


def test_the_thread_that_has_been_silent_longest_decides(scratch: Path) -> None:
    clock = Clock()
    clock.now = 1000.0
    health = Health(clock)
    other = threading.Thread(target=health.touch)
    other.start()
    other.join()
    for clock.now in (1001.0, 1010.0, 1040.0):
        health.touch()
    (file,) = health_files()
    assert file.stat().st_mtime == 1000
    # A thread that has ended is not waited for, and its number may be used again.
    leaving = threading.Thread(target=lambda: (health.touch(), health.leave()))
    leaving.start()
    leaving.join()
    clock.now = 1050.0
    health.touch()
    assert file.stat().st_mtime >= 1000


def test_a_request_on_a_dead_connection_is_given_up_before_the_worker_counts_as_wedged() -> None:
    clients = connect("eu-west-1", "eu-west-1")
    for client in (clients.sqs, clients.s3, clients.dynamodb):
        config = client.meta.config
        once = config.connect_timeout + config.read_timeout
        assert once * config.retries["total_max_attempts"] < LONGEST_SILENCE_SECONDS
    assert clients.sqs.meta.config.read_timeout > LONG_POLL_SECONDS


def test_a_wedged_loop_is_noticed_within_a_minute() -> None:
    assert LONGEST_SILENCE_SECONDS < 60


# Task protection.


class Agent:
    """The ECS agent's address for the protection of a task."""

    def __init__(self) -> None:
        self.states: list[dict[str, object]] = []
        self.status = 200
        agent = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                assert self.path == "/api/token/task-protection/v1/state"
                agent.states.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(agent.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}/api/token"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()


@pytest.fixture
def agent() -> Iterator[Agent]:
    running = Agent()
    yield running
    running.server.shutdown()
    running.thread.join()
    running.server.server_close()


def test_protection_is_on_only_while_a_job_runs_and_is_renewed(agent: Agent) -> None:
    clock = Clock()
    protection = TaskProtection(agent.uri, clock)
    on = {"ProtectionEnabled": True, "ExpiresInMinutes": 10}
    assert agent.states == []
    with protection.on():
        assert agent.states == [on]
        clock.now += 299
        protection.renew()
        assert agent.states == [on]
        clock.now += 1
        protection.renew()
        assert agent.states == [on, on]
    assert agent.states == [on, on, {"ProtectionEnabled": False}]


def test_protection_lasts_until_the_last_of_two_jobs_has_ended(agent: Agent) -> None:
    protection = TaskProtection(agent.uri)
    with protection.on():
        with protection.on():
            pass
        assert {"ProtectionEnabled": False} not in agent.states
    assert agent.states[-1] == {"ProtectionEnabled": False}
    assert len(agent.states) == 2


def test_protection_that_fails_harms_nobody(agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    agent.status = 500
    with TaskProtection(agent.uri).on():
        pass
    assert caplog.text.count("could not be set") == 2


def test_outside_ecs_there_is_no_protection_and_no_complaint(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("ECS_AGENT_URI", raising=False)
    with TaskProtection().on():
        pass
    assert caplog.text == ""


# The log.


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_event_is_one_line_whatever_it_holds(log_format: str, root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    set_up_logging(log_format, stream)
    with log_context(message_id="m"), log_context(video_id=7):
        root_logger.info("a key: %s", "x\nERROR forged %s \u2028")
    (line,) = stream.getvalue().splitlines(keepends=False)[:1]
    assert stream.getvalue().count("\n") == 1
    if log_format == "json":
        record = json.loads(line)
        assert (record["message_id"], record["video_id"], record["level"]) == ("m", 7, "INFO")
        assert record["message"] == "a key: x\nERROR forged %s \u2028"
    else:
        assert "[message_id=m video_id=7]" in stream.getvalue()
    assert current_context() == {}


def test_a_traceback_is_part_of_its_json_line(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    set_up_logging("json", stream)
    try:
        raise ValueError("boom")
    except ValueError:
        root_logger.exception("failed")
    assert "ValueError: boom" in json.loads(stream.getvalue())["traceback"]
