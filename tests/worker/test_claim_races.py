"""Claims, and what others write between a look at the record and the write that follows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from human_detector.errors import BadMessage, HeldByAnother, LeaseLost
from human_detector.worker.claim import Claims, Purpose
from human_detector.worker.record_table import RecordTable
from support.messages import purpose, received
from support.worker_harness import REGION, Aws

LEASE = 100


class Meddler:
    """A DynamoDB client before each of whose writes somebody else writes.

    Args:
        client: the real one.
        meddle: called before a write, as often as it says in `times`.
        times: how often.
    """

    def __init__(self, client: Any, meddle: Any, times: int) -> None:
        self._client, self._meddle, self.times = client, meddle, times

    def get_item(self, **arguments: Any) -> Any:
        return self._client.get_item(**arguments)

    def update_item(self, **arguments: Any) -> Any:
        if self.times:
            self.times -= 1
            self._meddle()
        return self._client.update_item(**arguments)


def test_a_step_added_by_another_between_read_and_write_is_kept(aws: Aws) -> None:
    client = boto3.resource("dynamodb", region_name=REGION).meta.client

    def append() -> None:
        aws.table.update_item(
            Key={"VideoId": 1},
            UpdateExpression="SET process_steps = list_append(process_steps, :new)",
            ExpressionAttributeValues={":new": [{"step": "transcribe", "state": "done"}]},
        )

    aws.put_record(1)
    claimed = Claims(RecordTable(Meddler(client, append, 3), aws.table_name), LEASE).claim(1, purpose())
    states = [(s["step"], s["state"]) for s in aws.record(1)["process_steps"]]  # type: ignore[index]
    assert states == [("transcribe", "done")] * 3 + [("human_detector", "running")]
    assert claimed.index == 3


def test_of_two_claims_at_once_one_wins(aws: Aws) -> None:
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    rival = Claims(RecordTable(client, aws.table_name), LEASE)
    won = []
    for video_id, elements in ((1, []), (2, [{"step": "human_detector", "state": "error", "error": "e"}])):
        aws.put_record(video_id, *elements)

        def claim_first(video_id: int = video_id) -> None:
            won.append(rival.claim(video_id, purpose()))

        claims = Claims(RecordTable(Meddler(client, claim_first, 1), aws.table_name), LEASE)
        with pytest.raises(HeldByAnother):
            claims.claim(video_id, purpose())
        assert aws.step(video_id)["owner"] == won[-1].owner
        assert len(aws.record(video_id)["process_steps"]) == 1  # type: ignore[index]


def meddled(aws: Aws, meddle: Any, now: Callable[[], float] = time.time) -> Claims:
    """Those of a worker before whose first write somebody else writes."""
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    return Claims(RecordTable(Meddler(client, meddle, 1), aws.table_name), LEASE, now)


@pytest.mark.parametrize("steps", [[], [{"step": "transcribe", "state": "done"}]], ids=["empty", "of others"])
def test_a_record_that_is_deleted_before_the_claim_stays_deleted(steps: list[Any], aws: Aws) -> None:
    aws.put_record(1, *steps)
    claims = meddled(aws, lambda: aws.table.delete_item(Key={"VideoId": 1}))
    with pytest.raises(BadMessage, match="no record with VideoId 1"):
        claims.claim(1, purpose())
    assert aws.record(1) is None


def test_a_renewal_between_look_and_takeover_saves_the_lease(aws: Aws) -> None:
    """Whoever takes over has waited for a sign of life, and must not miss one that came in the last moment."""
    aws.put_record(1)
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    living = Claims(RecordTable(client, aws.table_name), LEASE)
    step = living.claim(1, purpose())
    waited = purpose(seen_beat=held(living), waited_seconds=LEASE)
    with pytest.raises(HeldByAnother):
        meddled(aws, lambda: living.renew(step, 0.5)).claim(1, waited)
    assert (aws.step(1)["owner"], aws.step(1)["beat"]) == (step.owner, 1)


def test_of_two_takeovers_in_the_same_second_one_wins(aws: Aws) -> None:
    """Then the leases of both end at the same time: only the names of the owners tell them apart."""
    aws.put_record(1)
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    living = Claims(RecordTable(client, aws.table_name), LEASE, lambda: 1_700_000_000)
    living.claim(1, purpose(message_id="m"))
    rival = meddled(aws, lambda: living.claim(1, purpose(message_id="m")), now=lambda: 1_700_000_000)
    with pytest.raises(HeldByAnother):
        rival.claim(1, purpose(message_id="n", seen_beat=held(living), waited_seconds=LEASE))


def held(claims: Claims) -> str:
    """The last sign of life of the owner of record 1."""
    with pytest.raises(HeldByAnother) as refused:
        claims.claim(1, purpose())
    return refused.value.beat


@pytest.mark.parametrize("written_before", [0, 1], ids=["before it reserves the step", "before it takes it"])
def test_a_worker_that_stood_still_takes_no_step_that_ended_again_in_the_same_way(
    written_before: int, aws: Aws
) -> None:
    """Another worker got the message meanwhile, made the same result, and deleted the message."""
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    claims = Claims(RecordTable(client, aws.table_name), LEASE)
    result = {"bucket": "b", "key": "k"}
    ended = {"step": "human_detector", "state": "done", "result_file": result}
    aws.put_record(1, ended)
    writes, is_deleted = 0, False

    def another_runs_it() -> None:
        nonlocal writes, is_deleted
        if writes == written_before:
            claims.finish_done(claims.claim(1, purpose()), **result)
            assert aws.step(1) == ended
            is_deleted = True
        writes += 1

    def check_message() -> None:
        if is_deleted:
            raise LeaseLost("the message was delivered again, and deleted")

    frozen = Claims(RecordTable(Meddler(client, another_runs_it, 9), aws.table_name), LEASE)
    with pytest.raises(LeaseLost, match="deleted"):
        frozen.claim(1, Purpose(received(), {"bucket": "b", "key": "v"}, check_message=check_message))
    assert (aws.step(1)["state"], aws.step(1)["result_file"]) == ("done", result)
