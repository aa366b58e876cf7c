"""The rules of DynamoDB that the product leans on, against the simulation and two emulators.

Developer guide: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from simulation.targets import Target, refused

SPLIT = {"step": "video_split", "state": "done"}
RECORD: dict[str, Any] = {
    "VideoId": 1,
    "title": "a title",
    "none": None,
    "yes": True,
    "one": 1,
    "tags": {"a", "b"},
    "process_steps": [SPLIT, {"step": "human_detector", "count": 1, "place": {"bucket": "b", "key": "k"}}],
}


class Records:
    """A table with one record, and requests about it.

    Args:
        target: where.
    """

    def __init__(self, target: Target) -> None:
        self.client = target.clients.dynamodb
        self.table = target.table()
        self.put(RECORD)

    def put(self, item: dict[str, Any], **more: Any) -> None:
        self.client.put_item(TableName=self.table, Item=item, **more)

    def get(self, video_id: int = 1) -> dict[str, Any] | None:
        answer = self.client.get_item(TableName=self.table, Key={"VideoId": video_id}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def update(
        self,
        update: str,
        condition: str | None = None,
        names: dict[str, str] | None = None,
        video_id: int = 1,
        **values: Any,
    ) -> None:
        """Update the record; `values` are those of the expressions, without their colon."""
        self.client.update_item(
            TableName=self.table,
            Key={"VideoId": video_id},
            UpdateExpression=update,
            **({"ConditionExpression": condition} if condition else {}),
            **({"ExpressionAttributeNames": names} if names is not None else {}),
            **({"ExpressionAttributeValues": {f":{k}": v for k, v in values.items()}} if values else {}),
        )

    @property
    def steps(self) -> list[Any]:
        """The record's list of steps."""
        steps: list[Any] = (self.get() or {})["process_steps"]
        return steps


@pytest.fixture
def records(target: Target) -> Records:
    return Records(target)


def test_a_record_is_what_was_stored_with_decimals_for_numbers(records: Records) -> None:
    item = records.get()
    assert item == RECORD
    assert isinstance(item["VideoId"], Decimal)
    assert isinstance(item["process_steps"][1]["count"], Decimal)


def test_a_record_that_is_not_there(records: Records) -> None:
    assert records.get(2) is None


def test_a_table_that_is_not_there(target: Target) -> None:
    for request in (target.clients.dynamodb.get_item, target.clients.dynamodb.delete_item):
        with refused("ResourceNotFoundException"):
            request(TableName="no-such-table", Key={"VideoId": 1})


def test_a_record_is_deleted_once_or_twice(records: Records) -> None:
    for _ in range(2):
        records.client.delete_item(TableName=records.table, Key={"VideoId": 1})
    assert records.get() is None


def test_one_element_of_a_list_is_replaced(records: Records) -> None:
    records.update("SET process_steps[1] = :new", new={"step": "other"})
    assert records.get() == {**RECORD, "process_steps": [SPLIT, {"step": "other"}]}


def test_attributes_of_one_element_are_changed(records: Records) -> None:
    records.update(
        "SET process_steps[0].#state = :s, process_steps[0].extra = :e", names={"#state": "state"}, s="x", e=2
    )
    assert records.steps == [{"step": "video_split", "state": "x", "extra": 2}, RECORD["process_steps"][1]]


def test_what_is_set_beyond_the_end_of_a_list_is_appended(records: Records) -> None:
    records.update(
        "SET process_steps[7] = :second, process_steps[5] = :first", first="first", second="second"
    )
    assert records.steps == [*RECORD["process_steps"], "first", "second"]


def test_lists_are_joined(records: Records) -> None:
    records.update("SET process_steps = list_append(process_steps, :new)", new=["new"])
    records.update("SET process_steps = list_append(:new, process_steps)", new=["first"])
    assert records.steps == ["first", *RECORD["process_steps"], "new"]


def test_a_list_is_begun_if_there_is_none(records: Records) -> None:
    expression = "SET process_steps = list_append(if_not_exists(process_steps, :none), :new)"
    records.update(expression, video_id=2, none=[], new=["new"])
    records.update(expression, video_id=2, none=[], new=["newer"])
    assert records.get(2) == {"VideoId": 2, "process_steps": ["new", "newer"]}


def test_an_update_sees_the_record_as_it_was_before(records: Records) -> None:
    records.update("SET title = yes, yes = title, copied = if_not_exists(copied, title)")
    item = records.get() or {}
    assert (item["title"], item["yes"], item["copied"]) == (True, "a title", "a title")


NOWHERE: list[tuple[str, Any]] = [
    ("SET absent.label = :v", 1),
    ("SET absent[0] = :v", 1),
    ("SET title[0] = :v", 1),
    ("SET process_steps.label = :v", 1),
    ("SET process_steps[0].absent.label = :v", 1),
    ("SET title = list_append(absent, :v)", [1]),
    ("SET title = list_append(title, :v)", [1]),
    ("SET process_steps[0] = :v, process_steps = :v", []),
]


