"""Searches for a schedule under which something goes wrong, and for the shortest one of that kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulation.checkers import Violation, check
from simulation.clock import EPOCH
from simulation.history import History
from simulation.schedule import Schedule, draw
from simulation.simulation import run
from simulation.story import tell


@dataclass(frozen=True)
class Finding:
    """A schedule under which something goes wrong."""

    schedule: Schedule
    violations: Sequence[Violation]
    history: History

    def __str__(self) -> str:
        schedule = self.schedule
        dead = schedule.max_receive_count
        queue = "no dead-letter queue" if dead is None else f"a dead-letter queue after {dead} deliveries"
        lines = [
            f"seed {schedule.seed}: {len(schedule.frames)} videos of {schedule.frames} frames, "
            f"{schedule.workers} workers, {queue}"
            + (", asked for by one S3 event" if schedule.together else "")
            + "".join(f", nothing in record {video}" for video in sorted(schedule.bare)),
            *(f"  {event}" for event in schedule.events),
            *tell(self.history),
            f"The last fault ended at {self.history.faults_ceased_at - EPOCH:.0f} s.",
            *(f"VIOLATION of {violation.checker}: {violation.what}" for violation in self.violations),
        ]
        return "\n".join(lines)


def examine(schedule: Schedule) -> Finding | None:
    """What goes wrong under a schedule; None if nothing does."""
    history = run(schedule)
    violations = check(schedule, history)
    return Finding(schedule, violations, history) if violations else None


def search(first_seed: int, schedules: int, kinds: Sequence[type] = ()) -> Iterator[Finding | None]:
    """One schedule after another; with events of certain kinds only, if any are named."""
    for seed in range(first_seed, first_seed + schedules):
        yield examine(draw(seed, kinds))


def shortest(finding: Finding) -> Finding:
    """The same with as few events as possible: without each that it goes wrong without."""
    checker = finding.violations[0].checker
    found_one = True
    while found_one:
        found_one = False
        for event in finding.schedule.events:
            shorter = examine(finding.schedule.without(event))
            if shorter is not None and any(v.checker == checker for v in shorter.violations):
                finding, found_one = shorter, True
                break
    return finding
