"""What became of the videos of human-detector analyze, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    """

    video: Path
    state: str = "not run"
    reason: str = ""
    frames: int = 0
    detections: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0
    files: list[Path] = field(default_factory=list)
    is_new: bool = True

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
    """A line about a video that is finished."""
    what = outcome.reason
    if outcome.files and not what:
        others = f" and {len(outcome.files) - 1} more" if len(outcome.files) > 1 else ""
        what = f"{outcome.files[0]}{others}"
    before = "" if outcome.is_new else " (from before; --force runs it again)"
    return ": ".join([outcome.video.name, outcome.state] + ([what] if what else [])) + before


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
    counts = Counter(outcome.state for outcome in outcomes)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))


def _some(paths: Sequence[Path]) -> str:
    names = ", ".join(map(str, paths[:NAMED_FILES]))
    return names if len(paths) <= NAMED_FILES else f"{names} and {len(paths) - NAMED_FILES} more"
