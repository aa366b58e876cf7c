"""DynamoDB: tables with a partition key, as their documentation describes them.

Writes of an item come one after another. The condition of a write is checked in the same moment in which it acts. A
read that does not ask for consistency may answer with what the item was before the last write. The client takes and
gives Python values, as that of boto3's resource does.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from simulation.errors import Refused
from simulation.expression_parser import Placeholders, parse_condition, parse_projection, parse_update
from simulation.expressions import MISSING, Item, copied, holds, type_of, updated, value_at

STALE_SECONDS = 1
"""How long after a write an eventually consistent read may still miss it; usually one second or less, says AWS."""
MAX_KEYS = 100
"""Of one batch."""


@dataclass
class Table:
    """A table.

    Attributes:
        key_name: the attribute that is its key.
        items: of each key the item.
        before: of each key the item before its last write, None for no item, and when that write was.
    """

    key_name: str
    items: dict[Any, Item] = field(default_factory=dict)
    before: dict[Any, tuple[Item | None, float]] = field(default_factory=dict)


class DynamoDb:
    """The service.

    Args:
        now: epoch seconds.
        random: decides which reads are stale.
        stale_reads: how often a read is stale that may be, 0 to 1.
        items_per_answer: of a scan or a batch; the real one counts bytes.
    """

    NAME = "dynamodb"
    OPERATIONS = frozenset(
        {
            "create_table",
            "get_item",
            "batch_get_item",
            "put_item",
            "update_item",
            "delete_item",
            "scan",
        }
    )
    THROTTLED = ("ThrottlingException", "The request was denied due to request throttling.", 400)
    FAILED = ("InternalServerError", "The request could not be processed.", 500)

    def __init__(
        self,
        now: Callable[[], float],
        random: random.Random,
        stale_reads: float = 0,
        items_per_answer: int = 100,
    ) -> None:
        self.tables: dict[str, Table] = {}
        self.stale_reads = stale_reads
        self._now = now
        self._random = random
        self._items_per_answer = items_per_answer

    def create_table(
        self, *, TableName: str, KeySchema: Sequence[Mapping[str, str]], **_settings: Any
    ) -> dict[str, Any]:
        """Make a table with a partition key, ready at once."""
        (key,) = KeySchema
        self.tables[TableName] = Table(key["AttributeName"])
        return {}

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:
        """An item; the answer has none if there is none."""
        table = self._table(TableName)
        item = self._read(table, _key(table, Key), ConsistentRead)
        return {} if item is None else {"Item": copied(item)}

    def put_item(
        self,
        *,
        TableName: str,
        Item: Item,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
    ) -> dict[str, Any]:
        """Store an item in place of what is there."""
        table, new = self._table(TableName), _stored(Item)
        key = _key(table, {table.key_name: new.get(table.key_name)})
        placeholders = Placeholders(ExpressionAttributeNames, _values(ExpressionAttributeValues))
        self._check(table, key, ConditionExpression, placeholders)
        self._write(table, key, new)
        return {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
    ) -> dict[str, Any]:
        """Change an item; make it if there is none."""
        table = self._table(TableName)
        key = _key(table, Key)
        placeholders = Placeholders(ExpressionAttributeNames, _values(ExpressionAttributeValues))
        assignments = parse_update(UpdateExpression, placeholders)
        if any(assignment.path.parts[0] == table.key_name for assignment in assignments):
            raise Refused("ValidationException", f"Cannot update attribute {table.key_name}: part of the key")
        self._check(table, key, ConditionExpression, placeholders)
        self._write(table, key, updated(table.items.get(key, _stored(Key)), assignments))
        return {}

    def delete_item(
        self,
        *,
        TableName: str,
        Key: Item,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
    ) -> dict[str, Any]:
        """Remove an item; it is no error if there is none."""
        table = self._table(TableName)
        key = _key(table, Key)
        placeholders = Placeholders(ExpressionAttributeNames, _values(ExpressionAttributeValues))
        self._check(table, key, ConditionExpression, placeholders)
        self._write(table, key, None)
        return {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Items of tables; those keys that would make the answer too long are given back to be asked for again."""
        responses: dict[str, list[Item]] = {}
        unprocessed: dict[str, Mapping[str, Any]] = {}
        for name, asked in RequestItems.items():
            table = self._table(name)
            keys = [_key(table, key) for key in asked["Keys"]]
            if not 0 < len(keys) <= MAX_KEYS or len(set(keys)) < len(keys):
                raise Refused("ValidationException", f"1 to {MAX_KEYS} different keys can be asked for")
            consistent = asked.get("ConsistentRead", False)
            found = [self._read(table, key, consistent) for key in keys[: self._items_per_answer]]
            responses[name] = [copied(item) for item in found if item is not None]
            if rest := asked["Keys"][self._items_per_answer :]:
                unprocessed[name] = {**asked, "Keys": rest}
        return {"Responses": responses, "UnprocessedKeys": unprocessed}

    def scan(
        self,
        *,
        TableName: str,
        ProjectionExpression: str | None = None,
        ConsistentRead: bool = False,
        Limit: int | None = None,
        ExclusiveStartKey: Item | None = None,
    ) -> dict[str, Any]:
        """All items, a page at a time, in no order that means anything."""
        table = self._table(TableName)
        keys = sorted(table.items.keys() | table.before.keys(), key=_place)
        if ExclusiveStartKey is not None:
            start = _place(_key(table, ExclusiveStartKey))
            keys = [key for key in keys if _place(key) > start]
        size = min(Limit or self._items_per_answer, self._items_per_answer)
        found = [self._read(table, key, ConsistentRead) for key in keys[:size]]
        items = [_projected(item, ProjectionExpression) for item in found if item is not None]
        rest = {"LastEvaluatedKey": {table.key_name: keys[size - 1]}} if len(keys) > size else {}
        return {"Items": items, "Count": len(items), **rest}

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused("ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]

    def _read(self, table: Table, key: Any, consistent: bool) -> Item | None:
        before, written_at = table.before.get(key, (None, float("-inf")))
        may_be_stale = not consistent and self._now() - written_at < STALE_SECONDS
        if may_be_stale and self.stale_reads and self._random.random() < self.stale_reads:
            return before
        return table.items.get(key)

    def _check(self, table: Table, key: Any, condition: str | None, placeholders: Placeholders) -> None:
        """The condition of a write, the last of its expressions."""
        tree = None if condition is None else parse_condition(condition, placeholders)
        placeholders.check_all_used()
        if tree is not None and not holds(tree, table.items.get(key, {})):
            raise Refused("ConditionalCheckFailedException", "The conditional request failed")

    def _write(self, table: Table, key: Any, item: Item | None) -> None:
        table.before[key] = table.items.get(key), self._now()
        if item is None:
            table.items.pop(key, None)
        else:
            table.items[key] = item


def _key(table: Table, given: Item) -> Any:
    """The value of a key."""
    if given.keys() != {table.key_name} or type_of(given[table.key_name]) not in ("S", "N", "B"):
        raise Refused("ValidationException", "The provided key element does not match the schema")
    return given[table.key_name]


def _stored(value: Any) -> Any:
    """A value as DynamoDB gives it back: a copy, with every number a Decimal."""
    return TypeDeserializer().deserialize(TypeSerializer().serialize(value))


def _values(given: Item | None) -> Item | None:
    return None if given is None else _stored(given)


def _projected(item: Item, projection: str | None) -> Item:
    """Of an item the attributes that are asked for."""
    if projection is None:
        return dict(copied(item))
    paths = parse_projection(projection, Placeholders(None, None))
    names = {str(path.parts[0]): value_at(path, item) for path in paths if len(path.parts) == 1}
    return dict(copied({name: value for name, value in names.items() if value is not MISSING}))


def _place(key: Any) -> str:
    """Where a key stands in a scan: all over the place, but always the same."""
    return hashlib.md5(str(key).encode(), usedforsecurity=False).hexdigest()
