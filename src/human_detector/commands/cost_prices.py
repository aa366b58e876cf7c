"""What machines cost an hour: one dated table, which a file of the same form may replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.utils import parse_json
from human_detector.validation import ByName, Check, ListOf, Number, Section, Text, WholeNumber

PRICES_PATH = Path(__file__).with_name("cost_prices.json")


@dataclass(frozen=True)
class Machine:
    """Something that AWS lets by the hour.

    Attributes:
        dollars_per_hour: on demand, Linux.
        vcpus: virtual processors.
        gpu: its name, if there is one.
        cpu: the processor's name, if AWS says which it is.
        spot_dollars_per_hour: as a spot instance; None where there is no such price.
    """

    dollars_per_hour: float
    vcpus: int
    gpu: str | None = None
    cpu: str | None = None
    spot_dollars_per_hour: float | None = None


@dataclass(frozen=True)
class Prices:
    """A price table.

    Attributes:
        date: of which day.
        region: of AWS.
        sources: where the prices are from.
        machines: by name.
        rekognition_per_minute: dollars for a minute of video and each kind of analysis; None if it is not
            in the table.
    """

    date: str
    region: str
    sources: Sequence[str]
    machines: Mapping[str, Machine]
    rekognition_per_minute: float | None = None


class _Day(Check):
    """Valid: a day."""

    def __call__(self, value: Any) -> str | None:
        try:
            date.fromisoformat(value)
        except (TypeError, ValueError):
            return 'a day, such as "2026-11-25"'
        return None


_DOLLARS = Number(0, 1000, above_low=True)
_VCPUS = WholeNumber(1, 1024)
_INSTANCE = Section(
    {
        "dollars_per_hour": _DOLLARS,
        "spot_dollars_per_hour": _DOLLARS,
        "vcpus": _VCPUS,
        "gpu": Text(),
        "cpu": Text(),
    },
    required=("dollars_per_hour", "vcpus"),
)
_TASK = Section({"vcpus": _VCPUS, "memory_gb": WholeNumber(1, 1024)}, required=("vcpus", "memory_gb"))
_FARGATE = Section(
    {
        "dollars_per_vcpu_hour": _DOLLARS,
        "dollars_per_gb_hour": _DOLLARS,
        "tasks": ListOf(_TASK, "a list of sizes with vcpus and memory_gb"),
    },
    required=("dollars_per_vcpu_hour", "dollars_per_gb_hour", "tasks"),
)
_TABLE = Section(
    {
        "date": _Day(),
        "region": Text(),
        "sources": ListOf(Text(), "a list of at least one text", fewest=1),
        "instances": ByName(_INSTANCE, "an object with at least one instance type", fewest=1),
        "fargate": _FARGATE,
        "spot_share": Number(0, 1, above_low=True),
        "rekognition": Section({"dollars_per_minute": _DOLLARS}, required=("dollars_per_minute",)),
    },
    required=("date", "region", "sources", "instances"),
)


def load_prices(path: Path = PRICES_PATH) -> Prices:
    """Read and check a price table.

    Raises:
        ConfigurationError: lists every problem with its path in the file, what was found and what is valid.
    """
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"the prices {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"the prices {path} are not JSON: {error}") from error
    if problems := _TABLE.problems("", document):
        raise ConfigurationError(*(f"{path.name}: {sentence}" for sentence in problems))
    share = document.get("spot_share")
    machines = {name: _instance(each, share) for name, each in document["instances"].items()}
    machines.update(_fargate_tasks(document.get("fargate", {"tasks": []})))
    per_minute = document.get("rekognition", {}).get("dollars_per_minute")
    return Prices(document["date"], document["region"], document["sources"], machines, per_minute)


def _instance(stated: Mapping[str, Any], spot_share: float | None) -> Machine:
    assumed = {} if spot_share is None else {"spot_dollars_per_hour": spot_share * stated["dollars_per_hour"]}
    return Machine(**{**assumed, **stated})


def _fargate_tasks(fargate: Mapping[str, Any]) -> dict[str, Machine]:
    return {
        f"fargate-{task['vcpus']}vcpu-{task['memory_gb']}gb": Machine(
            task["vcpus"] * fargate["dollars_per_vcpu_hour"]
            + task["memory_gb"] * fargate["dollars_per_gb_hour"],
            task["vcpus"],
        )
        for task in fargate["tasks"]
    }