@pytest.mark.parametrize(("expression", "value"), NOWHERE, ids=[expression for expression, _ in NOWHERE])
def test_an_update_that_leads_nowhere_is_refused(records: Records, expression: str, value: Any) -> None:
    with refused("ValidationException"):
        records.update(expression, v=value)
    assert records.get() == RECORD


def test_a_key_cannot_be_changed(records: Records) -> None:
    with refused("ValidationException"):
        records.update("SET VideoId = :new", new=2)


def test_a_record_that_is_not_there_is_made_by_an_update(records: Records) -> None:
    records.update("SET title = :t", video_id=2, t="new")
    assert records.get(2) == {"VideoId": 2, "title": "new"}


def test_no_record_is_made_where_one_must_exist(records: Records) -> None:
    with refused("ConditionalCheckFailedException"):
        records.update("SET title = :t", "attribute_exists(VideoId)", video_id=2, t="new")
    assert records.get(2) is None


HOLD: list[tuple[str, dict[str, Any]]] = [
    ("attribute_exists(VideoId)", {}),
    ("attribute_exists(#none)", {}),
    ("attribute_exists(process_steps[1].place.#bucket)", {}),
    ("attribute_not_exists(process_steps[2])", {}),
    ("attribute_not_exists(absent)", {}),
    ("attribute_not_exists(absent[0])", {}),
    ("attribute_not_exists(title[0])", {}),
    ("attribute_not_exists(process_steps.label)", {}),
    ("size(process_steps) = :v", {"v": 2}),
    ("size(title) = :v", {"v": 7}),
    ("size(tags) = :v", {"v": 2}),
    ("process_steps[1].#count = :v", {"v": Decimal("1.0")}),
    ("process_steps[0] = :v", {"v": {"state": "done", "step": "video_split"}}),
    (
        "process_steps[1] = :v",
        {"v": {"step": "human_detector", "count": 1, "place": {"key": "k", "bucket": "b"}}},
    ),
    ("#none = :v", {"v": None}),
    ("tags = :v", {"v": {"b", "a"}}),
    ("absent <> :v", {"v": 1}),
    ("title <> :v", {"v": 1}),
    ("one < :v", {"v": 2}),
    ("one <= :v", {"v": 1}),
    ("one > :v", {"v": Decimal("0.5")}),
    ("one >= :v", {"v": 1}),
    ("title > :v", {"v": "a"}),
    ("attribute_type(process_steps, :v)", {"v": "L"}),
    ("attribute_type(process_steps[0], :v)", {"v": "M"}),
    ("attribute_type(#none, :v)", {"v": "NULL"}),
    ("attribute_type(yes, :v)", {"v": "BOOL"}),
    ("attribute_type(one, :v)", {"v": "N"}),
    ("attribute_type(tags, :v)", {"v": "SS"}),
    ("one = :v OR title = :w AND title = :w", {"v": 1, "w": "other"}),
    ("NOT title = :v", {"v": "other"}),
    ("NOT (title = :v AND one = :w)", {"v": "a title", "w": 2}),
    (":v = title", {"v": "a title"}),
]
FAIL: list[tuple[str, dict[str, Any]]] = [
    ("attribute_exists(absent)", {}),
    ("attribute_exists(process_steps[2])", {}),
    ("attribute_not_exists(#none)", {}),
    ("attribute_not_exists(process_steps[0])", {}),
    ("size(process_steps) = :v", {"v": 1}),
    ("size(absent) = :v", {"v": 0}),
    ("absent = :v", {"v": None}),
    ("one = :v", {"v": True}),
    ("yes = :v", {"v": 1}),
    ("one = :v", {"v": "1"}),
    ("process_steps[0] = :v", {"v": {"step": "video_split"}}),
    ("process_steps[0] = :v", {"v": {"step": "video_split", "state": "done", "extra": None}}),
    ("process_steps[0].absent = :v", {"v": "x"}),
    ("absent < :v", {"v": 1}),
    ("title < :v", {"v": 1}),
    ("one < :v", {"v": 1}),
    ("attribute_type(absent, :v)", {"v": "L"}),
    ("attribute_type(title, :v)", {"v": "L"}),
    ("(one = :v OR title = :w) AND title = :w", {"v": 1, "w": "other"}),
]


def placeholders_in(condition: str) -> dict[str, str] | None:
    """The names that a condition has placeholders for."""
    names = {f"#{name}": name for name in ("none", "bucket", "count") if f"#{name}" in condition}
    return names or None


def named(case: tuple[str, Any]) -> str:
    """A case's name, which is the same in every process: a set of texts has another order in each."""
    condition, values = case
    shown = {name: sorted(value) if isinstance(value, set) else value for name, value in values.items()}
    return f"{condition} {shown}"


