"""What a campaign has found, as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

PROMISES = {
    "lost": "neither done nor in error, and nobody will see to it; or in error without a cause",
    "stuck": "not at rest when nothing happened any more",
    "stale": "a result that is not of the video that is there, as a whole",
    "foreign writes lost": "what others wrote to a record was changed",
    "left over": "partial results, files and processes that nobody needs",
    "analyses without cause": "a content analysed to its end twice, or an analysis lost that no fault explains",
}


@dataclass
class Report:
    """What happened in a campaign.

    Attributes:
        title: what was run.
        broken: by promise, what was found that breaks it.
        shares: of the jobs, from 0 to 1.
        counts: of what was done to the workers and to their jobs.
    """

    title: str
    broken: dict[str, list[str]] = field(default_factory=lambda: {promise: [] for promise in PROMISES})
    shares: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_fine(self) -> bool:
        """Whether no promise was broken."""
        return not any(self.broken.values())

    def table(self) -> str:
        """All of it, for a person."""
        lines = [self.title, "", "promised: none of these"]
        lines += [f"  {promise:<40}{len(found):>7}" for promise, found in self.broken.items()]
        lines += ["", "share of the jobs"]
        lines += [f"  {name:<40}{share:>7.1%}" for name, share in self.shares.items()]
        lines += ["", "what happened"]
        lines += [f"  {name:<40}{count:>7}" for name, count in sorted(self.counts.items())]
        for promise, found in self.broken.items():
            if found:
                lines += ["", f"{promise}: {PROMISES[promise]}", *(f"  {sentence}" for sentence in found)]
        return "\n".join(lines)
