"""What of DynamoDB's expressions the simulation does not know is an error that nothing swallows.

What it knows is held against the emulators in test_contract_dynamodb.py.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulation.errors import NotSimulated, Refused
from simulation.expression_parser import (
    Assignment,
    Comparison,
    Function,
    Literal,
    Logic,
    Path,
    Placeholders,
    parse_condition,
    parse_update,
)
from simulation.expressions import holds, same, type_of, updated

NONE = Placeholders(None, None)


def values(**given: Any) -> Placeholders:
    """Placeholders for values, without their colon."""
    return Placeholders(None, {f":{name}": value for name, value in given.items()})


def test_a_condition_is_read_as_a_tree() -> None:
    read = parse_condition(
        "a.b[0] = :v AND NOT (size(c) > :v OR attribute_exists(#d))", Placeholders({"#d": "d"}, {":v": 1})
    )
    size = Comparison(Function("size", (Path(("c",)),)), ">", Literal(1))
    either = Logic("OR", (size, Function("attribute_exists", (Path(("d",)),))))
    equal = Comparison(Path(("a", "b", 0)), "=", Literal(1))
    assert read == Logic("AND", (equal, Logic("NOT", (either,))))


def test_and_binds_more_than_or() -> None:
    a, b, c = (Function("attribute_exists", (Path((name,)),)) for name in "abc")
    text = "attribute_exists(a) OR attribute_exists(b) and attribute_exists(c)"
    assert parse_condition(text, NONE) == Logic("OR", (a, Logic("AND", (b, c))))


def test_an_update_is_read_as_a_list_of_assignments() -> None:
    read = parse_update("set a[1].b = :v, c = list_append(if_not_exists(c, :v), d)", values(v=[]))
    first = Function("if_not_exists", (Path(("c",)), Literal([])))
    assert read == [
        Assignment(Path(("a", 1, "b")), Literal([])),
        Assignment(Path(("c",)), Function("list_append", (first, Path(("d",))))),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a BETWEEN :v AND :v",
        "a IN (:v)",
        "begins_with(a, :v)",
        "contains(a, :v)",
        "Attribute_Exists(a)",
        "a",
        "a =",
        "= :v",
        "a = :v AND",
        "a = :v b = :v",
        "(a = :v",
        "a[:v] = :v",
        "a[-1] = :v",
        "a. = :v",
        "a == :v",
        "a = 1",
        "a = 'text'",
        "attribute_exists(a, b)",
        "attribute_exists(:v)",
        "",
    ],
)
def test_a_condition_that_the_simulation_does_not_know(text: str) -> None:
    with pytest.raises(NotSimulated, match="the expression"):
        parse_condition(text, values(v=1))


@pytest.mark.parametrize(
    "text",
    [
        "REMOVE a",
        "ADD a :v",
        "SET a = :v REMOVE b",
        "SET a = a + :v",
        "SET a = size(b)",
        "SET a",
        "SET a = :v,",
        "a = :v",
        "SET :v = a",
        "",
    ],
)
def test_an_update_that_the_simulation_does_not_know(text: str) -> None:
    with pytest.raises(NotSimulated, match="the expression"):
        parse_update(text, values(v=1))


def test_what_is_not_simulated_is_no_exception_that_a_worker_handles() -> None:
    assert not issubclass(NotSimulated, Exception)


def test_an_update_changes_nothing_when_it_fails() -> None:
    item = {"a": [1], "b": "text"}
    with pytest.raises(Refused):
        updated(item, parse_update("SET a[0] = :v, b[0] = :v", values(v=2)))
    assert item == {"a": [1], "b": "text"}


def test_the_new_item_shares_nothing_with_the_old_one_or_the_request() -> None:
    item: dict[str, Any] = {"a": {"b": [1]}}
    new: dict[str, Any] = {"x": []}
    changed = updated(item, parse_update("SET c = :v, d = a", values(v=new)))
    new["x"].append(1)
    changed["a"]["b"].append(2)
    assert item == {"a": {"b": [1]}}
    assert (changed["c"], changed["d"]) == ({"x": []}, {"b": [1]})


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, Decimal("1.00"), True),
        (1, True, False),
        (0, False, False),
        ({"a": [1]}, {"a": [True]}, False),
        ({"a": None}, {}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"x", "y"}, {"y", "x"}, True),
        (None, None, True),
        (b"a", "a", False),
    ],
)
def test_values_are_equal_down_to_their_types(a: Any, b: Any, equal: bool) -> None:
    assert same(a, b) is equal
    assert same(b, a) is equal


def test_what_is_not_there_does_not_even_equal_itself() -> None:
    assert not holds(parse_condition("a = a", NONE), {})
    assert holds(parse_condition("a = a", NONE), {"a": None})


def test_types_have_the_names_of_dynamodb() -> None:
    named: list[tuple[Any, str]] = [
        (None, "NULL"),
        (False, "BOOL"),
        ("", "S"),
        (1, "N"),
        (b"", "B"),
        ([], "L"),
        ({}, "M"),
        ({"a"}, "SS"),
    ]
    assert [type_of(value) for value, _ in named] == [name for _, name in named]
    assert type_of({1}) == "NS"
