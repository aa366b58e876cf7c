"""Reads DynamoDB's expressions: of their syntax what the product uses, and nothing else without an error.

condition  ::=  condition OR condition | condition AND condition | NOT condition | ( condition )
                | operand comparator operand
                | attribute_exists (path) | attribute_not_exists (path) | attribute_type (path, operand)
operand    ::=  path | :value | size (path)
update     ::=  SET path = value, path = value ...
value      ::=  path | :value | if_not_exists (path, value) | list_append (value, value)
path       ::=  name or #name, followed by any number of .name, .#name and [index]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulation.errors import NotSimulated, Refused

TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[#:][A-Za-z0-9_]+|\d+|<>|<=|>=|[][().,=<>])")
COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
CONDITIONS = ("attribute_exists", "attribute_not_exists", "attribute_type")
RESERVED = frozenset({"bucket", "count", "error", "key", "name", "owner", "state"})
"""Of DynamoDB's 573 reserved words those that records have for names: an expression must call them `#something`."""


@dataclass(frozen=True)
class Path:
    """Where a value stands in an item: names of maps and indexes of lists, from the outside in."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True)
class Literal:
    """A value that came with the request."""

    value: Any


@dataclass(frozen=True)
class Function:
    """A function of DynamoDB and its arguments."""

    name: str
    arguments: tuple[Operand, ...]


Operand = Path | Literal | Function


@dataclass(frozen=True)
class Comparison:
    """Two operands and a comparator between them."""

    left: Operand
    comparator: str
    right: Operand


@dataclass(frozen=True)
class Logic:
    """`AND` or `OR` of two conditions, or `NOT` of one."""

    operator: str
    conditions: tuple[Condition, ...]


Condition = Comparison | Function | Logic


@dataclass(frozen=True)
class Assignment:
    """One action of SET."""

    path: Path
    value: Operand


class Placeholders:
    """What the names `#name` and the values `:value` of a request's expressions stand for.

    Args:
        names: of the request; None where it has none.
        values: of the request; None where it has none.
    """

    def __init__(self, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> None:
        for what, given in (("Names", names), ("Values", values)):
            if given is not None and not given:
                raise _invalid(f"ExpressionAttribute{what} must not be empty")
        self._given: dict[str, Any] = {**(names or {}), **(values or {})}
        self._used: set[str] = set()

    def resolve(self, placeholder: str) -> Any:
        """What a placeholder stands for."""
        if placeholder not in self._given:
            what = "name" if placeholder.startswith("#") else "value"
            raise _invalid(f"An expression attribute {what} used in expression is not defined: {placeholder}")
        self._used.add(placeholder)
        return self._given[placeholder]

    def check_all_used(self) -> None:
        """Refuse placeholders that no expression mentions, as DynamoDB does."""
        if unused := sorted(self._given.keys() - self._used):
            raise _invalid(f"Value provided unused in expressions: keys: {{{', '.join(unused)}}}")


def parse_condition(text: str, placeholders: Placeholders) -> Condition:
    """Read a condition expression."""
    parser = _Parser(text, placeholders)
    condition = parser.any_of()
    parser.end()
    return condition


def parse_update(text: str, placeholders: Placeholders) -> list[Assignment]:
    """Read an update expression."""
    parser = _Parser(text, placeholders)
    parser.keyword("SET")
    assignments = [parser.assignment()]
    while parser.takes(","):
        assignments.append(parser.assignment())
    parser.end()
    return assignments


def parse_projection(text: str, placeholders: Placeholders) -> list[Path]:
    """Read a projection expression."""
    parser = _Parser(text, placeholders)
    paths = [parser.path()]
    while parser.takes(","):
        paths.append(parser.path())
    parser.end()
    return paths


class _Parser:
    """Goes over the tokens of one expression from left to right.

    Args:
        text: the expression.
        placeholders: of the request.
    """

    def __init__(self, text: str, placeholders: Placeholders) -> None:
        self._text = text
        self._placeholders = placeholders
        self._tokens = [*_tokens_of(text), ""]  # The empty one is the end.

    def any_of(self) -> Condition:
        """Conditions with OR between them, which binds least."""
        condition = self._all_of()
        while self._takes_keyword("OR"):
            condition = Logic("OR", (condition, self._all_of()))
        return condition

    def assignment(self) -> Assignment:
        """`path = value`."""
        path = self.path()
        self._expect("=")
        return Assignment(path, self._value())

    def path(self) -> Path:
        """`name`, `#name`, and what follows of `.name` and `[index]`."""
        parts: list[str | int] = [self._name()]
        while True:
            if self.takes("."):
                parts.append(self._name())
            elif self.takes("["):
                index = self._next()
                if not index.isdigit():
                    raise self._unknown(index)
                parts.append(int(index))
                self._expect("]")
            else:
                return Path(tuple(parts))

    def takes(self, token: str) -> bool:
        """Whether a token comes next; if so, go past it."""
        if self._tokens[0] != token:
            return False
        self._tokens.pop(0)
        return True

    def keyword(self, word: str) -> None:
        """Go past a keyword, which must come next."""
        if not self._takes_keyword(word):
            raise self._unknown(self._tokens[0])

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._tokens != [""]:
            raise self._unknown(self._tokens[0])

    def _all_of(self) -> Condition:
        condition = self._one()
        while self._takes_keyword("AND"):
            condition = Logic("AND", (condition, self._one()))
        return condition

    def _one(self) -> Condition:
        if self._takes_keyword("NOT"):
            return Logic("NOT", (self._one(),))
        if self.takes("("):
            condition = self.any_of()
            self._expect(")")
            return condition
        if self._tokens[0] in CONDITIONS:
            return self._condition_function()
        left = self._operand()
        comparator = self._next()
        if comparator not in COMPARATORS:
            raise self._unknown(comparator)
        return Comparison(left, comparator, self._operand())

    def _condition_function(self) -> Function:
        name = self._next()
        self._expect("(")
        arguments: tuple[Operand, ...] = (self.path(),)
        if name == "attribute_type":
            self._expect(",")
            arguments += (self._operand(),)
        self._expect(")")
        return Function(name, arguments)

    def _operand(self) -> Operand:
        """Of a condition."""
        if self._tokens[0] == "size":
            self._next()
            self._expect("(")
            size = Function("size", (self.path(),))
            self._expect(")")
            return size
        return self._path_or_literal()

    def _value(self) -> Operand:
        """Of an update."""
        if self._tokens[0] not in ("if_not_exists", "list_append"):
            return self._path_or_literal()
        name = self._next()
        self._expect("(")
        first = self.path() if name == "if_not_exists" else self._value()
        self._expect(",")
        second = self._value()
        self._expect(")")
        return Function(name, (first, second))

    def _path_or_literal(self) -> Operand:
        if self._tokens[0].startswith(":"):
            return Literal(self._placeholders.resolve(self._next()))
        return self.path()

    def _name(self) -> str:
        token = self._next()
        if token.startswith("#"):
            return str(self._placeholders.resolve(token))
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", token) or self._tokens[0] == "(":
            raise self._unknown(token)
        if token.lower() in RESERVED:
            raise _invalid(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        return token

    def _takes_keyword(self, word: str) -> bool:
        return self._tokens[0].upper() == word and self.takes(self._tokens[0])

    def _next(self) -> str:
        if self._tokens == [""]:
            raise self._unknown("")
        return self._tokens.pop(0)

    def _expect(self, token: str) -> None:
        if not self.takes(token):
            raise self._unknown(self._tokens[0])

    def _unknown(self, token: str) -> NotSimulated:
        return _unknown(self._text, token or "the end")


@lru_cache(maxsize=1000)
def _tokens_of(text: str) -> list[str]:
    """The tokens of an expression."""
    tokens, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise _unknown(text, text[at:].strip()[0])
        tokens.append(match[1])
        at = match.end()
    return tokens


def _unknown(text: str, token: str) -> NotSimulated:
    return NotSimulated(f"the expression {text!r}: found {token!r} where the simulation knows no such thing")


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)
