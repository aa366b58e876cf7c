"""Objects of the worker's own, when the answer to a write is lost: nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from human_detector.aws.storage import Storage
from human_detector.errors import TransientError
from human_detector.worker.own_object import OwnObject
from human_detector.worker.partial_results import PartialResult
from support.fault_proxy import FaultProxy
from support.worker_harness import Aws

KEY = "human_detector_partial/1/1.jsonl"


@pytest.fixture
def proxy(aws_endpoint: str) -> Iterator[FaultProxy]:
    running = FaultProxy(aws_endpoint, lambda _: "none")
    yield running
    running.close()


@pytest.mark.parametrize("tries", [1, 2], ids=["it is not sent again", "it is sent again"])
def test_a_partial_result_whose_answer_was_lost_is_no_orphan(
    tries: int, aws: Aws, proxy: FaultProxy, tmp_path: Path
) -> None:
    """And then the record cannot be asked whether the lease is still ours. Found by the campaign."""

    def unreachable() -> None:
        raise TransientError("DynamoDB does not answer")

    config = Config(retries={"mode": "standard", "total_max_attempts": tries})
    storage = Storage(boto3.client("s3", endpoint_url=proxy.url, config=config))
    lines = tmp_path / "lines"
    lines.write_text("{}")
    partial = PartialResult(storage, OwnObject(storage, aws.bucket, KEY, {}, unreachable))
    faults = iter(["lost"])
    proxy.pick = lambda asked: next(faults, "none") if asked.operation == "PutObject" else "none"
    assert not partial.save(lines)
    assert aws.keys(KEY) == [KEY], "it took effect"
    partial.discard(may_be_left=False)
    assert aws.keys(KEY) == []
