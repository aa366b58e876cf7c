"""Objects of the worker's own, when the answer to a write is lost, or a file grows: nothing is left behind or broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from human_detector.aws.storage import Storage
from human_detector.errors import LeaseLost, TransientError
from human_detector.worker.own_object import OwnObject
from human_detector.worker.partial_results import PartialResult
from support.fault_proxy import FaultProxy
from support.worker_harness import Aws

KEY = "human_detector_partial/1/1.jsonl"
LINES = "what it is made of\na frame\n"


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
    lines.write_text(LINES)
    partial = PartialResult(storage, OwnObject(storage, aws.bucket, KEY, {}, unreachable))
    faults = iter(["lost"])
    proxy.pick = lambda asked: next(faults, "none") if asked.operation == "PutObject" else "none"
    assert not partial.save(lines)
    assert aws.keys(KEY) == [KEY], "it took effect"
    partial.discard(may_be_left=False)
    assert aws.keys(KEY) == []


def a_partial_result(
    storage: Storage, aws: Aws, still_ours: Callable[[], None] = lambda: None
) -> PartialResult:
    """As each attempt at the same video has it."""
    return PartialResult(storage, OwnObject(storage, aws.bucket, KEY, {}, still_ours))


def lost() -> None:
    raise LeaseLost("another worker has it")


@pytest.mark.parametrize("is_new", [True, False], ids=["there was none", "there was one"])
def test_what_is_saved_too_late_leaves_what_the_next_attempt_can_use(
    is_new: bool, aws: Aws, tmp_path: Path
) -> None:
    """A new object would be left for ever if the successor had ended; another one it knows of, and removes."""
    storage, lines = Storage(boto3.client("s3")), tmp_path / "lines"
    answers = iter([lost] if is_new else [lambda: None, lost])
    late = a_partial_result(storage, aws, lambda: next(answers)())
    lines.write_text(LINES)
    if not is_new:
        assert late.save(lines)
    lines.write_text(LINES + "a frame more\n")
    with pytest.raises(LeaseLost):
        late.save(lines)
    assert a_partial_result(storage, aws).fetch(tmp_path / "fetched") is not is_new


def test_what_is_saved_too_late_after_the_end_is_taken_back(aws: Aws, tmp_path: Path) -> None:
    """An idle worker ended the record, and removed what it found, before this attempt saved once more."""
    storage, lines = Storage(boto3.client("s3")), tmp_path / "lines"
    answers = iter([lambda: None, lambda: None, lost])
    late = a_partial_result(storage, aws, lambda: next(answers)())
    lines.write_text(LINES)
    assert late.save(lines)
    aws.s3.delete_object(Bucket=aws.bucket, Key=KEY)
    lines.write_text(LINES + "a frame more\n")
    with pytest.raises(LeaseLost):
        late.save(lines)
    assert aws.keys(KEY) == []


def test_whoever_ends_removes_what_a_late_save_has_put_there(aws: Aws, tmp_path: Path) -> None:
    storage, lines = Storage(boto3.client("s3")), tmp_path / "lines"
    lines.write_text(LINES)
    late = a_partial_result(storage, aws)
    assert late.save(lines)
    successor = a_partial_result(storage, aws)
    assert successor.fetch(tmp_path / "fetched")
    lines.write_text(LINES + "a frame more\n")
    assert late.save(lines)
    successor.discard(may_be_left=True)
    assert aws.keys(KEY) == []


def test_whoever_has_lost_the_lease_removes_nothing_of_others(aws: Aws, tmp_path: Path) -> None:
    storage, lines = Storage(boto3.client("s3")), tmp_path / "lines"
    lines.write_text(LINES)
    assert a_partial_result(storage, aws).save(lines)
    late = a_partial_result(storage, aws, lost)
    assert late.fetch(tmp_path / "fetched")
    successor = a_partial_result(storage, aws)
    assert successor.fetch(tmp_path / "fetched")
    lines.write_text(LINES + "a frame more\n")
    assert successor.save(lines)
    with pytest.raises(LeaseLost):
        late.discard(may_be_left=True)
    assert aws.keys(KEY) == [KEY]


def test_lines_that_are_written_while_they_are_saved_can_be_fetched(aws: Aws, tmp_path: Path) -> None:
    """Their checksum was of what had been there a moment before. Found by the campaign."""
    client = boto3.client("s3")
    lines = tmp_path / "lines"
    lines.write_text(LINES)

    def grow(**_: object) -> None:
        with lines.open("a") as file:
            file.write("another frame\n")

    client.meta.events.register("request-created.s3.PutObject", grow)
    storage = Storage(client)
    assert a_partial_result(storage, aws).save(lines)
    fetched = tmp_path / "fetched"
    assert a_partial_result(storage, aws).fetch(fetched)
    assert fetched.read_text() == LINES


def test_a_broken_partial_result_costs_time_and_nothing_else(aws: Aws, tmp_path: Path) -> None:
    wrong = "AAAAAA=="
    aws.s3.put_object(
        Bucket=aws.bucket, Key=KEY, Body=b"lines", ChecksumAlgorithm="CRC32", ChecksumCRC32=wrong
    )
    assert not a_partial_result(Storage(boto3.client("s3")), aws).fetch(tmp_path / "fetched")


def test_where_nothing_was_left_a_job_does_not_say_that_it_goes_on(aws: Aws, tmp_path: Path) -> None:
    assert not a_partial_result(Storage(boto3.client("s3")), aws).fetch(tmp_path / "fetched")
