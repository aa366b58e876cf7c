"""Waiting for the end of submitted videos, and what is said while nothing happens."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands.submit_waiting import FIRST_QUIET_SECONDS
from sample_clip import sample_clip
from support.sample_results import sample_result
from support.submitting import DONE, FAILED, FOR_EVER, SPLIT, Submit, Time, running
from support.worker_harness import Aws, worker

CLIP = sample_clip()


def test_a_video_through_the_worker(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with worker(aws.variables(), tmp_path):
        assert submit(CLIP, "--video-id", 42, "--wait", "--output", tmp_path / "out") == 0
        shown = capsys.readouterr()
        path = tmp_path / "out" / f"{CLIP.stem}.json"
        assert re.split(r"  +", shown.out.splitlines()[-1].strip()) == [str(CLIP), "42", "done", str(path)]
        assert "VideoId 42: done" in shown.err
        result = json.loads(path.read_text())
        assert result == aws.result(42)
        assert result["video"]["key"] == f"videos/42/{CLIP.name}"

        # Once more: refused as it is, run with --force, and the old end is not taken for the new one.
        assert submit(CLIP, "--video-id", 42) == 1
        assert "is done already: --force runs it again" in capsys.readouterr().err
        assert submit(CLIP, "--video-id", 42, "--force", "--wait", "--output", tmp_path / "out") == 0
        states = [line for line in capsys.readouterr().err.splitlines() if line.startswith("VideoId 42: ")]
        assert len(states) > 1
        assert states[-1] == "VideoId 42: done"


def test_several_videos_through_the_worker(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results of the same name do not overwrite each other, nor an earlier one; a failure spoils nothing but itself."""
    for folder in ("monday", "tuesday"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        shutil.copy(CLIP, tmp_path / "in" / folder / "clip.mp4")
    (tmp_path / "in" / "wednesday.mp4").write_bytes(b"no video")
    output = tmp_path / "out"
    output.mkdir()
    (output / "clip.json").write_text(json.dumps(sample_result(2)))
    with worker(aws.variables(), tmp_path):
        assert submit(tmp_path / "in", "--new-ids", "--wait", "--output", output) == 1
    rows = [re.split(r"  +", line.strip()) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[1:3] for row in rows] == [["1", "done"], ["2", "done"], ["3", "error"]]
    assert [row[3] for row in rows[:2]] == [str(output / "clip-2.json"), str(output / "clip-3.json")]
    assert rows[2][3].startswith("the file is no video")
    assert sorted(path.name for path in output.iterdir()) == ["clip-2.json", "clip-3.json", "clip.json"]
    assert json.loads((output / "clip.json").read_text()) == sample_result(2)
    for row in rows[:2]:
        assert json.loads(Path(row[3]).read_text())["video_id"] == int(row[1])


def test_failed_videos_are_sent_again_and_waited_for(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.s3.upload_file(str(CLIP), aws.bucket, "v.mp4")
    place = {"bucket": aws.bucket, "key": "v.mp4"}
    aws.put_record(4, {**SPLIT, "result_file": place}, FAILED)
    with worker(aws.variables(), tmp_path):
        assert submit("--retry-errors", "--wait", "--output", tmp_path / "out") == 0
    assert (tmp_path / "out" / "v.json").is_file()
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"s3://{aws.bucket}/v.mp4")


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines about why nothing happens."""
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("no change")]


def test_without_a_worker_it_says_what_it_waits_for(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    for video_id in (100, 101):
        aws.send({"VideoId": video_id})
    time = Time()
    status = submit(
        CLIP, "--new-ids", "--wait", "--timeout", 29.5, clock=time.clock, sleep=time.sleep
    )  # fmt: skip
    assert status == 124
    assert said(capsys) == [], "it is too early"
    status = submit(CLIP, "--new-ids", "--wait", "--timeout", 400, clock=time.clock, sleep=time.sleep)
    assert status == 124
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if line.startswith("no change")]
    # Less and less often.
    assert [line.split(";")[0] for line in lines] == [
        f"no change for {seconds} s" for seconds in (30, 60, 120)
    ]
    assert lines[0] == (
        "no change for 30 s; waiting for VideoId 2 (waiting); "
        "at most 3 messages ahead, 0 in flight, 0 delayed; no worker seen: is one running?"
    )
    assert "the 400 s of --timeout are over; what was submitted goes on, --list shows it" in shown.err
    assert re.split(r"  +", shown.out.splitlines()[-1].strip())[1:3] == ["2", "waiting"]
    assert aws.step(2) == {}
    assert aws.counts() == (4, 0), "what was sent stays sent"


def test_workers_that_are_seen(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    """One that has two leases is one; one whose lease has ended is none."""
    aws.put_record(1, running(FOR_EVER, "host:7:first"))
    aws.put_record(2, running(FOR_EVER, "host:7:second"))
    aws.put_record(3, running(FOR_EVER, "host:8:first"))
    aws.put_record(4, running(1000, "dead:7:first"))
    aws.put_record(5, SPLIT)
    time = Time()
    submit("--status", 5, "--wait", "--timeout", 31, clock=time.clock, sleep=time.sleep)
    assert said(capsys)[0].endswith("; 2 workers seen")


def test_a_change_starts_the_patience_anew(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    def meanwhile(seconds: float) -> None:
        if seconds == 20:
            aws.put_record(5, {"step": "human_detector", "state": "interrupted"})

    aws.put_record(5, SPLIT)
    time = Time(meanwhile)
    for timeout, lines in ((20 + FIRST_QUIET_SECONDS, 0), (FIRST_QUIET_SECONDS + 2, 1)):
        submit("--status", 5, "--wait", "--timeout", timeout, clock=time.clock, sleep=time.sleep)
        assert len(said(capsys)) == lines


def test_nothing_is_said_of_a_video_that_a_worker_is_at(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_record(5, running(FOR_EVER))
    time = Time()
    submit("--status", 5, "--wait", "--timeout", 100, clock=time.clock, sleep=time.sleep)
    assert said(capsys) == []


def test_a_worker_that_died_is_said_to_be_silent(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_record(5, running(1_767_323_045))
    time = Time()
    assert submit("--status", 5, "--wait", "--timeout", 32, clock=time.clock, sleep=time.sleep) == 124
    silent = "running, no sign of life since 2026-01-02T03:04:05+00:00"
    shown = capsys.readouterr().err
    assert f"VideoId 5: {silent}\n" in shown
    assert f"waiting for VideoId 5 ({silent}); " in shown


@pytest.mark.parametrize(
    "own",
    [running(1_767_323_045), {"step": "human_detector", "state": "interrupted"}, None],
    ids=["its worker died", "given back", "never begun"],
)
def test_a_video_that_nobody_will_run_is_not_waited_for(
    own: dict[str, Any] | None, aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end comes when SQS must have noticed that the queue is empty, and not before."""
    aws.put_record(5, SPLIT, *([own] if own else []))
    time = Time()
    assert submit("--status", 5, "--wait", clock=time.clock, sleep=time.sleep) == 1
    assert 90 <= time.seconds < 100
    shown = capsys.readouterr()
    reason = (
        "no worker is at it, and its message is gone (deleted, too old, or in the dead-letter queue); "
        "send it again: human-detector submit s3://b/v.mp4 --video-id 5"
    )
    assert f"VideoId 5: {reason}" in shown.err
    assert shown.out.splitlines()[-1].endswith(reason)


def test_a_video_whose_message_is_hidden_is_waited_for(aws: Aws, submit: Submit) -> None:
    """Seen empty once, and then with a message again: SQS had not noticed."""

    def meanwhile(seconds: float) -> None:
        if seconds == 60:
            aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="{}", DelaySeconds=900)

    aws.put_record(5, SPLIT, {"step": "human_detector", "state": "interrupted"})
    time = Time(meanwhile)
    status = submit("--status", 5, "--wait", "--timeout", 5000, clock=time.clock, sleep=time.sleep)
    assert status == 124


