"""What became of the videos of a batch, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from human_detector.commands.lines import say
from human_detector.commands.progress_display import clock_time
from human_detector.commands.tables import print_table

NAMED_FILES = 3
"""How many names a line about several files has."""


@dataclass
class Outcome:
    """What became of one video.

    Attributes:
        video: the file.
        state: `done`, `done before` (by an earlier run), `incomplete` (the file is damaged), `stopped`,
            `failed` or `not run`.
        reason: why it is so.
        frames: analysed frames.
        detections: by detector name.
        seconds: what it took.
        files: what was written, or was there already.
        is_new: whether the video was analysed now; else its result was there.
        remarks: what else is to be said of it.
    """

    video: Path
    state: str = "not run"
    reason: str = ""
    frames: int = 0
    detections: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0
    files: list[Path] = field(default_factory=list)
    is_new: bool = True
    remarks: list[str] = field(default_factory=list)

    def count(self, document: Mapping[str, Any]) -> None:
        """Take the counts from a result."""
        summary = document["summary"]
        self.frames = summary["analyzed_frames"]
        self.detections = {name: counts["detections"] for name, counts in summary["detectors"].items()}

    @property
    def is_good(self) -> bool:
        """Whether there is a whole result of a whole video, and all that was wished for."""
        return self.state in ("done", "done before")


def describe(outcome: Outcome) -> str:
    """A line about a video that is finished: why it is as it is, or else what was written."""
    what = outcome.reason
    if not what and outcome.files:
        result, *others = outcome.files
        beside = f", and beside it {', '.join(path.name for path in others)}" if others else ""
        what = f"{result}{beside}"
    line = ": ".join([outcome.video.name, outcome.state] + ([what] if what else []))
    has_old_result = outcome.state in ("done before", "incomplete") and not outcome.is_new
    return f"{line} (its result is there; --force makes it anew)" if has_old_result else line


def describe_skipped(skipped: Iterable[tuple[Path, str]]) -> list[str]:
    """A line for each reason why files are left out."""
    by_reason: dict[str, list[Path]] = {}
    for path, reason in skipped:
        by_reason.setdefault(reason, []).append(path)
    return [f"skipped {_some(paths)}: {reason}" for reason, paths in by_reason.items()]


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print what became of each video, and the counts."""
    print_table(
        ("VIDEO", "OUTCOME", "FRAMES", "DETECTIONS", "TIME"),
        [
            (
                str(outcome.video),
                outcome.state,
                str(outcome.frames),
                ", ".join(f"{name} {count}" for name, count in outcome.detections.items()) or "-",
                clock_time(outcome.seconds),
            )
            for outcome in outcomes
        ],
        right=("FRAMES", "TIME"),
    )
    for outcome in outcomes:
        for remark in outcome.remarks:
            say(f"{outcome.video}: {remark}")
        if outcome.reason and not outcome.is_good:
            say(f"{outcome.video}: {outcome.reason}")
    counts = Counter(outcome.state for outcome in outcomes)
    say(", ".join(f"{count} {state}" for state, count in counts.items()))


def _some(paths: Sequence[Path]) -> str:
    names = ", ".join(map(str, paths[:NAMED_FILES]))
    return names if len(paths) <= NAMED_FILES else f"{names} and {len(paths) - NAMED_FILES} more"
