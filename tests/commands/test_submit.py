"""Submitting a video to the real worker, and the views of the person on duty."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands import submit as submit_command
from human_detector.errors import PermanentError, TransientError
from human_detector.worker.submitted_records import VideoRecords
from sample_clip import sample_clip
from support.worker_harness import Aws, worker

FAILED = {"step": "human_detector", "state": "error", "error": "the file is empty (0 bytes)"}
DONE = {"step": "human_detector", "state": "done", "result_file": {"bucket": "b", "key": "k.json"}}
SPLIT = {"step": "video_split", "state": "done", "result_file": {"bucket": "b", "key": "v.mp4"}}
OTHER = {"step": "speech", "state": "running", "n": Decimal("0.25")}

Submit = Callable[..., int]


@pytest.fixture
def submit(aws: Aws, tmp_path: Path) -> Submit:
    """The command, with a configuration for this test's resources."""
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(aws.variables()))
    return lambda *arguments: submit_command.main([*map(str, arguments), "--config", str(path)])


def sent(aws: Aws) -> list[dict[str, Any]]:
    """The messages in the queue, by VideoId."""
    got = aws.sqs.receive_message(QueueUrl=aws.queue_url, MaxNumberOfMessages=10)
    messages = [json.loads(message["Body"]) for message in got.get("Messages", [])]
    return sorted(messages, key=lambda message: message["VideoId"])


