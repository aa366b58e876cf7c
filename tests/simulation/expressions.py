"""What DynamoDB's expressions mean: whether a condition holds for an item, and what an update makes of it.

Items are Python values as boto3's resource gives them. A value that is not there is MISSING, which is not None: a
record may hold null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from boto3.dynamodb.types import Binary

from simulation.errors import Refused
from simulation.expression_parser import (
    Assignment,
    Comparison,
    Condition,
    Function,
    Literal,
    Logic,
    Operand,
    Path,
)

Item = dict[str, Any]
MISSING: Final = object()
"""What a path leads to that ends nowhere."""


def holds(condition: Condition, item: Mapping[str, Any]) -> bool:
    """Whether a condition is true of an item; of one that is not there, if it is empty."""
    match condition:
        case Logic("NOT", (inner,)):
            return not holds(inner, item)
        case Logic("AND", (first, second)):
            return holds(first, item) and holds(second, item)
        case Logic("OR", (first, second)):
            return holds(first, item) or holds(second, item)
        case Comparison(left, comparator, right):
            return _compare(_evaluate(left, item), comparator, _evaluate(right, item))
        case Function("attribute_exists", (path,)):
            return _evaluate(path, item) is not MISSING
        case Function("attribute_not_exists", (path,)):
            return _evaluate(path, item) is MISSING
        case Function("attribute_type", (path, wanted)):
            return bool(type_of(_evaluate(path, item)) == _evaluate(wanted, item))
    raise AssertionError(condition)


def updated(item: Mapping[str, Any], assignments: Sequence[Assignment]) -> Item:
    """An item after an update. All values are computed from the item as it was before.

    Raises:
        Refused: a path leads nowhere or meets another, or a value cannot be computed.
    """
    _refuse_overlaps([assignment.path.parts for assignment in assignments])
    computed = [(assignment.path, _computed(assignment.value, item)) for assignment in assignments]
    new: Item = copied(dict(item))
    # What is set beyond the end of a list is appended, in the order of the indexes.
    computed.sort(key=lambda pair: [part if isinstance(part, int) else -1 for part in pair[0].parts])
    for path, value in computed:
        _put(new, path, copied(value))
    return new


def value_at(path: Path, item: Mapping[str, Any]) -> Any:
    """The value where a path leads; MISSING if it leads nowhere."""
    value: Any = item
    for part in path.parts:
        if isinstance(part, str):
            is_there = isinstance(value, Mapping) and part in value
        else:
            is_there = isinstance(value, list) and part < len(value)
        if not is_there:
            return MISSING
        value = value[part]
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal to DynamoDB: of one type, numbers by value, documents down to the leaves."""
    if type_of(a) != type_of(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def copied(value: Any) -> Any:
    """A copy of a value that shares nothing with it."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return set(value) if isinstance(value, set) else value


def type_of(value: Any) -> str | None:
    """DynamoDB's name of a value's type; None for MISSING."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "BOOL"
        case str():
            return "S"
        case Decimal() | int():
            return "N"
        case Binary() | bytes():
            return "B"
        case list():
            return "L"
        case dict():
            return "M"
        case set():
            return f"{type_of(next(iter(value)))}S"
    return None


def _evaluate(operand: Operand, item: Mapping[str, Any]) -> Any:
    """An operand of a condition."""
    match operand:
        case Literal(value):
            return value
        case Path():
            return value_at(operand, item)
        case Function("size", (path,)):
            value = _evaluate(path, item)
            return Decimal(len(value)) if type_of(value) not in (None, "N", "BOOL", "NULL") else MISSING
    raise AssertionError(operand)


def _computed(operand: Operand, item: Mapping[str, Any]) -> Any:
    """A value of an update."""
    match operand:
        case Literal(value):
            return value
        case Function("if_not_exists", (Path() as path, otherwise)):
            found = value_at(path, item)
            return _computed(otherwise, item) if found is MISSING else found
        case Function("list_append", (first, second)):
            lists = [_computed(first, item), _computed(second, item)]
            for value in lists:
                if not isinstance(value, list):
                    raise _invalid(f"Incorrect operand type for list_append, operand type: {type_of(value)}")
            return lists[0] + lists[1]
        case Path():
            found = value_at(operand, item)
            if found is MISSING:
                raise _invalid(
                    "The provided expression refers to an attribute that does not exist in the item"
                )
            return found
    raise AssertionError(operand)


def _compare(a: Any, comparator: str, b: Any) -> bool:
    if comparator == "=":
        return same(a, b) and a is not MISSING
    if comparator == "<>":
        return not same(a, b)
    if type_of(a) != type_of(b) or type_of(a) not in ("N", "S", "B"):
        return False
    match comparator:
        case "<":
            return bool(a < b)
        case "<=":
            return bool(a <= b)
        case ">":
            return bool(a > b)
    return bool(a >= b)


def _put(item: Item, path: Path, value: Any) -> None:
    """Set a value. What it is to stand in must be there."""
    *way, last = path.parts
    holder: Any = value_at(Path(tuple(way)), item)
    if isinstance(last, str) and isinstance(holder, dict):
        holder[last] = value
    elif isinstance(last, int) and isinstance(holder, list):
        holder[last : last + 1] = [value]  # Beyond the end this appends, however far.
    else:
        raise _invalid("The document path provided in the update expression is invalid for update")


def _refuse_overlaps(paths: Sequence[tuple[str | int, ...]]) -> None:
    for number, path in enumerate(paths):
        for other in paths[number + 1 :]:
            shorter = min(len(path), len(other))
            if path[:shorter] == other[:shorter]:
                raise _invalid(f"Two document paths overlap with each other: {path}, {other}")


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)
