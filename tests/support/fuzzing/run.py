"""One run: file after file through what is tried, and the counts of how they ended."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from support.fuzzing.ending import CRASH, Ending
from support.fuzzing.mutate import changed_file

FILES_PER_GOOD_VIDEO = 4
"""The next good video is tried after so many files, and after each that ended oddly."""


class Subject(Protocol):
    """What files are given to."""

    def judge(self, video: Path) -> Ending:
        """Have a file analysed."""

    def problems_after(self) -> list[str]:
        """What is wrong after it."""


@dataclass
class Findings:
    """What a run has shown.

    Attributes:
        endings: how many files ended how.
        sentences: how many with which sentence, numbers left out.
        origins: how many files were made of which clip.
        problems: a line for each file that must not have ended as it did.
        slowest: seconds that a file took at most.
        largest: MiB that a decoder was seen with at most.
    """

    endings: Counter[str] = field(default_factory=Counter)
    sentences: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest: float = 0
    largest: float = 0

    def add(self, origin: str, ending: Ending) -> None:
        """Count a file."""
        self.endings[ending.kind] += 1
        self.sentences[re.sub(r"\d+", "N", ending.sentence)] += ending.sentence != ""
        self.origins[origin] += 1
        self.slowest = max(self.slowest, ending.seconds)
        self.largest = max(self.largest, ending.memory_mb)

    def table(self) -> Iterator[str]:
        """What to print."""
        yield f"{self.endings.total()} files, made of {len(self.origins)} clips"
        for counts in (self.endings, +self.sentences):
            yield ""
            for name, count in counts.most_common():
                yield f"{count:8}  {name}"
        yield ""
        yield f"the slowest file took {self.slowest:.1f} s, the largest decoder {self.largest:.0f} MiB"


def fuzz(
    subject: Subject, clips: Mapping[str, bytes], seed: int, indices: Iterable[int], scratch: Path, kept: Path
) -> Findings:
    """Try files.

    Args:
        subject: what they are given to.
        clips: of which they are made.
        seed: of the run.
        indices: the numbers of the files; they end when there is enough.
        scratch: where a file lies while it is tried.
        kept: where a file goes that must not have ended as it did.
    """
    findings = Findings()
    for index in indices:
        changed = changed_file(clips, seed, index)
        video = scratch / "video"
        video.write_bytes(changed.data)
        ending = subject.judge(video)
        findings.add(changed.origin, ending)
        problems = [*ending.problems]
        if problems or ending.kind == CRASH or index % FILES_PER_GOOD_VIDEO == 0:
            problems += subject.problems_after()
        if problems or ending.kind == CRASH:
            kept.mkdir(parents=True, exist_ok=True)
            (kept / f"seed_{seed}_file_{index}_{changed.origin}").write_bytes(changed.data)
        for problem in problems:
            findings.problems.append(f"file {index} ({changed.origin}, {ending.kind}): {problem}")
    return findings


def until(seconds: float) -> Iterator[int]:
    """Numbers from 0 until the time is over, which begins with the first."""
    deadline = time.monotonic() + seconds
    yield from itertools.takewhile(lambda _: time.monotonic() < deadline, itertools.count())
