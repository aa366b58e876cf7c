"""The task role allows what workers really ask for, and nothing more: each right was used, each request is allowed.

Workers run through what can become of a message, behind a proxy that takes down every request.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from sample_clip import sample_clip
from support.dead_letters import die, step_of_the_dead
from support.fault_proxy import Asked, FaultProxy
from support.paths import ROOT
from support.worker_harness import REGION, Aws, wait_until, worker

ACCOUNT = "123456789012"
PARTITION, CLUSTER = "aws", "human_detector"
MISSING = 404

Rights = set[tuple[str, str]]
"""Pairs of an action and the ARN of what it is done to, or a pattern of ARNs."""

ACTIONS_OF_S3 = {
    "GetObject": ["s3:GetObject"],
    "HeadObject": ["s3:GetObject"],
    "PutObject": ["s3:PutObject"],
    "DeleteObject": ["s3:DeleteObject"],
    "AbortMultipartUpload": ["s3:AbortMultipartUpload"],
    "CreateMultipartUpload": ["s3:PutObject"],
    "UploadPart": ["s3:PutObject"],
    "CompleteMultipartUpload": ["s3:PutObject"],
}


def rights_for(asked: Asked, status: int) -> Rights:
    """What a request needs."""
    match asked.service:
        case "sqs":
            return {(f"sqs:{asked.operation}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{asked.resource}")}
        case "dynamodb":
            table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{asked.resource}"
            return {(f"dynamodb:{asked.operation}", table)}
        case "ecs":
            return {(f"ecs:{asked.operation}", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/0123")}
    rights = {(action, f"arn:aws:s3:::{asked.resource}") for action in ACTIONS_OF_S3[asked.operation]}
    if status == MISSING:
        # Whoever may not list a bucket is told 403 of what is not there.
        rights.add(("s3:ListBucket", f"arn:aws:s3:::{asked.resource.partition('/')[0]}"))
    return rights


def rights_of_the_task_role(parameters: dict[str, str]) -> Rights:
    """What the template allows, given its parameters."""
    role = load(str(ROOT / "aws_resources.yml"))["Resources"]["TaskRole"]["Properties"]
    names = {
        "AWS::Partition": PARTITION,
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
        "ClusterName": CLUSTER,
        **parameters,
    }
    rights = set()
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = (
            statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        )
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        rights |= {(action, resolved(resource, names)) for action in actions for resource in resources}
    return rights


def resolved(value: Any, names: dict[str, str]) -> str:
    """A value of the template with a bucket for the videos: the functions that the role uses."""
    match value:
        case {"Fn::If": ["HasVideoBucket", with_it, _]}:
            return resolved(with_it, names)
        case {"Ref": name}:
            return names[name]
        case {"Fn::Sub": [text, more]}:
            return resolved(
                {"Fn::Sub": text}, names | {name: resolved(each, names) for name, each in more.items()}
            )
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: names[found[1]], text)
    raise AssertionError(f"found {value}, valid is !If, !Ref or !Sub")


@pytest.fixture
def proxy(aws_endpoint: str) -> Iterator[FaultProxy]:
    running = FaultProxy(aws_endpoint, lambda _: "none")
    yield running
    running.close()


def ask_for(aws: Aws, video_bucket: str, video_id: int) -> dict[str, Any]:
    """Put a video into its bucket; returns the message that asks for it."""
    key = f"videos/{video_id}.mp4"
    aws.s3.upload_file(str(sample_clip()), video_bucket, key)
    return {"VideoId": video_id, "bucket": video_bucket, "key": key}


def plant(aws: Aws, video_bucket: str) -> None:
    """What else can become of a message: each needs other requests."""
    # No message of ours: it is buried.
    aws.send("no json")
    # Another worker may be at it: it is put off.
    lease = {"lease_seconds": Decimal(900), "lease_expires_at": Decimal(int(time.time()) + 900)}
    aws.put_record(3, step_of_the_dead("another message", **lease))
    aws.send(ask_for(aws, video_bucket, 3))
    # Its video is missing: an error.
    aws.put_record(4)
    aws.send({"VideoId": 4, "bucket": video_bucket, "key": "videos/missing.mp4"})


def test_the_task_role_allows_what_workers_ask_for_and_no_more(
    aws: Aws, proxy: FaultProxy, tmp_path: Path
) -> None:
    video_bucket = f"{aws.bucket}-videos"
    aws.s3.create_bucket(Bucket=video_bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    slow = ["support.fake_detectors:SlowDetector", {"seconds": 0.2}]
    face = ["support.fake_detectors:ScoredDetector", {"label": "face", "score": 0.9}]
    variables = aws.variables(
        human_detection={"detectors": [slow, face], "frame_ratio": 1},
        worker={"lease_seconds": 10},
        report=True,
        anonymize={},
    )
    environment = {"AWS_ENDPOINT_URL": proxy.url, "ECS_AGENT_URI": proxy.url}
    # The worker died each time, but got further: the dead letter goes back to the queue.
    aws.put_record(2, step_of_the_dead(die(aws, ask_for(aws, video_bucket, 2)), failures=0))
    aws.put_record(1)
    aws.send(ask_for(aws, video_bucket, 1))
    with worker(variables, tmp_path, **environment) as stopped:
        # It saves what is done, and gives the video back.
        wait_until(lambda: aws.step(1).get("progress"), what=lambda: stopped.log)
        stopped.signal(signal.SIGTERM)
        assert stopped.wait() == 0, stopped.log
    assert aws.step(1)["state"] == "interrupted"
    plant(aws, video_bucket)
    with worker(variables, tmp_path, "--exit-when-idle", "2", **environment) as running:
        assert running.wait() == 0, running.log
    states = [aws.step(video_id)["state"] for video_id in (1, 2, 3, 4)]
    assert states == ["done", "done", "running", "error"], running.log
    assert "going on where an earlier attempt was cut off" in running.log
    stored = {Path(found["Key"]).suffix for found in aws.s3.list_objects_v2(Bucket=aws.bucket)["Contents"]}
    assert stored == {".json", ".html", ".mp4"}

    used = set().union(*(rights_for(asked, status) for asked, status in proxy.answers))
    allowed = rights_of_the_task_role(
        {
            "QueueName": aws.queue,
            "DeadLetterQueueName": f"{aws.queue}-dead",
            "BucketName": aws.bucket,
            "VideoBucketName": video_bucket,
            "ReadPrefix": "videos/",
            "TableName": aws.table_name,
        }
    )
    forbidden = {right for right in used if not any(covers(pattern, right) for pattern in allowed)}
    assert forbidden == set(), "requests that the role does not allow"
    idle = {pattern for pattern in allowed if not any(covers(pattern, right) for right in used)}
    assert idle == set(), "rights that no request uses"


def covers(allowed: tuple[str, str], right: tuple[str, str]) -> bool:
    """Whether a right of the role is one that a request needs."""
    return allowed[0] == right[0] and fnmatchcase(right[1], allowed[1])
