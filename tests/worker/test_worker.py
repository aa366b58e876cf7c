"""The worker as its users run it, from a message to a result: real processes and HTTP, detectors without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from human_detector import __version__
from support.worker_harness import (
    INSTANT,
    Aws,
    detection,
    run_worker,
    worker,
)


def test_a_video_from_message_to_result(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(42, clip, key="videos/holiday in spain.mp4")
    etag = aws.s3.head_object(Bucket=aws.bucket, Key="videos/holiday in spain.mp4")["ETag"].strip('"')
    ran = run_worker(aws.variables(human_detection=detection(INSTANT, frame_ratio=0.2)), tmp_path)
    assert ran.wait() == 0, ran.log
    assert aws.step(42) == {
        "step": "human_detector",
        "state": "done",
        "result_file": {"bucket": aws.bucket, "key": "human_detector/42/holiday in spain.json"},
    }
    assert aws.counts() == (0, 0)
    stored = aws.s3.get_object(Bucket=aws.bucket, Key="human_detector/42/holiday in spain.json")
    assert stored["ContentType"] == "application/json"
    result = aws.result(42)
    frames = result.pop("frames")
    assert result == {
        "schema_version": "1.0",
        "producer": {"name": "human-detector", "version": __version__},
        "video_id": 42,
        "video": {
            "bucket": aws.bucket,
            "key": "videos/holiday in spain.mp4",
            "etag": etag,
            "width": 176,
            "height": 144,
            "fps": pytest.approx(29.97, abs=0.01),
            "duration": pytest.approx(4.004, abs=0.01),
            "frame_count": 120,
            "complete": True,
        },
        "human_detection": {
            "frame_ratio": 0.2,
            "detectors": [
                [
                    "support.fake_detectors:InstantDetector",
                    {"name": "InstantDetector", "min_detection_score": 0.4, "max_batch_size": 5},
                ]
            ],
        },
        "engine": {"name": "python", "version": result["engine"]["version"], "device": "CPU"},
        "summary": {
            "analyzed_frames": 24,
            "detectors": {
                "InstantDetector": {"detections": 24, "frames_with_detections": 24, "max_per_frame": 1}
            },
        },
    }
    assert [frame["index"] for frame in frames] == list(range(0, 120, 5))
    assert frames[1]["timestamp"] == pytest.approx(5 / 29.97, abs=0.001)
    assert frames[0]["detections"]["InstantDetector"][0]["box"] == {
        "x_min": 0.25, "y_min": 0.25, "x_max": 0.75, "y_max": 0.75,
    }  # fmt: skip
    assert ran.leftovers == []


def test_the_record_names_the_video_where_the_message_does_not(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=aws.bucket, Key="split/7.mp4", Body=clip.read_bytes())
    source = {"bucket": aws.bucket, "key": "split/7.mp4"}
    aws.put_record(7, {"step": "video_split", "state": "done", "result_file": source})
    aws.send({"VideoId": 7})
    run_worker(aws.variables(), tmp_path)
    assert aws.result(7)["video"]["key"] == "split/7.mp4"


def test_s3_notifications_are_jobs(aws: Aws, clip: Path, tmp_path: Path) -> None:
    content = clip.read_bytes()
    aws.s3.put_object(Bucket=aws.bucket, Key="in/my clip.mp4", Body=content, Metadata={"videoid": "11"})
    aws.s3.put_object(Bucket=aws.bucket, Key="in/12.mp4", Body=content)
    for video_id in (11, 12):
        aws.put_record(video_id)
    place = {"bucket": {"name": aws.bucket}}
    entries = [
        {"eventName": "ObjectCreated:Put", "s3": {**place, "object": {"key": key}}}
        for key in ("in/my+clip.mp4", "in/12.mp4")
    ]
    aws.send({"Records": entries})
    aws.send({"Service": "Amazon S3", "Event": "s3:TestEvent"})
    ran = run_worker(aws.variables(), tmp_path)
    assert aws.result(11)["video"]["key"] == "in/my clip.mp4", ran.log
    assert aws.result(12)["video"]["key"] == "in/12.mp4"
    assert aws.counts() == (0, 0)
    assert aws.dead_letters() == []


def test_done_is_not_run_again_unless_forced(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    run_worker(aws.variables(), tmp_path)
    aws.send({"VideoId": 1, "key": "videos/1.mp4"})
    ran = run_worker(aws.variables(), tmp_path)
    assert "the record says done" in ran.log
    assert "attempt" not in ran.log
    assert aws.counts() == (0, 0)
    aws.s3.delete_object(Bucket=aws.bucket, Key="human_detector/1/1.json")
    aws.send({"VideoId": 1, "key": "videos/1.mp4", "force": True})
    run_worker(aws.variables(), tmp_path)
    assert aws.keys() == ["human_detector/1/1.json"], "made anew"


def test_keys_reach_neither_the_file_system_nor_the_log_format(aws: Aws, clip: Path, tmp_path: Path) -> None:
    key = "../../%s%n{0}/$(touch pwned)/../;`id` x.mp4"
    aws.submit(1, clip, key=key)
    ran = run_worker(aws.variables(), tmp_path)
    assert aws.step(1)["result_file"]["key"] == "human_detector/1/;`id` x.json", ran.log
    assert ran.leftovers == []
    assert all(" INFO " in line for line in ran.log.splitlines()), ran.log


def test_json_log_lines_carry_the_names_of_their_job(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(42, clip)
    with worker(aws.variables(), tmp_path, "--exit-when-idle", "1", "--log-format", "json") as running:
        running.wait()
    lines = [json.loads(line) for line in running.log.splitlines()]
    done = next(line for line in lines if line["message"].startswith("done in"))
    assert done["video_id"] == 42
    assert done["level"] == "INFO"
    of_the_job = [line for line in lines if "message_id" in line]
    assert len({line["message_id"] for line in of_the_job}) == 1
    assert all("video_id" not in line or line["video_id"] == 42 for line in lines)


def test_metrics_are_embedded_in_a_json_log(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    with worker(aws.variables(), tmp_path, "--exit-when-idle", "1", "--log-format", "json") as running:
        running.wait()
    lines = [json.loads(line) for line in running.log.splitlines()]
    (metrics,) = (line for line in lines if "_aws" in line)
    assert metrics["outcome"] == "done"
    assert metrics["video_id"] == 1
    assert metrics["Jobs"] == [1.0]
    assert metrics["Frames"] == [120.0]
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {
        "Jobs": "Count",
        "Frames": "Count",
        "QueueAge": "Seconds",
        "DownloadSeconds": "Seconds",
        "AnalysisSeconds": "Seconds",
        "UploadSeconds": "Seconds",
    }
    assert directive["Dimensions"] == [["outcome", "service"]]
    assert directive["Namespace"] == "HumanDetector"
