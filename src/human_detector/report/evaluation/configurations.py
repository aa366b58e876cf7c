"""Tells results apart by what has made them: models, thresholds, engines."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.report.evaluation.given_results import GivenResult


@dataclass(frozen=True)
class Configuration:
    """Results that belong together.

    Attributes:
        name: tells it from the others; empty if there are none.
        results: of different videos.
    """

    name: str
    results: Sequence[GivenResult]


def told_apart(results: Sequence[GivenResult]) -> list[Configuration]:
    """The configurations of results, in the order in which they were named.

    Results in different folders are of different configurations; so are results in one folder that were made
    with other arguments.

    Raises:
        ConfigurationError: there is only one.
    """
    groups: dict[tuple[str, str], list[GivenResult]] = defaultdict(list)
    for result in results:
        groups[_folder(result), json.dumps(_arguments(result), sort_keys=True)].append(result)
    if len(groups) == 1:
        raise ConfigurationError(
            "--compare: found one configuration only; valid are results in several folders, or with other "
            "arguments"
        )
    names = _names([group[0] for group in groups.values()])
    return [Configuration(name, group) for name, group in zip(names, groups.values(), strict=True)]


def _names(examples: Sequence[GivenResult]) -> list[str]:
    """By the folder, which somebody has named, or by the arguments that differ."""
    folders = [PurePosixPath(_folder(each)).name or _folder(each) for each in examples]
    if len(set(folders)) == len(folders):
        return folders
    differing = _differing([_arguments(each) for each in examples])
    shown = [
        f"{folder}: {words}" if len(set(folders)) > 1 else words
        for folder, words in zip(folders, differing, strict=True)
    ]
    counts = Counter(shown)
    return [name if counts[name] == 1 else f"{name} ({place})" for place, name in enumerate(shown, 1)]


def _differing(arguments: Sequence[Mapping[str, Any]]) -> list[str]:
    keys = list(dict.fromkeys(key for each in arguments for key in each))
    differ = [key for key in keys if any(each.get(key) != arguments[0].get(key) for each in arguments)]
    return [
        ", ".join(f"{key} {_word(each[key])}" for key in differ if key in each) or "the same arguments"
        for each in arguments
    ]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _arguments(result: GivenResult) -> dict[str, Any]:
    """Everything that a result was made with, by name."""
    given = dict(result.document["human_detection"])
    detectors = given.pop("detectors", [])
    named = {
        f"{arguments.get('name', name)}.{key}": value
        for name, arguments in detectors
        for key, value in arguments.items()
    }
    return {**named, **given, "engine": result.document["engine"].get("name")}


def _folder(result: GivenResult) -> str:
    return str(PurePosixPath(result.place).parent)
