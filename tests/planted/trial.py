"""Tries a fault: asks one guard after another, until one sees it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from planted.fault import Fault, planted
from planted.guards import GUARDS, Guard


@dataclass(frozen=True)
class Trial:
    """What came of a fault.

    Attributes:
        fault: that was planted.
        seconds: how long it took.
        guard: who saw it; None if nobody did.
        complaint: what that says is wrong.
    """

    fault: Fault
    seconds: float
    guard: Guard | None = None
    complaint: str = ""

    def __str__(self) -> str:
        if self.guard is None:
            return f"SURVIVED {self.seconds:6.1f} s  {self.fault.name}"
        return f"caught {self.seconds:8.1f} s  {self.fault.name}\n{'':19}{self.guard.name}: {self.complaint}"


def guards_for(fault: Fault) -> list[Guard]:
    """All guards, with the one that the fault names before the others."""
    return [*([Guard.of(fault.try_first)] if fault.try_first else []), *GUARDS]


def attempt(fault: Fault, guards: Sequence[Guard]) -> Trial:
    """Plant a fault, and ask guards until one sees it."""
    began = time.monotonic()
    with planted(fault) as environment:
        for guard in guards:
            if complaint := guard.complaint(environment):
                return Trial(fault, time.monotonic() - began, guard, complaint)
    return Trial(fault, time.monotonic() - began)


def attempts(faults: Iterable[Fault], only: Guard | None = None) -> Iterator[Trial]:
    """One fault after another.

    Args:
        faults: to plant.
        only: the guard to ask; all by default.
    """
    for fault in faults:
        yield attempt(fault, guards_for(fault) if only is None else [only])


def table(trials: Sequence[Trial]) -> str:
    """Who has seen what, for the reader of a report."""
    rows = [("fault", "where", "caught by", "seconds")]
    for trial in trials:
        by = "NOBODY" if trial.guard is None else _shown(trial)
        rows.append((trial.fault.name, trial.fault.place, by, f"{trial.seconds:.0f}"))
    rows.insert(1, ("---", "---", "---", "---:"))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _shown(trial: Trial) -> str:
    """The checker or the test."""
    words = trial.complaint.split()
    if words[:2] == ["VIOLATION", "of"]:
        return f"simulation: {words[2].rstrip(':')}"
    if words[:1] == ["FAILED"]:
        return words[1]
    return trial.guard.name if trial.guard else ""
