"""What machines cost an hour: one dated table, which a file of the same form may replace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.validation import Check, check_mapping, number, problem, text, whole_number

PRICES_PATH = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Machine:
    """Something that AWS lets by the hour.

    Attributes:
        dollars_per_hour: on demand, Linux.
        vcpus: virtual processors.
        gpu: its name, if there is one.
        cpu: the processor's name, if AWS says which it is.
    """

    dollars_per_hour: float
    vcpus: int
    gpu: str | None = None
    cpu: str | None = None


@dataclass(frozen=True)
class Prices:
    """A price table.

    Attributes:
        date: of which day.
        region: of AWS.
        sources: where the prices are from.
        machines: by name.
    """

    date: str
    region: str
    sources: Sequence[str]
    machines: Mapping[str, Machine]


def load_prices(path: Path = PRICES_PATH) -> Prices:
    """Read and check a price table.

    Raises:
        ConfigurationError: lists every problem with its path in the file, what was found and what is valid.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"the prices {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"the prices {path} are not JSON: {error}") from error
    problems = _find_problems(document)
    if problems:
        raise ConfigurationError(*(f"{path.name}: {sentence}" for sentence in problems))
    machines = {name: Machine(**instance) for name, instance in document["instances"].items()}
    machines.update(_fargate_tasks(document.get("fargate", {"tasks": []})))
    return Prices(document["date"], document["region"], document["sources"], machines)


def _fargate_tasks(fargate: Mapping[str, Any]) -> dict[str, Machine]:
    return {
        f"fargate-{task['vcpus']}vcpu-{task['memory_gb']}gb": Machine(
            task["vcpus"] * fargate["dollars_per_vcpu_hour"]
            + task["memory_gb"] * fargate["dollars_per_gb_hour"],
            task["vcpus"],
        )
        for task in fargate["tasks"]
    }


def _day(value: Any) -> str | None:
    """Valid: a day."""
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return 'a day, such as "2026-11-25"'
    return None


def _texts(value: Any) -> str | None:
    """Valid: a list of texts."""
    is_valid = isinstance(value, list) and value and all(text(item) is None for item in value)
    return None if is_valid else "a list of at least one text"


def _checked_below(_: Any) -> None:
    """A part with checks of its own."""


_DOLLARS = number(0, 1000, above_low=True)
_VCPUS = whole_number(1, 1024)
_TABLE: Mapping[str, Check] = {
    "date": _day,
    "region": text,
    "sources": _texts,
    "instances": _checked_below,
    "fargate": _checked_below,
}
_INSTANCE: Mapping[str, Check] = {"dollars_per_hour": _DOLLARS, "vcpus": _VCPUS, "gpu": text, "cpu": text}
_FARGATE: Mapping[str, Check] = {
    "dollars_per_vcpu_hour": _DOLLARS,
    "dollars_per_gb_hour": _DOLLARS,
    "tasks": _checked_below,
}
_TASK: Mapping[str, Check] = {"vcpus": _VCPUS, "memory_gb": whole_number(1, 1024)}


def _find_problems(document: Any) -> list[str]:
    problems = check_mapping("", document, _TABLE, required=("date", "region", "sources"))
    if not isinstance(document, dict):
        return ["the whole file: valid is an object with the keys " + ", ".join(_TABLE)]
    instances = document.get("instances")
    if isinstance(instances, dict) and instances:
        for name, instance in instances.items():
            problems += check_mapping(
                f"instances.{name}", instance, _INSTANCE, required=("dollars_per_hour", "vcpus")
            )
    else:
        problems.append(problem("instances", instances, "an object with at least one instance type"))
    if "fargate" in document:
        problems += _find_fargate_problems(document["fargate"])
    return problems


def _find_fargate_problems(fargate: Any) -> list[str]:
    problems = check_mapping(
        "fargate", fargate, _FARGATE, required=("dollars_per_vcpu_hour", "dollars_per_gb_hour")
    )
    tasks = fargate.get("tasks") if isinstance(fargate, dict) else []
    if not isinstance(tasks, list):
        return [*problems, problem("fargate.tasks", tasks, "a list of sizes with vcpus and memory_gb")]
    for index, task in enumerate(tasks):
        problems += check_mapping(f"fargate.tasks[{index}]", task, _TASK, required=_TASK)
    return problems
