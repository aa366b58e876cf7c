"""The record's step, against a real DynamoDB API: conditional writes, other writers, lost leases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import boto3
import pytest

from human_detector.errors import BadMessage, HeldByAnother, LeaseLost, NothingToDo, PermanentError
from human_detector.worker.claim import Claims, Purpose
from human_detector.worker.record_table import RecordTable
from support.messages import purpose, received
from support.worker_harness import REGION, Aws

SPLIT = {
    "step": "video_split",
    "state": "done",
    "result_file": {"bucket": "b", "key": "videos/42.mp4"},
    "other": {"nested": [Decimal(1)]},
}
LEASE = 100


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def claims(aws: Aws, clock: Clock) -> Claims:
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    return Claims(RecordTable(client, aws.table_name), LEASE, clock)


def test_life_of_a_step(aws: Aws, claims: Claims, clock: Clock) -> None:
    aws.put_record(42, SPLIT, title="keep me")
    source = {"bucket": "b", "key": "videos/42.mp4"}
    claimed = claims.claim(42, Purpose(received(message_id="m"), source))
    running = aws.step(42)
    assert running == {
        "step": "human_detector",
        "state": "running",
        "owner": claimed.owner,
        "message_id": "m",
        "source": source,
        "lease_seconds": LEASE,
        "lease_expires_at": int(clock.now + LEASE),
        "started_at": "2023-11-14T22:13:20+00:00",
        "attempt": 1,
        "failures": 0,
        "beat": 0,
        "progress": 0,
    }
    clock.now += 30
    claims.renew(claimed, 0.51234)
    assert aws.step(42) == running | {
        "beat": 1,
        "lease_expires_at": int(clock.now + LEASE),
        "progress": Decimal("0.512"),
    }
    claims.finish_done(claimed, "out", "human_detector/42/42.json")
    assert aws.record(42) == {
        "VideoId": 42,
        "title": "keep me",
        "process_steps": [
            SPLIT,
            {
                "step": "human_detector",
                "state": "done",
                "result_file": {"bucket": "out", "key": "human_detector/42/42.json"},
            },
        ],
    }


def test_error_and_interrupted(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    claims.finish_interrupted(claims.claim(1, purpose()), "asked to stop")
    interrupted = aws.step(1)
    assert (interrupted["state"], interrupted["reason"]) == ("interrupted", "asked to stop")
    second = claims.claim(1, purpose())
    assert second.attempt == 2
    claims.finish_error(second, "the file is empty")
    assert aws.step(1) == {"step": "human_detector", "state": "error", "error": "the file is empty"}


def test_a_record_without_a_list_of_steps_gets_one(aws: Aws, claims: Claims) -> None:
    aws.table.put_item(Item={"VideoId": 7})
    claims.claim(7, purpose())
    assert aws.step(7)["state"] == "running"


def test_no_record_is_invented(aws: Aws, claims: Claims) -> None:
    with pytest.raises(BadMessage, match="no record with VideoId 404"):
        claims.claim(404, purpose())
    assert aws.record(404) is None


def test_a_list_of_steps_that_is_none(aws: Aws, claims: Claims) -> None:
    aws.table.put_item(Item={"VideoId": 8, "process_steps": "x"})
    with pytest.raises(BadMessage, match="found str, valid is a list"):
        claims.claim(8, purpose())
    assert aws.record(8) == {"VideoId": 8, "process_steps": "x"}


def seen_by(refused: HeldByAnother, waited: float) -> Purpose:
    """That of a message which was put off for another worker, and has waited."""
    return purpose(seen_beat=refused.beat, waited_seconds=waited)


def test_a_worker_that_gives_signs_of_life_is_left_alone(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    first = claims.claim(1, purpose())
    refused = held(claims, purpose())
    assert refused.seconds == LEASE
    for _ in range(3):
        claims.renew(first, 0.5)
        refused = held(claims, seen_by(refused, waited=10 * LEASE))
        assert refused.seconds == LEASE, "another beat, so the waiting begins anew"
    half = held(claims, seen_by(refused, waited=LEASE / 2))
    assert (half.beat, half.seconds) == (refused.beat, LEASE / 2)


@pytest.mark.parametrize("skew", [-300, 300])
def test_nobody_compares_clocks(aws: Aws, claims: Claims, clock: Clock, skew: float) -> None:
    """A clock that is five minutes ahead steals no lease, and one that is behind waits no longer."""
    aws.put_record(1)
    claims.claim(1, purpose())
    clock.now += skew
    refused = held(claims, purpose())
    assert refused.seconds == LEASE
    assert claims.claim(1, seen_by(refused, waited=LEASE)).attempt == 2


def test_a_lease_that_ended_an_hour_ago_needs_no_proof(aws: Aws, claims: Claims, clock: Clock) -> None:
    aws.put_record(1)
    claims.claim(1, purpose())
    clock.now += LEASE + 3599
    held(claims, purpose())
    clock.now += 2
    assert claims.claim(1, purpose()).attempt == 2


def test_the_owners_lease_counts_and_not_that_of_the_reader(aws: Aws, claims: Claims) -> None:
    """During a deployment there are two configurations."""
    aws.put_record(1)
    client = boto3.resource("dynamodb", region_name=REGION).meta.client
    Claims(RecordTable(client, aws.table_name), 10 * LEASE).claim(1, purpose())
    refused = held(claims, purpose())
    assert held(claims, seen_by(refused, waited=9 * LEASE)).seconds == LEASE


def test_an_owner_whose_message_came_back_has_lost_it(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    claims.claim(1, purpose(message_id="m"))
    again = claims.claim(1, purpose(message_id="m", receive_count=2))
    assert (again.attempt, again.failures) == (2, 1)


def test_only_failures_count_and_only_until_one_got_further(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    step = claims.claim(1, purpose(message_id="m"))
    for attempt in (2, 3, 4):
        claims.finish_interrupted(step, "asked to stop")
        step = claims.claim(1, purpose(message_id="m"))
        assert (step.attempt, step.failures) == (attempt, 0)
    step = claims.claim(1, purpose(message_id="m"))
    step = claims.claim(1, purpose(message_id="m"))
    assert (step.attempt, step.failures) == (6, 2), "two workers died"
    claims.finish_interrupted(step, "asked to stop")
    step = claims.claim(1, purpose(message_id="m"))
    assert (step.attempt, step.failures) == (7, 2), "which the next stop does not forget"
    step.failures = 0
    claims.renew(step, 0.5)
    assert claims.claim(1, purpose(message_id="m")).failures == 1


def held(claims: Claims, wanted: Purpose) -> HeldByAnother:
    """The refusal of a claim."""
    with pytest.raises(HeldByAnother) as caught:
        claims.claim(1, wanted)
    return caught.value


def test_whoever_has_lost_the_lease_changes_nothing(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    first = claims.claim(1, purpose(message_id="m"))
    claims.claim(1, purpose(message_id="m"))
    before = aws.record(1)
    for act in (
        lambda: claims.renew(first, 0.9),
        lambda: claims.finish_done(first, "b", "k"),
        lambda: claims.finish_error(first, "e"),
        lambda: claims.finish_interrupted(first, "i"),
    ):
        with pytest.raises(LeaseLost):
            act()
    assert aws.record(1) == before


def test_done_holds_for_the_result_that_is_wanted(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    claims.finish_done(claims.claim(1, purpose()), "b", "k")
    with pytest.raises(NothingToDo, match="done"):
        claims.claim(1, Purpose(received(), result={"bucket": "b", "key": "k"}))
    for other in (None, {"bucket": "b", "key": "other"}):
        aws.put_record(
            2, {"step": "human_detector", "state": "done", "result_file": {"bucket": "b", "key": "k"}}
        )
        assert claims.claim(2, Purpose(received(), result=other)).attempt == 1


@pytest.mark.parametrize(
    ("own", "claimed"),
    [
        (None, True),
        ({"state": "interrupted", "source": {"bucket": "b", "key": "in/1.mp4"}}, True),
        ({"state": "interrupted", "source": {"bucket": "b", "key": "other/1.mp4"}}, False),
        ({"state": "done", "result_file": {"bucket": "b", "key": "human_detector/1/1.json"}}, False),
        ({"state": "error", "error": "too long"}, False),
    ],
    ids=str,
)
def test_an_object_that_is_gone_ends_only_its_own_video(
    own: dict[str, Any] | None, claimed: bool, aws: Aws, claims: Claims
) -> None:
    aws.put_record(1, *([{"step": "human_detector", **own}] if own else []))
    before = aws.record(1)
    gone = Purpose(received(), {"bucket": "b", "key": "in/1.mp4"}, only_own=True)
    if claimed:
        claims.claim(1, gone)
    else:
        with pytest.raises(NothingToDo, match="another video"):
            claims.claim(1, gone)
        assert aws.record(1) == before


def test_a_step_left_running_without_a_lease_is_taken_over(aws: Aws, claims: Claims) -> None:
    aws.put_record(1, {"step": "human_detector", "state": "running"})
    claims.claim(1, purpose())
    assert "owner" in aws.step(1)


def test_elements_of_others_survive_when_they_come_and_go(aws: Aws, claims: Claims) -> None:
    aws.put_record(1, SPLIT)
    claimed = claims.claim(1, purpose())
    added = {"step": "transcribe", "state": "running"}
    # Another service puts its element first: ours moves from 1 to 2.
    record = aws.record(1)
    assert record is not None
    aws.put_record(1, added, *record["process_steps"])
    claims.renew(claimed, 0.5)
    assert claimed.index == 2
    # And takes two away again: ours moves to 0.
    record = aws.record(1)
    assert record is not None
    aws.put_record(1, record["process_steps"][2])
    claims.finish_done(claimed, "b", "k")
    assert [s["state"] for s in aws.record(1)["process_steps"]] == ["done"]  # type: ignore[index]


def test_a_claim_whose_answer_is_lost_knows_its_own_write(aws: Aws, clock: Clock) -> None:
    class Deaf:
        """Writes twice, as botocore does where the first answer does not arrive."""

        def __init__(self, client: Any) -> None:
            self.get_item = client.get_item
            self._update_item = client.update_item

        def update_item(self, **request: Any) -> Any:
            self._update_item(**request)
            return self._update_item(**request)

    interrupted = {"step": "human_detector", "state": "interrupted", "attempt": 2}
    for video_id, elements, attempt in ((1, [], 1), (2, [interrupted], 3)):
        aws.put_record(video_id, *elements)
        deaf = Deaf(boto3.resource("dynamodb", region_name=REGION).meta.client)
        claimed = Claims(RecordTable(deaf, aws.table_name), LEASE, clock).claim(video_id, purpose())
        step = aws.step(video_id)
        assert (claimed.owner, claimed.attempt, claimed.index) == (step["owner"], attempt, 0)
        assert step["attempt"] == attempt
        assert len(aws.record(video_id)["process_steps"]) == 1  # type: ignore[index]


def test_a_record_deleted_during_a_job_stays_deleted(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    claimed = claims.claim(1, purpose())
    aws.table.delete_item(Key={"VideoId": 1})
    with pytest.raises(LeaseLost, match="the record is gone"):
        claims.finish_done(claimed, "b", "k")
    assert aws.record(1) is None


def test_a_final_write_that_is_repeated_finds_its_own_work(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)
    claimed = claims.claim(1, purpose())
    claims.finish_error(claimed, "reason")
    claims.finish_error(claimed, "reason")
    assert aws.step(1)["error"] == "reason"


def test_the_source_is_the_latest_done_split(aws: Aws, claims: Claims) -> None:
    newer = SPLIT | {"result_file": {"bucket": "c", "key": "new.mp4"}}
    failed = SPLIT | {"state": "error"}
    aws.put_record(1, SPLIT, newer, failed)
    assert claims.records.source_of(1) == ("c", "new.mp4")
    aws.put_record(2, failed, {"step": "video_split", "state": "done", "result_file": "x"})
    with pytest.raises(PermanentError, match="no done step video_split"):
        claims.records.source_of(2)


def lost_message() -> None:
    raise LeaseLost("the message was delivered again, and deleted")


@pytest.mark.parametrize("state", ["done", "error", "running", "interrupted"])
def test_a_step_is_taken_up_again_only_for_a_message_that_is_ours(
    state: str, aws: Aws, claims: Claims
) -> None:
    before = {"step": "human_detector", "state": state}
    aws.put_record(1, before)
    with pytest.raises(LeaseLost, match="deleted"):
        claims.claim(1, Purpose(received(), {"bucket": "b", "key": "k"}, check_message=lost_message))
    after = aws.step(1)
    after.pop("next_owner", None)
    assert after == before


def test_a_first_claim_does_not_ask_for_the_message(aws: Aws, claims: Claims) -> None:
    aws.put_record(1)

    def check() -> None:
        raise AssertionError("one request too many in the ordinary case")

    assert claims.claim(1, Purpose(received(), {"bucket": "b", "key": "k"}, check_message=check)).attempt == 1
