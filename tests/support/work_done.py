"""Which analyses there were, read from what workers have logged, and which of them nothing explains."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from support.torments import Hit

BEGIN = re.compile(r"fetching s3://.*, (?P<size>\d+) bytes")
RESUME = "going on where"
MAY_BE_LEFT = ("the partial result could not be removed", "the partial result could not be saved")
END = re.compile(r"(done in|error:|interrupted:|not run:)")
SLACK_SECONDS = 2
"""What a fault brings about may show that much later."""


@dataclass
class Analysis:
    """One attempt at a video.

    Attributes:
        video_id: of which video.
        size: bytes of its content, which tell the contents of one video apart.
        log: of the worker.
        began: epoch seconds.
        ended: the same; infinite if the worker says nothing more about it.
        end: `done in`, `error:`, `interrupted:`, `not run:`, `begun anew`, or `killed` if nothing more is said.
        is_resumed: whether it went on with what an earlier one had left.
        said: how its end was logged.
    """

    video_id: int
    size: int
    log: Path
    began: float
    ended: float = float("inf")
    end: str = "killed"
    is_resumed: bool = False
    said: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether nothing came of it."""
        return self.end not in ("done in", "error:")


@dataclass
class WorkDone:
    """What became of the analyses of the videos.

    Attributes:
        analyses: all of them.
        may_be_left: videos whose partial result may be left, for the bucket's rule to expire: its worker was killed,
            or AWS did not answer it when it removed it, or asked whose it was.
    """

    analyses: list[Analysis] = field(default_factory=list)
    may_be_left: set[int] = field(default_factory=set)

    def taken_over(self) -> set[int]:
        """The videos that more than one worker was at."""
        logs: dict[int, set[Path]] = {}
        for analysis in self.analyses:
            logs.setdefault(analysis.video_id, set()).add(analysis.log)
        return {video_id for video_id, of_video in logs.items() if len(of_video) > 1}

    def resumed(self) -> set[int]:
        """The videos of which an attempt went on with what an earlier one had left."""
        return {analysis.video_id for analysis in self.analyses if analysis.is_resumed}

    def completed_twice(self) -> list[str]:
        """The contents that were analysed to their end more than once, which nothing explains."""
        done = Counter((each.video_id, each.size) for each in self.analyses if each.end == "done in")
        return [
            f"video {video_id} was analysed {n} times to its end"
            for (video_id, _), n in done.items()
            if n > 1
        ]

    def unexplained(self, hits: Iterable[Hit]) -> list[str]:
        """The analyses of which nothing came, though nothing was done to worker, services and video meanwhile."""
        hits = list(hits)
        return [
            f"an analysis of video {lost.video_id} was lost ({lost.end} {lost.said}), {lost.log.name}"
            for lost in self.analyses
            if lost.is_lost and not any(_explains(hit, lost) for hit in hits)
        ]


def work_done(logs: Iterable[Path]) -> WorkDone:
    """Read the logs of all workers, which are JSON."""
    work = WorkDone()
    for log in logs:
        at_work: dict[tuple[int, str], Analysis] = {}
        for line in _lines(log):
            # Another message for the same video is another job.
            said, job = line["message"], (int(line["video_id"]), line.get("message_id", ""))
            at = datetime.fromisoformat(line["time"]).timestamp()
            if begun := BEGIN.match(said):
                _end(at_work.pop(job, None), at, "begun anew")
                at_work[job] = Analysis(job[0], int(begun["size"]), log, at)
                work.analyses.append(at_work[job])
            elif said.startswith(MAY_BE_LEFT):
                work.may_be_left.add(job[0])
            elif said.startswith(RESUME) and job in at_work:
                at_work[job].is_resumed = True
            elif end := END.match(said):
                _end(at_work.pop(job, None), at, end[1], said)
        work.may_be_left |= {video_id for video_id, _ in at_work}
    return work


def _end(analysis: Analysis | None, at: float, end: str, said: str = "") -> None:
    if analysis is not None:
        analysis.ended, analysis.end, analysis.said = at, end, said


def _lines(log: Path) -> Iterable[dict[str, str]]:
    """What a worker has logged about videos."""
    for text in log.read_text(errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # The end of a worker that was killed.
            continue
        if "message" in line and "video_id" in line:
            yield line


def _explains(hit: Hit, lost: Analysis) -> bool:
    concerns = hit.log in (None, lost.log) and hit.video_id in (None, lost.video_id)
    return concerns and hit.began <= lost.ended and hit.ended + SLACK_SECONDS >= lost.began
