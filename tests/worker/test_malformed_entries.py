"""An S3 event with good entries and a malformed one, on a real queue: the good ones are done, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sample_clip import sample_clip
from support.worker_harness import Aws, run_worker


def event(aws: Aws, *keys: str) -> dict[str, Any]:
    """An S3 event about these objects, with an entry in the middle that names none."""
    entries: list[dict[str, Any]] = [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": aws.bucket}, "object": {"key": key}}}
        for key in keys
    ]
    entries.insert(1, {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": aws.bucket}}})
    return {"Records": entries}


def put_videos(aws: Aws, *video_ids: int) -> list[str]:
    """Objects and records of these videos; returns their keys."""
    for video_id in video_ids:
        aws.s3.put_object(Bucket=aws.bucket, Key=f"in/{video_id}.mp4", Body=sample_clip().read_bytes())
        aws.put_record(video_id)
    return [f"in/{video_id}.mp4" for video_id in video_ids]


def test_the_good_ones_are_done_and_the_bad_one_is_reported(aws: Aws, tmp_path: Path) -> None:
    body = event(aws, *put_videos(aws, 1, 2))
    aws.send(body)
    ran = run_worker(aws.variables(), tmp_path)
    assert [aws.step(video_id)["state"] for video_id in (1, 2)] == ["done", "done"]
    (letter,) = aws.dead_letters()
    assert json.loads(letter["Body"]) == body
    assert "Records[1]: an S3 event without" in letter["MessageAttributes"]["reason"]["StringValue"]
    assert aws.counts() == (0, 0)
    # Whoever redrives the dead letter doubles nothing.
    aws.send(body)
    again = run_worker(aws.variables(), tmp_path)
    assert ran.log.count(" done in ") == 2
    assert " done in " not in again.log
