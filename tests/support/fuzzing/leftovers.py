"""Processes, descriptors, memory and files that a job has left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

SETTLED_SECONDS = 5
"""How long the kernel and the other processes may take to put away what a job has used."""


@dataclass(frozen=True)
class Belongings:
    """What is there when nothing is being done.

    Attributes:
        processes: below this one.
        descriptors: of this process and of the analysis.
        shared: pieces of shared memory that the analysis has mapped.
        files: in the scratch folder and among the shared memory.
    """

    processes: int
    descriptors: tuple[int, int]
    shared: int
    files: tuple[str, ...]

    def more_than(self, other: Belongings) -> Iterator[str]:
        """What is here and not in the other."""
        if self.processes > other.processes:
            yield f"{self.processes} processes instead of {other.processes}"
        for whose, mine, theirs in zip(
            ("our", "the analysis'"), self.descriptors, other.descriptors, strict=True
        ):
            if mine > theirs:
                yield f"{mine} of {whose} descriptors instead of {theirs}"
        if self.shared > other.shared:
            yield f"{self.shared} pieces of shared memory instead of {other.shared}"
        if new := set(self.files) - set(other.files):
            yield f"the files {', '.join(sorted(new))}"


def belongings(analysis: int, scratch: Path) -> Belongings:
    """What is there now.

    Args:
        analysis: process id of the analysis.
        scratch: the folder of files that come and go.
    """
    maps = Path(f"/proc/{analysis}/maps").read_text(encoding="utf-8", errors="replace")
    return Belongings(
        processes=len(psutil.Process().children(recursive=True)),
        descriptors=(_descriptors("self"), _descriptors(str(analysis))),
        shared=maps.count("/memfd:"),
        files=tuple(str(path) for path in scratch.rglob("*")),
    )


def leftovers(before: Belongings, analysis: int, scratch: Path) -> list[str]:
    """What is there and was not before, once everything has had its time to end."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while (left := [*belongings(analysis, scratch).more_than(before)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _descriptors(process: str) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))
