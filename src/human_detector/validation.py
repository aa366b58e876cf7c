"""Checks of values, shared by the configuration file and the detectors' keyword arguments.

A check is data: it judges a value, and says in JSON Schema what it takes (variables.schema.json).
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
"""A JSON Schema, draft 2020-12."""


class Check(ABC):
    """What values are valid in one place."""

    @abstractmethod
    def __call__(self, value: Any) -> str | None:
        """None if the value is valid, else a phrase that says what is valid."""

    def schema(self) -> Schema:
        """What is valid, for an editor: everything, unless a check says more."""
        return {}

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem of the value that stands at a path, a sentence each."""
        valid = self(value)
        return [] if valid is None else [problem(path, value, valid)]


@dataclass(frozen=True)
class Anything(Check):
    """Valid: every value."""

    def __call__(self, value: Any) -> str | None:  # noqa: ARG002 - it is not looked at
        return None


@dataclass(frozen=True)
class Text(Check):
    """Valid: a text that is not empty."""

    def __call__(self, value: Any) -> str | None:
        return None if isinstance(value, str) and value.strip() else "a text that is not empty"

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"\S"}


@dataclass(frozen=True)
class Words(Check):
    """Valid: a text that is not too long, even one without content.

    Attributes:
        longest: characters.
    """

    longest: int

    def __call__(self, value: Any) -> str | None:
        if isinstance(value, str) and len(value) <= self.longest:
            return None
        return f"a text of up to {self.longest} characters"

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.longest}


@dataclass(frozen=True)
class Pattern(Check):
    """Valid: a text of a form.

    Attributes:
        pattern: a regular expression for the whole text, of what Python and ECMAScript read alike.
        valid: says so to a person.
    """

    pattern: str
    valid: str

    def __call__(self, value: Any) -> str | None:
        return None if isinstance(value, str) and re.fullmatch(self.pattern, value) else self.valid

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Boolean(Check):
    """Valid: true or false."""

    def __call__(self, value: Any) -> str | None:
        return None if isinstance(value, bool) else "true or false"

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Number(Check):
    """Valid: a number from low to high; greater than low if `above_low`."""

    low: float
    high: float
    above_low: bool = False

    def __call__(self, value: Any) -> str | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and self.low <= value <= self.high and not (self.above_low and value == self.low):
            return None
        start = f"above {self.low:g} and up" if self.above_low else f"from {self.low:g}"
        return f"a number {start} to {self.high:g}"

    def schema(self) -> Schema:
        lowest = "exclusiveMinimum" if self.above_low else "minimum"
        return {"type": "number", lowest: self.low, "maximum": self.high}


@dataclass(frozen=True)
class WholeNumber(Check):
    """Valid: a whole number from low to high. (JSON Schema also takes 5.0 for one.)"""

    low: int
    high: int

    def __call__(self, value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return None
        return f"a whole number from {self.low} to {self.high}"

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class OneOf(Check):
    """Valid: one of these texts."""

    valid: tuple[str, ...]

    def __call__(self, value: Any) -> str | None:
        return None if value in self.valid else "one of " + ", ".join(self.valid)

    def schema(self) -> Schema:
        return {"enum": list(self.valid)}


@dataclass(frozen=True)
class ListOf(Check):
    """Valid: a list.

    Attributes:
        item: what each of its items must be.
        valid: says to a person what the list is.
        fewest: items.
    """

    item: Check
    valid: str
    fewest: int = 0

    def __call__(self, value: Any) -> str | None:
        """Judges the kind of the value only; `problems` looks into it."""
        return None if isinstance(value, list) and len(value) >= self.fewest else self.valid

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem of the list, or else of its items."""
        if problems := super().problems(path, value):
            return problems
        return [each for i, item in enumerate(value) for each in self.item.problems(f"{path}[{i}]", item)]

    def schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema(), "minItems": self.fewest}


@dataclass(frozen=True)
class ByName(Check):
    """Valid: an object with any keys.

    Attributes:
        item: what the value of each must be.
        valid: says to a person what the object is.
        fewest: keys.
    """

    item: Check
    valid: str
    fewest: int = 0

    def __call__(self, value: Any) -> str | None:
        """Judges the kind of the value only; `problems` looks into it."""
        return None if isinstance(value, dict) and len(value) >= self.fewest else self.valid

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem of the object, or else of its values."""
        if problems := super().problems(path, value):
            return problems
        return [each for key, item in value.items() for each in self.item.problems(join(path, key), item)]

    def schema(self) -> Schema:
        return {
            "type": "object",
            "additionalProperties": self.item.schema(),
            "minProperties": self.fewest,
        }


@dataclass(frozen=True)
class Section(Check):
    """Valid: an object with these keys.

    Attributes:
        checks: of the value of each key.
        required: the keys that must be there.
        shared: whether others keep keys of their own in it.
    """

    checks: Mapping[str, Check]
    required: tuple[str, ...] = ()
    shared: bool = False

    def __call__(self, value: Any) -> str | None:
        """Judges the kind of the value only; `problems` looks into it."""
        known = ", ".join(sorted(self.checks))
        return None if isinstance(value, dict) else f"an object with the keys {known}"

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem: missing keys, unknown keys and what is wrong with the values."""
        if problems := super().problems(path, value):
            return problems
        missing = [key for key in self.required if key not in value]
        problems = [f"{join(path, key)}: missing, valid is {self.checks[key](None)}" for key in missing]
        for key, item in value.items():
            if key in self.checks:
                problems += self.checks[key].problems(join(path, key), item)
            elif not self.shared:
                problems.append(unknown_key(path, key, self.checks))
        return problems

    def schema(self) -> Schema:
        properties = {key: check.schema() for key, check in self.checks.items()}
        described: Schema = {"type": "object", "properties": properties}
        if self.required:
            described["required"] = list(self.required)
        if not self.shared:
            described["additionalProperties"] = False
        return described


def found(value: Any) -> str:
    """A value as the configuration file would show it, shortened."""
    try:
        shown = json.dumps(value, default=repr)
    except RecursionError:
        return f"a {type(value).__name__} of very many levels"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def problem(path: str, value: Any, valid: str) -> str:
    """The sentence for one invalid value."""
    return f"{path or 'the whole file'}: found {found(value)}, valid is {valid}"


def option(read: Callable[[str], Any], check: Callable[[Any], str | None]) -> Callable[[str], Any]:
    """The type of a command line option, for argparse, which then says what was found and what is valid.

    Args:
        read: makes a value of the text; ValueError if it cannot.
        check: judges the value.
    """

    def convert(text: str) -> Any:
        try:
            value = read(text)
        except ValueError:
            value = None
        if valid := check(value):
            raise argparse.ArgumentTypeError(f"found {text!r}, valid is {valid}")
        return value

    return convert


def unknown_key(path: str, key: str, valid: Iterable[str]) -> str:
    """The sentence for a key that nobody reads."""
    known = sorted(valid)
    close = difflib.get_close_matches(key, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{join(path, key)}: unknown key{hint}, valid are {', '.join(known)}"


def join(path: str, key: str) -> str:
    """The path of a key inside a mapping."""
    return f"{path}.{key}" if path else key