@pytest.mark.parametrize(("condition", "values"), HOLD, ids=map(named, HOLD))
def test_a_condition_that_holds(records: Records, condition: str, values: dict[str, Any]) -> None:
    records.update("SET changed = yes", condition, placeholders_in(condition), **values)
    assert records.get() == {**RECORD, "changed": True}


@pytest.mark.parametrize(("condition", "values"), FAIL, ids=map(named, FAIL))
def test_a_condition_that_fails(records: Records, condition: str, values: dict[str, Any]) -> None:
    with refused("ConditionalCheckFailedException"):
        records.update("SET changed = yes", condition, placeholders_in(condition), **values)
    assert records.get() == RECORD


def test_a_condition_is_checked_before_the_paths_of_the_update(records: Records) -> None:
    with refused("ConditionalCheckFailedException"):
        records.update("SET absent.label = :v", "title = :v", v="other")


@pytest.mark.parametrize(
    ("expression", "names", "values"),
    [
        ("SET title = :v", None, {}),
        ("SET #name = :v", None, {"v": 1}),
        ("SET title = :v", None, {"v": 1, "unused": 2}),
        ("SET title = :v", {"#unused": "x"}, {"v": 1}),
        ("SET title = :v", {}, {"v": 1}),
        ("SET owner = :v", None, {"v": 1}),
        ("SET process_steps[0].state = :v", None, {"v": 1}),
    ],
    ids=[
        "undefined value",
        "undefined name",
        "unused value",
        "unused name",
        "empty names",
        "reserved",
        "reserved within",
    ],
)
def test_names_and_values_must_be_used_and_used_rightly(
    records: Records, expression: str, names: dict[str, str] | None, values: dict[str, Any]
) -> None:
    with refused("ValidationException"):
        records.update(expression, names=names, **values)
    assert records.get() == RECORD


def test_a_record_is_put_where_none_may_be(records: Records) -> None:
    condition = "attribute_not_exists(VideoId)"
    records.put({"VideoId": 2}, ConditionExpression=condition)
    with refused("ConditionalCheckFailedException"):
        records.put({"VideoId": 2, "title": "other"}, ConditionExpression=condition)
    assert records.get(2) == {"VideoId": 2}


def test_a_record_is_deleted_if_it_is_still_the_one_that_was_seen(records: Records) -> None:
    def delete(seen: list[Any]) -> None:
        records.client.delete_item(
            TableName=records.table,
            Key={"VideoId": 1},
            ConditionExpression="process_steps = :seen",
            ExpressionAttributeValues={":seen": seen},
        )

    with refused("ConditionalCheckFailedException"):
        delete([SPLIT])
    assert records.get() == RECORD
    delete(RECORD["process_steps"])
    assert records.get() is None


def test_records_are_read_together(records: Records) -> None:
    records.put({"VideoId": 2})
    keys = [{"VideoId": video_id} for video_id in (1, 2, 3)]
    asked = {records.table: {"Keys": keys, "ConsistentRead": True}}
    answer = records.client.batch_get_item(RequestItems=asked)
    found = sorted(answer["Responses"][records.table], key=lambda item: item["VideoId"])
    assert found == [RECORD, {"VideoId": 2}]
    assert answer["UnprocessedKeys"] == {}


@pytest.mark.parametrize("ids", [range(101), [1, 1]], ids=["101", "the same twice"])
def test_what_cannot_be_read_together(records: Records, ids: Sequence[int]) -> None:
    keys = [{"VideoId": video_id} for video_id in ids]
    with refused("ValidationException"):
        records.client.batch_get_item(RequestItems={records.table: {"Keys": keys}})


def test_a_put_replaces_the_whole_record(records: Records) -> None:
    records.put({"VideoId": 1, "new": 1})
    assert records.get() == {"VideoId": 1, "new": 1}


def test_a_scan_reads_every_record(records: Records) -> None:
    for video_id in range(2, 8):
        records.put({"VideoId": video_id, "title": "t", "more": "m"})
    pages = list(
        records.client.get_paginator("scan").paginate(
            TableName=records.table, ProjectionExpression="VideoId, process_steps"
        )
    )
    found = {int(item["VideoId"]): item for page in pages for item in page["Items"]}
    assert set(found) == set(range(1, 8))
    assert found[1] == {"VideoId": 1, "process_steps": RECORD["process_steps"]}
    assert found[2] == {"VideoId": 2}


def test_a_scan_goes_on_where_a_page_ended(records: Records) -> None:
    for video_id in range(2, 6):
        records.put({"VideoId": video_id})
    seen: list[int] = []
    more: dict[str, Any] = {}
    while True:
        page = records.client.scan(TableName=records.table, Limit=2, **more)
        assert len(page["Items"]) <= 2
        seen += [int(item["VideoId"]) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert sorted(seen) == [1, 2, 3, 4, 5]
