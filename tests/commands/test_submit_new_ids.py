"""Many videos at once, and the numbers that they are given."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from human_detector.errors import TransientError
from human_detector.worker.submitted_records import VideoRecords
from sample_clip import sample_clip
from support.fault_proxy import FaultProxy
from support.submitting import OTHER, SPLIT, Submit, rows, sent
from support.worker_harness import Aws


def test_files_folders_and_patterns(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is not there stops none of the others, and the status says so."""
    for name in ("one.mp4", "folder/a.mp4", "folder/b.mkv", "folder/notes.txt", "days/1.mp4", "days/2.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    aws.s3.put_object(Bucket=aws.bucket, Key="there/v.mp4", Body=b"x")
    aws.put_record(-5)
    aws.put_record(41, SPLIT)
    local = [tmp_path / name for name in ("one.mp4", "gone.mp4", "folder", "days/[12].mp4", "one.mp4")]
    there = [f"s3://{aws.bucket}/there/v.mp4", f"s3://{aws.bucket}/gone.mp4", "s3://nonsense"]
    assert submit(*local, *there, "--new-ids") == 1
    places = [
        f"s3://{aws.bucket}/videos/{key}"
        for key in ("42/one.mp4", "43/a.mp4", "44/b.mkv", "45/1.mp4", "46/2.mp4")
    ]
    names = ["one.mp4", "folder/a.mp4", "folder/b.mkv", "days/1.mp4", "days/2.mp4"]
    expected = [[str(tmp_path / name), str(42 + i), "submitted", places[i]] for i, name in enumerate(names)]
    shown = rows(capsys)
    assert shown[:5] == expected
    assert shown[5] == [there[0], "47", "submitted", there[0]]
    assert [row[:3] for row in shown[6:8]] == [[place, "-", "not sent"] for place in there[1:]]
    assert shown[7][3] == "found s3://nonsense, valid is s3://bucket/key, the key a text of 1 to 1024 bytes"
    assert shown[8:] == [[str(tmp_path / "gone.mp4"), "-", "not sent", "the file does not exist"]]

    messages = sent(aws)
    assert [message["VideoId"] for message in messages] == list(range(42, 48))
    for message in messages:
        record = aws.record(message["VideoId"])
        assert record is not None
        place = {"bucket": message["bucket"], "key": message["key"]}
        assert [step["result_file"] for step in record["process_steps"]] == [place]
    stored = aws.s3.get_object(Bucket=aws.bucket, Key="videos/44/b.mkv")
    assert (stored["Body"].read(), stored["Metadata"]) == (b"folder/b.mkv", {"videoid": "44"})


def test_nothing_to_send(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert submit(tmp_path / "empty", "--new-ids") == 2
    assert f"there is no video in {tmp_path / 'empty'}" in capsys.readouterr().err


def test_a_number_is_for_one_video(
    aws: Aws, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.mp4").touch()
    assert submit(tmp_path, "--video-id", 7) == 2
    assert "found 2, valid is --new-ids" in capsys.readouterr().err
    assert sent(aws) == []
    (tmp_path / "b.mp4").unlink()
    assert submit(tmp_path, "--video-id", 7) == 0
    assert rows(capsys)[0][1:3] == ["7", "submitted"]


def test_a_number_that_another_takes_first_stays_the_others(aws: Aws) -> None:
    aws.put_record(10)
    client = aws.table.meta.client
    records = VideoRecords(client, aws.table_name)

    def place(video_id: int) -> tuple[str, str]:
        if video_id == 11:  # Between the look at the table and the write.
            aws.put_record(11, OTHER)
        return "b", f"videos/{video_id}/v.mp4"

    with records.new_record(place) as video_id:
        assert video_id == 12
    assert aws.record(11) == {"VideoId": 11, "process_steps": [OTHER]}
    with records.new_record(lambda video_id: ("b", str(video_id))) as video_id:
        assert video_id == 13


def test_people_who_submit_at_the_same_time_get_different_numbers(
    aws: Aws, aws_endpoint: str, tmp_path: Path
) -> None:
    videos = [tmp_path / f"{number}.mp4" for number in range(4)]
    for video in videos:
        video.write_bytes(b"x")
    configuration = tmp_path / "variables.json"
    configuration.write_text(json.dumps(aws.variables()))
    # One write after another, as in DynamoDB.
    proxy = FaultProxy(aws_endpoint, lambda _: "none")
    command = [sys.executable, "-m", "human_detector", "submit", *map(str, videos), "--new-ids"]
    people = [
        subprocess.Popen(
            [*command, "--config", str(configuration)],
            env={**os.environ, **Aws.environment(proxy.url)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    tables = [person.communicate(timeout=120)[0] for person in people]
    proxy.close()
    assert [person.returncode for person in people] == [0, 0, 0]
    numbers = [int(number) for table in tables for number in re.findall(r"  (\d+)  submitted", table)]
    assert sorted(numbers) == list(range(1, 13))
    for number in numbers:
        record = aws.record(number)
        assert record is not None
        (step,) = record["process_steps"]
        assert aws.s3.head_object(Bucket=aws.bucket, Key=step["result_file"]["key"])["ContentLength"] == 1


def test_a_number_whose_answer_got_lost_is_not_taken_for_anothers(
    aws: Aws, aws_endpoint: str, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is sent again by botocore, and finds what it has written."""
    requests = iter(["none", "lost"])  # The look at the table, and the write.
    proxy = FaultProxy(
        aws_endpoint, lambda asked: next(requests, "none") if asked.service == "dynamodb" else "none"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    assert submit(sample_clip(), "--new-ids") == 0
    proxy.close()
    assert proxy.faults["lost"] == 1
    assert [message["VideoId"] for message in sent(aws)] == [1]
    assert aws.record(2) is None


def test_a_video_that_cannot_be_stored_leaves_no_record(
    aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_record(5)
    aws.s3.delete_bucket(Bucket=aws.bucket)
    assert submit(sample_clip(), "--new-ids") == 1
    shown = rows(capsys)[0]
    assert shown[1:3] == ["-", "not sent"]
    assert "NoSuchBucket" in shown[3]
    assert aws.record(6) is None
    assert sent(aws) == []


def test_a_record_that_somebody_has_changed_meanwhile_stays(aws: Aws) -> None:
    records = VideoRecords(aws.table.meta.client, aws.table_name)

    def fail_to_send(video_id: int) -> None:
        aws.put_record(video_id, OTHER)
        raise TransientError("the queue does not answer")

    with pytest.raises(TransientError), records.new_record(lambda _: ("b", "k")) as video_id:
        fail_to_send(video_id)
    assert aws.record(1) == {"VideoId": 1, "process_steps": [OTHER]}


def test_no_number_is_left(aws: Aws, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put_record(10**38 - 1)
    assert submit(sample_clip(), "--new-ids") == 1
    assert "there is no VideoId left above the highest" in capsys.readouterr().out
