"""The worker as its users run it: real processes, signals and HTTP, a detector that needs no model."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from human_detector import __version__
from sample_clip import sample_clip
from support.worker_harness import INSTANT, Aws, run_worker, wait_until, worker

SLOW = {"detectors": [["support.fake_detectors:SlowDetector", {"seconds": 0.5}]], "frame_ratio": 1}
"""120 frames in batches of 5: a job of 12 seconds."""


@pytest.fixture(scope="module")
def clip() -> Path:
    return sample_clip()


def test_a_video_from_message_to_result(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(42, clip, key="videos/holiday in spain.mp4")
    etag = aws.s3.head_object(Bucket=aws.bucket, Key="videos/holiday in spain.mp4")["ETag"].strip('"')
    ran = run_worker(aws.variables(human_detection={"detectors": [INSTANT], "frame_ratio": 0.2}), tmp_path)
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
                    "InstantDetector",
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
    first = aws.s3.head_object(Bucket=aws.bucket, Key="human_detector/1/1.json")["LastModified"]
    aws.send({"VideoId": 1, "key": "videos/1.mp4"})
    ran = run_worker(aws.variables(), tmp_path)
    assert "the record says done" in ran.log
    assert "attempt" not in ran.log
    assert aws.counts() == (0, 0)
    time.sleep(1.1)  # S3's times have whole seconds.
    aws.send({"VideoId": 1, "key": "videos/1.mp4", "force": True})
    run_worker(aws.variables(), tmp_path)
    assert aws.s3.head_object(Bucket=aws.bucket, Key="human_detector/1/1.json")["LastModified"] > first


def test_bad_messages_end_as_dead_letters_and_touch_nothing_else(aws: Aws, tmp_path: Path) -> None:
    aws.put_record(5, {"step": "video_split", "state": "running"})
    before = aws.record(5)
    bodies = [
        "not json",
        json.dumps({"key": "videos/5.mp4"}),
        json.dumps({"VideoId": "5"}),
        json.dumps({"VideoId": 404, "key": "videos/5.mp4"}),
        json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": aws.bucket}, "object": {"key": "no-number.mp4"}}}]}),
    ]  # fmt: skip
    for body in bodies:
        aws.send(body)
    ran = run_worker(aws.variables(), tmp_path)
    letters = {letter["Body"]: letter["MessageAttributes"]["reason"]["StringValue"]
               for letter in aws.dead_letters()}  # fmt: skip
    assert set(letters) == set(bodies), ran.log
    assert "not JSON" in letters[bodies[0]]
    assert "VideoId is missing" in letters[bodies[1]]
    assert 'VideoId: found "5"' in letters[bodies[2]]
    assert "no record with VideoId 404" in letters[bodies[3]]
    assert "no VideoId for" in letters[bodies[4]]
    assert aws.counts() == (0, 0)
    assert aws.record(5) == before
    assert aws.record(404) is None


def test_a_bad_message_without_a_dead_letter_queue_is_kept_and_not_polled_hot(
    aws: Aws, aws_endpoint: str, tmp_path: Path
) -> None:
    without = Aws(aws_endpoint, dead_letters=False)
    without.send("not json")
    ran = run_worker(without.variables(), tmp_path)
    assert without.counts() == (0, 1)
    assert ran.log.count("not JSON") == 1


def test_videos_that_cannot_be_analysed_say_why(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, b"")
    aws.submit(2, b"dear diary\n" * 100)
    aws.put_record(3)
    aws.send({"VideoId": 3, "key": "videos/missing.mp4"})
    aws.put_record(4)
    aws.send({"VideoId": 4, "bucket": "no-such-bucket-here", "key": "videos/4.mp4"})
    aws.put_record(5, {"step": "video_split", "state": "error"})
    aws.send({"VideoId": 5})
    aws.submit(6, clip)
    ran = run_worker(aws.variables(), tmp_path)
    errors = {video_id: aws.step(video_id).get("error", "") for video_id in range(1, 7)}
    assert "empty" in errors[1], ran.log
    assert "the file" in errors[2]
    assert f"cannot read s3://{aws.bucket}/videos/missing.mp4: there is no such object" in errors[3]
    assert "s3://no-such-bucket-here/videos/4.mp4" in errors[4]
    assert "no done step video_split" in errors[5]
    assert [aws.step(video_id)["state"] for video_id in range(1, 7)] == ["error"] * 5 + ["done"]
    assert aws.counts() == (0, 0)
    assert ran.leftovers == []


def test_keys_reach_neither_the_file_system_nor_the_log_format(aws: Aws, clip: Path, tmp_path: Path) -> None:
    key = "../../%s%n{0}/$(touch pwned)/../;`id` x.mp4"
    aws.submit(1, clip, key=key)
    ran = run_worker(aws.variables(), tmp_path)
    assert aws.step(1)["result_file"]["key"] == "human_detector/1/;`id` x.json", ran.log
    assert ran.leftovers == []
    assert all(" INFO " in line for line in ran.log.splitlines()), ran.log


def test_the_message_stays_hidden_and_the_lease_alive_while_the_job_runs(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=SLOW, worker={"lease_seconds": 10})
    with worker(variables, tmp_path, "--exit-when-idle", "1") as running:
        running.wait_for_log("fetching")
        first = wait_until(lambda: aws.step(1).get("lease_expires_at"))
        # Longer than a lease: without renewals the message would be back by now.
        ends_at = time.monotonic() + 10.5
        seen = set()
        while time.monotonic() < ends_at and "done in" not in running.log:
            assert aws.counts() == (0, 1)
            seen.add(aws.step(1).get("progress"))
            time.sleep(0.25)
        assert aws.step(1).get("lease_expires_at", first + 1) > first
        assert len(seen) >= 3, seen
        assert running.wait() == 0
    assert aws.step(1)["state"] == "done"
    assert aws.counts() == (0, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_a_long_poll_ends_the_worker_at_once(
    aws: Aws, tmp_path: Path, number: signal.Signals
) -> None:
    with worker(aws.variables(), tmp_path) as running:
        running.wait_for_log("polling the queue")
        time.sleep(0.5)
        began = time.monotonic()
        running.signal(number)
        assert running.wait() == 0
        assert time.monotonic() - began < 2
        assert "stopped" in running.log


@pytest.mark.parametrize("whole_group", [False, True])
def test_a_signal_in_a_job_gives_it_back_within_ten_seconds(
    aws: Aws, clip: Path, tmp_path: Path, whole_group: bool
) -> None:
    aws.submit(1, clip)
    with worker(aws.variables(human_detection=SLOW), tmp_path) as running:
        analysis = running.analysis_pid()
        running.wait_for_log("fetching")
        began = time.monotonic()
        if whole_group:
            os.killpg(running.process.pid, signal.SIGTERM)
        else:
            running.signal(signal.SIGTERM)
        time.sleep(0.1)
        running.signal(signal.SIGTERM)
        assert running.wait(10) == 0, running.log
        assert time.monotonic() - began < 10
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
        analysis.wait(5)


def failing(how: str, tmp_path: Path, times: int = 1) -> dict[str, Any]:
    arguments = {"how": how, "times": times, "counter": str(tmp_path / "failures")}
    return {"detectors": [["support.fake_detectors:FailingDetector", arguments]], "frame_ratio": 0.1}


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", "RuntimeError: the accelerator is on fire"),
        ("segfault", "the analysis process died (signal 11)"),
        ("kill", "the analysis process died (signal 9)"),
        ("hang", "the analysis made no progress for 2 s"),
    ],
)
def test_a_failed_attempt_is_tried_again_later_and_the_worker_lives_on(
    aws: Aws, clip: Path, tmp_path: Path, how: str, reason: str
) -> None:
    aws.submit(1, clip)
    variables = aws.variables(human_detection=failing(how, tmp_path), worker={"stall_timeout": 2})
    with worker(variables, tmp_path) as running:
        running.wait_for_log("next try in")
        step = wait_until(lambda: aws.step(1) if aws.step(1)["state"] == "interrupted" else None)
        assert reason in step["reason"]
        aws.submit(2, clip)
        wait_until(lambda: aws.step(2).get("state") == "done", what=lambda: running.log)
        wait_until(lambda: aws.counts() == (0, 1))


def test_the_last_attempt_records_the_reason_before_the_message_is_a_dead_letter(
    aws: Aws, clip: Path, tmp_path: Path
) -> None:
    aws.submit(1, clip)
    for _ in range(2):  # Two deliveries before: the third of three is the last.
        (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url)["Messages"]
        aws.sqs.change_message_visibility(
            QueueUrl=aws.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    run_worker(aws.variables(human_detection=failing("kill", tmp_path, times=99)), tmp_path)
    assert aws.step(1) == {
        "step": "human_detector",
        "state": "error",
        "error": "the analysis process died (signal 9)",
    }
    (letter,) = aws.dead_letters()
    assert json.loads(letter["Body"])["VideoId"] == 1
    assert aws.counts() == (0, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aws_region": 7, "require_gpu": "no"}, ["aws_region: found 7", 'require_gpu: found "no"']),
        ({"aws_queues": {"human_detection": "no-such-queue"}}, ["'no-such-queue' cannot be used"]),
        ({"require_gpu": True}, ["require_gpu is true, but TensorFlow sees no GPU"]),
        (
            {"human_detection": {"detectors": [["HumanDetector", {"model": "no_such_model"}]]}},
            ["the model 'no_such_model' is missing", "human-detector models get"],
        ),
        (
            {"human_detection": {"detectors": [["no_module:Cat", {}], ["support.fake_detectors:NeedyDetector",
                                                                       {"colour": "green"}]]}},
            ["detectors[0] (no_module:Cat)", "colour: found 'green'"],
        ),
    ],
)  # fmt: skip
def test_a_worker_that_cannot_work_says_why_and_receives_nothing(
    aws: Aws, tmp_path: Path, changes: dict[str, Any], said: list[str]
) -> None:
    aws.send({"VideoId": 1})
    ran = run_worker(aws.variables(**changes), tmp_path, CUDA_VISIBLE_DEVICES="")
    assert ran.wait() == 2
    for text in said:
        assert text in ran.log
    assert "Traceback" not in ran.log
    assert aws.counts() == (1, 0)


def test_a_model_that_fails_to_load_ends_the_worker_with_a_sentence(aws: Aws, tmp_path: Path) -> None:
    aws.send({"VideoId": 1})
    detectors = [["support.fake_detectors:UnloadableDetector", {}]]
    ran = run_worker(aws.variables(human_detection={"detectors": detectors}), tmp_path)
    assert ran.wait() == 2
    assert "cannot work: RuntimeError: no kernel image is available" in ran.log
    assert aws.counts() == (1, 0)


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
