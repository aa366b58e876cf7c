"""Records as other services really leave them: claimed or left alone by rule, on both emulators."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import boto3
import pytest

from human_detector.errors import BadMessage
from human_detector.worker.claim import Claims
from human_detector.worker.record import attempts_so_far, failures_so_far
from human_detector.worker.record_table import RecordTable
from human_detector.worker.submitted_records import VideoRecords
from support.messages import purpose
from support.worker_harness import REGION, Aws


@pytest.fixture
def aws(each_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in Aws.environment(each_endpoint).items():
        monkeypatch.setenv(name, value)
    return Aws(each_endpoint)


@pytest.fixture
def client(aws: Aws) -> Any:
    return boto3.resource("dynamodb", region_name=REGION).meta.client


@pytest.fixture
def claims(aws: Aws, client: Any) -> Claims:
    return Claims(RecordTable(client, aws.table_name), lease_seconds=100)


FOREIGN: list[Any] = [
    None,
    "video_split",
    7,
    [],
    {},
    {"state": "done"},
    {"step": None},
    {"step": ["human_detector"]},
]


def test_foreign_elements_of_any_shape_stay_as_they_are(aws: Aws, claims: Claims) -> None:
    aws.table.put_item(Item={"VideoId": 1, "process_steps": FOREIGN, "title": "keep me"})
    claims.finish_done(claims.claim(1, purpose()), "b", "k")
    record = aws.record(1)
    assert record is not None
    assert record["process_steps"][:-1] == FOREIGN
    assert record["process_steps"][-1]["state"] == "done"
    assert record["title"] == "keep me"


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"state": None},
        {"state": 7},
        {"state": "waiting"},
        {"state": "running"},
        {"state": "running", "lease_expires_at": "soon", "attempt": "first", "owner": None},
        {"state": "running", "lease_expires_at": None, "attempt": []},
        {"state": "error", "error": {"code": 5}},
        {"state": ["done"]},
    ],
    ids=str,
)
def test_an_own_element_that_names_no_living_owner_is_claimed(
    own: dict[str, Any], aws: Aws, claims: Claims
) -> None:
    aws.put_record(2, {"step": "other", "state": "done"}, {"step": "human_detector", **own})
    claimed = claims.claim(2, purpose())
    assert aws.step(2)["owner"] == claimed.owner
    claims.renew(claimed, 0.5)
    claims.finish_error(claimed, "why")
    assert aws.step(2) == {"step": "human_detector", "state": "error", "error": "why"}
    assert aws.record(2)["process_steps"][0] == {"step": "other", "state": "done"}  # type: ignore[index]


@pytest.mark.parametrize("attributes", [{}, {"process_steps": None}, {"process_steps": []}], ids=str)
def test_a_record_without_steps_gets_its_list(attributes: dict[str, Any], aws: Aws, claims: Claims) -> None:
    aws.table.put_item(Item={"VideoId": 3, **attributes})
    claims.finish_done(claims.claim(3, purpose()), "b", "k")
    assert aws.step(3)["state"] == "done"


@pytest.mark.parametrize(
    "odd",
    ["x", 7, {"human_detector": {"state": "done"}}, {"a", "b"}],
    ids=["text", "number", "map", "set"],
)
def test_steps_that_are_no_list_are_left_alone(odd: Any, aws: Aws, claims: Claims) -> None:
    aws.table.put_item(Item={"VideoId": 4, "process_steps": odd})
    with pytest.raises(BadMessage, match="valid is a list"):
        claims.claim(4, purpose())
    assert aws.record(4) == {"VideoId": 4, "process_steps": odd}


def test_whoever_changes_the_element_between_look_and_claim_is_seen(aws: Aws, claims: Claims) -> None:
    """A claim replaces what it has read, and nothing else: not even an element that differs in a detail."""
    aws.put_record(5, {"step": "human_detector", "state": "interrupted", "attempt": 1})
    read, changed = claims.records.read, []

    def read_and_let_another_write(video_id: int) -> Any:
        record = read(video_id)
        if not changed:
            changed.append(1)
            aws.put_record(5, {"step": "human_detector", "state": "interrupted", "attempt": 4})
        return record

    claims.records.read = read_and_let_another_write  # type: ignore[method-assign]
    assert claims.claim(5, purpose()).attempt == 5


@pytest.mark.parametrize("huge", [Decimal("1E+120"), Decimal("-1E+120")])
def test_numbers_that_are_too_large_to_be_written_back_with_one_more(huge: Decimal) -> None:
    """DynamoDB takes 38 digits."""
    step = {"state": "running", "attempt": huge, "failures": huge}
    assert abs(attempts_so_far(step) + 1) < 10**38
    assert abs(failures_so_far(step)) < 10**38


@pytest.mark.parametrize("odd", [None, "x", FOREIGN, {"a": 1}], ids=str)
def test_a_list_of_records_shows_odd_ones_as_waiting(odd: Any, aws: Aws, client: Any) -> None:
    aws.table.put_item(Item={"VideoId": 6, "process_steps": odd})
    (record,) = VideoRecords(client, aws.table_name).all()
    assert (record.video_id, record.state, record.source) == (6, "waiting", None)
