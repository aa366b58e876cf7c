"""Secrets are planted where the worker finds some, jobs succeed and fail, and nothing that it leaves has one in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from human_detector.harmless_text import without_secrets
from support.worker_harness import Aws, WorkerProcess, detection

KEY, SECRET, TOKEN, PASSWORD = "AKIAPLANTEDKEY", "PLANTEDsecret/key", "PLANTEDtoken", "PLANTEDpassword"
SIGNATURE = "PLANTEDsignature"
PLANTED = ("PLANTED", "planted")
PRESIGNED = f"https://bucket.s3.amazonaws.com/v.mp4?X-Amz-Credential={KEY}&X-Amz-Signature={SIGNATURE}&X-Amz-Expires=60"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": TOKEN,
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN,
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:9/{TOKEN}",
    "HTTPS_PROXY": f"http://somebody:{PASSWORD}@127.0.0.1:9",
    "HTTP_PROXY": f"http://somebody:{PASSWORD}@127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "DETECTION_ZOO_URL": f"https://somebody:{PASSWORD}@models.invalid/?token={TOKEN}",
}
FACE = ["support.fake_detectors:ScoredDetector", {"label": "face", "score": 0.9}]


def left_behind(aws: Aws, ran: WorkerProcess) -> dict[str, str]:
    """All that a worker has written, by where: its log, records, objects, messages, and files."""
    found = {"the log": ran.log}
    for item in aws.table.scan()["Items"]:
        found[f"record {item['VideoId']}"] = repr(item)
    for key in aws.keys(""):
        stored = aws.s3.get_object(Bucket=aws.bucket, Key=key)
        found[key] = f"{stored['Body'].read().decode(errors='replace')} {stored['Metadata']}"
    found |= {f"letter {number}": repr(letter) for number, letter in enumerate(aws.dead_letters())}
    found |= {
        str(path): path.read_text(errors="replace") for path in ran.scratch.rglob("*") if path.is_file()
    }
    return found


def run(variables: dict[str, Any], folder: Path, log_format: str, **environment: str) -> WorkerProcess:
    ran = WorkerProcess(
        variables,
        folder,
        *("--exit-when-idle", "1", "--log-format", log_format),
        program=("support.verbose_worker",),
        **environment,
    )
    try:
        ran.wait()
    finally:
        ran.kill_group()
    return ran


def test_nothing_that_is_left_has_a_secret_in_it(aws: Aws, clip: Path, tmp_path: Path) -> None:
    aws.submit(1, clip)
    done = run(
        aws.variables(human_detection=detection(FACE), report=True, anonymize={}),
        tmp_path,
        "json",
        **ENVIRONMENT,
    )
    aws.submit(2, b"no video")
    aws.put_record(3)
    aws.send({"VideoId": 3, "key": PRESIGNED})
    aws.put_record(4)
    aws.send({"VideoId": 4, "bucket": "no-such-bucket", "key": "v.mp4"})
    aws.send({"VideoId": 404, "key": "v.mp4"})
    aws.send(f"not JSON, but an address: {PRESIGNED}")
    aws.submit(5, clip)
    failing = {"how": "raise", "times": 9, "counter": str(tmp_path / "counter"), "name": "D"}
    fails = detection(["support.fake_detectors:FailingDetector", failing])
    failed = run(aws.variables(human_detection=fails), tmp_path, "text", **ENVIRONMENT)
    states = [aws.step(number).get("state") for number in range(1, 6)]
    assert states == ["done", "error", "error", "error", "interrupted"], failed.log
    found = left_behind(aws, done) | left_behind(aws, failed)
    found["the log"] = done.log + failed.log
    assert {"human_detector/1/1.html", "letter 1", "record 3"} <= found.keys()
    # What a sender has written into a message is his, and stays it.
    own = {where: text.replace(f"address: {PRESIGNED}", "") for where, text in found.items()}
    assert not {where: text for where, text in own.items() if any(each in text for each in PLANTED)}
    assert "X-Amz-Signature=***" in found["record 3"]
    assert "DEBUG" in found["the log"]


@pytest.mark.parametrize(
    "endpoint", [f"http://somebody:{PASSWORD}@127.0.0.1:9/", "https://sqs.invalid/"], ids=["address", "proxy"]
)
def test_an_aws_that_cannot_be_reached(endpoint: str, aws: Aws, tmp_path: Path) -> None:
    """The errors of libraries quote addresses: of the endpoint, and of the proxy."""
    running = WorkerProcess(aws.variables(), tmp_path, program=("support.verbose_worker",), **ENVIRONMENT | {"AWS_ENDPOINT_URL": endpoint})  # fmt: skip
    try:
        running.wait_for_log("127.0.0.1:9")
        assert not any(each in running.log for each in PLANTED), running.log
    finally:
        running.kill_group()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach http://me:secret@host:1/x", "cannot reach http://***@host:1/x"),
        (
            PRESIGNED,
            "https://bucket.s3.amazonaws.com/v.mp4?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Expires=60",
        ),
        ("v.mp4%3Fx-amz-signature%3Dabc%26b%3D2 HTTP", "v.mp4%3Fx-amz-signature%3D***%26b%3D2 HTTP"),
        ("https://h/?a=1&token=abc&b=2", "https://h/?a=1&token=***&b=2"),
        ("s3://bucket/videos/a@b:c.mp4?sign=1", "s3://bucket/videos/a@b:c.mp4?sign=1"),
        ("http://host:8080/path@2x.png", "http://host:8080/path@2x.png"),
    ],
)
def test_addresses(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
