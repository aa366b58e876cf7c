"""What is sent, written and refused when videos are submitted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands import submit as submit_command
from human_detector.commands.submit_sending import Sender
from human_detector.errors import PermanentError, TransientError
from human_detector.worker.submitted_records import VideoRecords
from sample_clip import sample_clip
from support.submitting import DONE, FAILED, FOR_EVER, OTHER, SPLIT, Submit, Time, rows, running, sent
from support.worker_harness import Aws


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
    held = running(FOR_EVER)
    aws.put_record(5, held)
    assert submit(sample_clip(), "--video-id", 5, "--force") == 1
    assert "a worker is at the record 5" in capsys.readouterr().err
    assert aws.record(5) == {"VideoId": 5, "process_steps": [held]}
    assert sent(aws) == []


def test_what_a_dead_worker_held_is_taken(aws: Aws) -> None:
    aws.put_record(5, running(1000))
    records = VideoRecords(aws.table.meta.client, aws.table_name, now=lambda: 999)
    with pytest.raises(PermanentError), records.marked_again(5):
        pass
    with VideoRecords(aws.table.meta.client, aws.table_name, now=lambda: 1001).marked_again(5):
        pass
    assert aws.step(5)["state"] == "interrupted"


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
    assert sorted(rows(capsys)) == [
        ["-", "2", "not sent", "its record does not say where the video is; submit it anew"],
        ["s3://b/v.mp4", "1", "submitted", "s3://b/v.mp4"],
    ]


INTERRUPTED = {"step": "human_detector", "state": "interrupted", "reason": "no route", "attempt": 2}


def stranded(aws: Aws) -> None:
    """Records that no worker is at: one whose worker died, one that was given back; and others."""
    aws.put_record(1, SPLIT, running(1_767_323_045))
    aws.put_record(2, SPLIT, INTERRUPTED)
    aws.put_record(3, SPLIT, running(FOR_EVER))
    aws.put_record(4, SPLIT)
    aws.put_record(5, SPLIT, DONE)


def test_a_video_whose_message_is_gone_is_sent_again(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    stranded(aws)
    assert submit("--retry-errors") == 0
    assert sent(aws) == [{"VideoId": 1}, {"VideoId": 2}]
    assert [aws.step(video_id).get("reason") for video_id in (1, 2)] == ["submitted again"] * 2
    assert aws.step(3) == running(FOR_EVER), "a worker is at it"
    assert aws.step(4) == {}, "nobody may ever have asked for it"
    said = capsys.readouterr().err
    silent = "running, no sign of life since 2026-01-02T03:04:05+00:00"
    assert f"VideoId 1: sent again; it was: {silent}, no message left" in said
    assert "VideoId 2: sent again; it was: interrupted, no message left" in said


@pytest.mark.parametrize("where", ["waiting", "in flight", "delayed"])
def test_a_video_whose_message_may_be_there_is_left_alone(
    where: str, aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    stranded(aws)
    aws.sqs.send_message(
        QueueUrl=aws.queue_url, MessageBody="{}", DelaySeconds=900 if where == "delayed" else 0
    )
    if where == "in flight":
        aws.sqs.receive_message(QueueUrl=aws.queue_url, VisibilityTimeout=900)
    before = [aws.record(video_id) for video_id in range(1, 6)]
    assert submit("--retry-errors") == 0
    assert [aws.record(video_id) for video_id in range(1, 6)] == before
    assert sum(aws.counts()) + aws.delayed() == 1, "nothing was sent"
    assert (
        "not sent again: 2 videos that no worker is at, because the queue holds 1 messages, and theirs may be "
        "among them"
    ) in capsys.readouterr().err


def test_a_video_that_could_not_be_sent_stays_what_it_was(
    aws: Aws, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TransientError("the queue does not answer")

    aws.put_record(1, SPLIT, FAILED, OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(Sender, "_tell", fail)
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
    [
        [],
        ["v.mp4"],
        ["v.mp4", "--new-ids", "--video-id", "1"],
        ["v.mp4", "--status", "1"],
        ["--list", "nonsense"],
        ["--list", "--retry-errors"],
        ["--list", "--wait"],
        ["v.mp4", "--new-ids", "--timeout", "5"],
    ],
)
def test_arguments_that_make_no_sense(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        submit_command.main(list(arguments))
    assert ended.value.code == 2
    assert "usage: human-detector submit" in capsys.readouterr().err


def test_the_example_of_the_help_works(
    aws: Aws,
    submit: Submit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        submit_command.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    example = next(line for line in lines if line.startswith("  human-detector submit "))
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.mp4").touch()
    monkeypatch.chdir(tmp_path)
    time = Time()
    assert submit(*example.split()[2:], "--timeout", 1, clock=time.clock, sleep=time.sleep) == 124
    assert [message["VideoId"] for message in sent(aws)] == [1]


def test_a_missing_queue_leaves_nothing_behind(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(aws.variables(aws_queues={"human_detection": "misspelt"})))
    assert submit_command.main([str(sample_clip()), "--video-id", "5", "--config", str(path)]) == 2
    assert "the queue 'misspelt' cannot be used" in capsys.readouterr().err
    assert aws.record(5) is None
    assert aws.keys("videos/") == []