def test_a_video_through_the_worker(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with worker(aws.variables(), tmp_path):
        assert submit(sample_clip(), "--video-id", 42, "--wait", "--output", tmp_path / "out") == 0
        shown = capsys.readouterr()
        assert shown.out.strip() == str(tmp_path / "out/carphone_pristine.json")
        assert "VideoId 42: done" in shown.err
        result = json.loads((tmp_path / "out/carphone_pristine.json").read_text())
        assert result == aws.result(42)
        assert result["video"]["key"] == "videos/42/carphone_pristine.mp4"

        # Once more: refused as it is, run with --force, and the old end is not taken for the new one.
        assert submit(sample_clip(), "--video-id", 42) == 1
        assert "is done already: --force runs it again" in capsys.readouterr().err
        assert submit(sample_clip(), "--video-id", 42, "--force", "--wait", "--output", tmp_path / "out") == 0
        states = [line for line in capsys.readouterr().err.splitlines() if line.startswith("VideoId 42: ")]
        assert len(states) > 1
        assert states[-1] == "VideoId 42: done"


def test_a_failure_is_shown(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with worker(aws.variables(), tmp_path):
        assert submit(tmp_path / "bad.mp4", "--video-id", 7, "--wait") == 1
    assert "VideoId 7: the file is no video" in capsys.readouterr().err


def test_what_is_written_and_sent(aws: Aws, submit: Submit, tmp_path: Path) -> None:
    (tmp_path / "a clip.mp4").write_bytes(b"x" * 100)
    aws.put_record(5, OTHER, owner="me")
    assert submit(tmp_path / "a clip.mp4", "--video-id", 5) == 0
    place = {"bucket": aws.bucket, "key": "videos/5/a clip.mp4"}
    assert aws.record(5) == {
        "VideoId": 5,
        "owner": "me",
        "process_steps": [OTHER, {"step": "video_split", "state": "done", "result_file": place}],
    }
    assert sent(aws) == [{"VideoId": 5, **place, "force": False}]
    stored = aws.s3.get_object(Bucket=aws.bucket, Key=place["key"])
    assert (stored["Body"].read(), stored["Metadata"]) == (b"x" * 100, {"videoid": "5"})


def test_a_video_that_is_in_s3_already(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    aws.s3.put_object(Bucket=aws.bucket, Key="there/v.mp4", Body=b"x")
    assert submit(f"s3://{aws.bucket}/there/v.mp4", "--video-id", 5) == 0
    assert sent(aws) == [{"VideoId": 5, "bucket": aws.bucket, "key": "there/v.mp4", "force": False}]
    assert aws.keys("videos/") == []
    assert submit(f"s3://{aws.bucket}/gone.mp4", "--video-id", 6) == 1
    assert "there is no such object" in capsys.readouterr().err
    assert aws.record(6) is None


def test_what_a_worker_holds_is_left_alone(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    running = {"step": "human_detector", "state": "running", "lease_expires_at": 9_999_999_999}
    aws.put_record(5, running)
    assert submit(sample_clip(), "--video-id", 5, "--force") == 1
    assert "a worker is at the record 5" in capsys.readouterr().err
    assert aws.record(5) == {"VideoId": 5, "process_steps": [running]}
    assert sent(aws) == []


def test_what_a_dead_worker_held_is_taken(aws: Aws) -> None:
    aws.put_record(5, {"step": "human_detector", "state": "running", "lease_expires_at": 1000})
    records = VideoRecords(aws.table.meta.client, aws.table_name, now=lambda: 999)
    with pytest.raises(PermanentError), records.marked_again(5):
        pass
    with VideoRecords(aws.table.meta.client, aws.table_name, now=lambda: 1001).marked_again(5):
        pass
    assert aws.step(5)["state"] == "interrupted"


def test_status(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    running = {"step": "human_detector", "state": "running", "attempt": 1, "progress": Decimal("0.25")}
    aws.put_record(1, SPLIT, running)
    aws.put_record(2, FAILED)
    aws.put_record(3, SPLIT)
    expected = [{**running, "progress": 0.25}, FAILED, {"state": "waiting"}]
    for video_id, status, step in zip((1, 2, 3), (0, 1, 0), expected, strict=True):
        assert submit("--status", video_id) == status
        assert json.loads(capsys.readouterr().out) == step
    assert submit("--status", 4) == 1
    assert "there is no record with VideoId 4" in capsys.readouterr().err


def test_list(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    started = {"started_at": "2026-01-02T03:04:05+00:00", "attempt": 2, "progress": Decimal("0.5")}
    aws.put_record(12, {"step": "human_detector", "state": "running", **started})
    aws.put_record(3, DONE)
    aws.put_record(100, FAILED)
    aws.put_record(4, SPLIT)
    assert submit("--list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "  VIDEO ID  STATE        PROGRESS  DETAILS",
        "         3  done                -  s3://b/k.json",
        "         4  waiting             -",
        "        12  running          50 %  attempt 2, started 2026-01-02T03:04:05+00:00",
        "       100  error               -  the file is empty (0 bytes)",
    ]
    assert submit("--list", "error") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["100"]


def test_list_of_a_large_table(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    """DynamoDB gives a megabyte at a time."""
    for video_id in range(4):
        aws.put_record(video_id, {**FAILED, "error": "x" * 390_000})
    assert submit("--list") == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_retry_errors(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put_record(1, SPLIT, FAILED, OTHER)
    aws.put_record(2, FAILED)
    aws.put_record(3, SPLIT, DONE)
    aws.put_record(4, SPLIT)
    assert submit("--retry-errors") == 1, "one could not be sent"
    assert sent(aws) == [{"VideoId": 1}]
    again = {"step": "human_detector", "state": "interrupted", "reason": "submitted again"}
    assert aws.record(1) == {"VideoId": 1, "process_steps": [SPLIT, again, OTHER]}
    assert aws.step(2) == FAILED
    assert aws.step(3) == DONE
    shown = capsys.readouterr().out.splitlines()
    assert sorted(shown) == [
        "VideoId 1: sent again",
        "VideoId 2: its record does not say where the video is; submit it anew",
    ]


def test_a_video_that_could_not_be_sent_stays_what_it_was(
    aws: Aws, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TransientError("the queue does not answer")

    aws.put_record(1, SPLIT, FAILED, OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(submit_command.Submitter, "_send", fail)
        assert submit("--retry-errors") != 0
    assert aws.record(1) == {"VideoId": 1, "process_steps": [SPLIT, FAILED, OTHER]}
    assert submit("--retry-errors") == 0
    assert sent(aws) == [{"VideoId": 1}]


def test_a_key_is_no_url(aws: Aws, submit: Submit) -> None:
    key = "videos/clip #1?.mp4"
    aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=b"x")
    assert submit(f"s3://{aws.bucket}/{key}", "--video-id", "1") == 0
    assert sent(aws)[0]["key"] == key


def test_a_step_that_changes_under_the_write_is_read_anew(aws: Aws) -> None:
    aws.put_record(5, FAILED)
    client = aws.table.meta.client

    class Busy:
        """Another service puts an element before ours between a read and a write, once."""

        def __init__(self) -> None:
            self.reads = 0

        def get_item(self, **arguments: Any) -> Any:
            answer = client.get_item(**arguments)
            self.reads += 1
            if self.reads == 1:
                aws.put_record(5, OTHER, FAILED)
            return answer

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

    with VideoRecords(Busy(), aws.table_name).marked_again(5):
        pass
    record = aws.record(5)
    assert record is not None
    assert [step["state"] for step in record["process_steps"]] == ["running", "interrupted"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["v.mp4"], ["v.mp4", "--status", "1"], ["--status", "x"], ["--list", "nonsense"], ["--list", "--retry-errors"]],
)  # fmt: skip
def test_arguments_that_make_no_sense(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        submit_command.main(list(arguments))
    assert ended.value.code == 2
    assert "usage: human-detector submit" in capsys.readouterr().err


def test_a_missing_queue_leaves_nothing_behind(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(aws.variables(aws_queues={"human_detection": "misspelt"})))
    assert submit_command.main([str(sample_clip()), "--video-id", "5", "--config", str(path)]) == 2
    assert "the queue 'misspelt' cannot be used" in capsys.readouterr().err
    assert aws.record(5) is None
    assert aws.keys("videos/") == []


def test_waiting_can_be_ended(
    aws: Aws, submit: Submit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_record(5, SPLIT)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submit_command.Submitter, "wait", interrupt)
    assert submit("--status", 5, "--wait") == 130
    assert "--status shows it" in capsys.readouterr().err
