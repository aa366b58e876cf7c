"""What the person on duty sees: the queue, all records, one record."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from human_detector.commands import submit as submit_command
from support.submitting import DONE, FAILED, FOR_EVER, OTHER, SPLIT, Submit, running
from support.worker_harness import Aws


def test_list(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    started = {"started_at": "2026-01-02T03:04:05+00:00", "attempt": 2, "progress": Decimal("0.5")}
    aws.put_record(12, running(FOR_EVER, **started))
    aws.put_record(3, DONE)
    aws.put_record(100, FAILED)
    aws.put_record(4, SPLIT)
    assert submit("--list") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"queue {aws.queue}: 0 waiting, 0 in flight, 0 delayed; 0 dead letters",
        "VIDEO ID  STATE    PROGRESS  DETAILS",
        "       3  done            -  s3://b/k.json",
        "       4  waiting         -",
        "      12  running      50 %  attempt 2, started 2026-01-02T03:04:05+00:00",
        "     100  error           -  the file is empty (0 bytes)",
    ]
    assert submit("--list", "error") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]] == ["100"]


def test_list_of_a_large_table(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    """DynamoDB gives a megabyte at a time."""
    for video_id in range(4):
        aws.put_record(video_id, {**OTHER, "text": "x" * 390_000}, FAILED)
    assert submit("--list") == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_a_record_is_a_line(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put_record(1, {**FAILED, "error": "one sentence\nand another"})
    assert submit("--list") == 0
    assert capsys.readouterr().out.splitlines()[2].endswith("one sentence and another")


def test_status(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    held = running(FOR_EVER, attempt=1, progress=Decimal("0.25"))
    aws.put_record(1, SPLIT, held)
    aws.put_record(2, FAILED)
    aws.put_record(3, SPLIT)
    expected = [{**held, "progress": 0.25}, FAILED, {"state": "waiting"}]
    for video_id, status, step in zip((1, 2, 3), (0, 1, 0), expected, strict=True):
        assert submit("--status", video_id) == status
        assert json.loads(capsys.readouterr().out) == step
    assert submit("--status", 4) == 1
    assert "there is no record with VideoId 4" in capsys.readouterr().err


def test_a_worker_that_died_shows(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lease has ended: it is not said to run as if all were well, nor to have failed."""
    since = "running, no sign of life since 2026-01-02T03:04:05+00:00"
    died = running(1_767_323_045, attempt=1, started_at="2026-01-02T03:00:00+00:00")
    aws.put_record(1, died)
    aws.put_record(2, running(FOR_EVER))
    aws.put_record(3, {"step": "human_detector", "state": "running"})
    aws.send({"VideoId": 1})
    assert submit("--list", "running") == 0
    states = [re.split(r"  +", line.strip())[1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert states == [since, "running", "running, no sign of life"]
    assert submit("--status", 1) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == died
    assert f"VideoId 1: {since}" in shown.err


def test_videos_that_nobody_will_run_show(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as the queue holds a message, it may be theirs."""
    aws.put_record(1, running(1_767_323_045))
    aws.put_record(2, {"step": "human_detector", "state": "interrupted"})
    aws.put_record(3, running(FOR_EVER))
    aws.put_record(4, SPLIT)
    silent = "running, no sign of life since 2026-01-02T03:04:05+00:00"
    for left in (", no message left", ""):
        assert submit("--list") == 0
        states = [re.split(r"  +", line.strip())[1] for line in capsys.readouterr().out.splitlines()[2:]]
        assert states == [silent + left, "interrupted" + left, "running", "waiting"]
        aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="{}", DelaySeconds=900)


def test_the_queue_is_counted(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    for video_id in range(4):
        aws.send({"VideoId": video_id})
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="{}", DelaySeconds=900)
    aws.sqs.receive_message(QueueUrl=aws.queue_url, VisibilityTimeout=900)
    for _ in range(2):
        aws.sqs.send_message(QueueUrl=aws.dead_letter_url, MessageBody="{}")
    aws.sqs.receive_message(QueueUrl=aws.dead_letter_url, VisibilityTimeout=900)
    assert submit("--list") == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        f"queue {aws.queue}: 3 waiting, 1 in flight, 1 delayed; 2 dead letters"
    )


def test_dead_letters_that_nobody_can_count(
    aws: Aws, aws_endpoint: str, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.sqs.delete_queue(QueueUrl=aws.dead_letter_url)
    assert submit("--list") == 0
    assert "0 delayed; its dead letters cannot be counted: " in capsys.readouterr().out
    without = Aws(aws_endpoint, dead_letters=False)
    path = tmp_path / "without.json"
    path.write_text(json.dumps(without.variables()))
    assert submit_command.main(["--list", "--config", str(path)]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("0 delayed; it has no dead-letter queue")


def test_steps_in_which_others_have_written_anything(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_record(1, running(Decimal("-1E+30"), progress="half", attempt="many"))  # type: ignore[arg-type]
    step = {
        "step": "human_detector",
        "state": "running",
        "lease_expires_at": "soon",
        "progress": Decimal("1E+100"),
    }
    aws.put_record(2, {**step, "seen": {"a", "b"}, "mark": b"\0", "count": Decimal("1E+40")})
    assert submit("--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "running, no sign of life since -1e+15 s" in lines[2]
    assert "running, no sign of life since 1970-01-01" in lines[3]
    assert submit("--status", 2) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["seen"], shown["count"]) == (["a", "b"], 10**40)