def test_a_queue_that_cannot_be_asked_ends_no_waiting(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_record(5, SPLIT)
    aws.sqs.delete_queue(QueueUrl=aws.queue_url)
    time = Time()
    assert submit("--status", 5, "--wait", "--timeout", 32, clock=time.clock, sleep=time.sleep) == 124
    assert "what is ahead of it cannot be told: the queue" in said(capsys)[0]


def test_many_videos_are_counted(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(7):
        (tmp_path / f"{number}.mp4").touch()
    time = Time()
    submit(tmp_path, "--new-ids", "--wait", "--timeout", 32, clock=time.clock, sleep=time.sleep)
    assert ", 5 (waiting) and 2 more; at most 0 messages ahead" in said(capsys)[0]


def test_an_end_that_is_no_good(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A result that is gone, and a record that is deleted while one waits."""
    aws.put_record(5, SPLIT, {**DONE, "result_file": {"bucket": aws.bucket, "key": "gone.json"}})
    assert submit("--status", 5, "--wait", "--output", tmp_path) == 1
    assert "VideoId 5: its result cannot be fetched: " in capsys.readouterr().err
    aws.put_record(5, {"step": "human_detector", "state": "done"})
    assert submit("--status", 5, "--wait", "--output", tmp_path) == 1
    assert "cannot be fetched: its record does not say where it is" in capsys.readouterr().err
    aws.put_record(6, SPLIT)
    time = Time(lambda _: aws.table.delete_item(Key={"VideoId": 6}))
    assert submit("--status", 6, "--wait", clock=time.clock, sleep=time.sleep) == 1
    assert "VideoId 6: there is no record with VideoId 6" in capsys.readouterr().err


def test_waiting_can_be_ended(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    assert submit(CLIP, "--new-ids", "--wait", sleep=interrupt) == 130
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1].split()[-2:] == ["waiting", f"s3://{aws.bucket}/videos/1/{CLIP.name}"]
    assert "stopped; what was submitted goes on, --list shows it" in shown.err
    assert aws.counts() == (1, 0)


def test_a_folder_that_cannot_be_made(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert submit(CLIP, "--new-ids", "--wait", "--output", tmp_path / "file" / "out") == 2
    assert "--output: found " in capsys.readouterr().err
    assert aws.counts() == (0, 0)
