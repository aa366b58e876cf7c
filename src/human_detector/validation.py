"""Checks of single values, shared by the configuration file and the detectors' keyword arguments.

A check takes a value and returns None if it is valid, else a phrase that says what is valid.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Check = Callable[[Any], str | None]


def text(value: Any) -> str | None:
    """Valid: a text that is not empty."""
    return None if isinstance(value, str) and value.strip() else "a text that is not empty"


def boolean(value: Any) -> str | None:
    """Valid: true or false."""
    return None if isinstance(value, bool) else "true or false"


def number(low: float, high: float, *, above_low: bool = False) -> Check:
    """Valid: a number from low to high; greater than low if `above_low`."""

    def check(value: Any) -> str | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if is_number and low <= value <= high and not (above_low and value == low):
            return None
        return f"a number {f'above {low:g} and up' if above_low else f'from {low:g}'} to {high:g}"

    return check


def whole_number(low: int, high: int) -> Check:
    """Valid: a whole number from low to high."""

    def check(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return None
        return f"a whole number from {low} to {high}"

    return check


def one_of(*valid: str) -> Check:
    """Valid: one of these texts."""

    def check(value: Any) -> str | None:
        return None if value in valid else "one of " + ", ".join(valid)

    return check


def found(value: Any) -> str:
    """A value as the configuration file would show it, shortened."""
    shown = json.dumps(value, default=repr)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def problem(path: str, value: Any, valid: str) -> str:
    """The sentence for one invalid value."""
    return f"{path}: found {found(value)}, valid is {valid}"


def unknown_key(path: str, key: str, valid: Iterable[str]) -> str:
    """The sentence for a key that nobody reads."""
    known = sorted(valid)
    close = difflib.get_close_matches(key, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{join(path, key)}: unknown key{hint}, valid are {', '.join(known)}"


def join(path: str, key: str) -> str:
    """The path of a key inside a mapping."""
    return f"{path}.{key}" if path else key


def check_mapping(
    path: str,
    value: Any,
    checks: Mapping[str, Check],
    *,
    required: Iterable[str] = (),
    allow_unknown: bool = False,
) -> list[str]:
    """Every problem of a mapping: missing keys, unknown keys and invalid values."""
    if not isinstance(value, dict):
        return [problem(path, value, "an object with the keys " + ", ".join(sorted(checks)))]
    problems = [
        f"{join(path, key)}: missing, valid is {checks[key](None)}" for key in required if key not in value
    ]
    for key, item in value.items():
        if key in checks:
            valid = checks[key](item)
            if valid is not None:
                problems.append(problem(join(path, key), item, valid))
        elif not allow_unknown:
            problems.append(unknown_key(path, key, checks))
    return problems
