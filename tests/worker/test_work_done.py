"""What the fault campaign makes of the logs of its workers: a lost analysis needs a fault that explains it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.torments import Hit
from support.work_done import WorkDone, work_done


def log_of(path: Path, *said: tuple[float, str]) -> Path:
    """The log of a worker that is at video 7."""
    lines = [
        {
            "time": datetime.fromtimestamp(at, UTC).isoformat(),
            "message_id": "m",
            "video_id": 7,
            "message": message,
        }
        for at, message in said
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"cut o')
    return path


FETCH = "fetching s3://bucket/videos/7.mp4, 100 bytes"
DONE = "done in 2.0 s: 120 frames analysed, result in s3://bucket/human_detector/7/7.json"
LOST = "not run: the step of record 7 has another owner"


@pytest.fixture
def lost(tmp_path: Path) -> WorkDone:
    """One worker loses its analysis from 100 to 110 s to another, which goes on with it."""
    first = log_of(tmp_path / "first.log", (100, FETCH), (110, LOST))
    second = log_of(tmp_path / "second.log", (106, FETCH), (106, "going on where ..."), (112, DONE))
    return work_done([first, second])


def test_a_lost_analysis_without_a_fault_is_named(lost: WorkDone) -> None:
    (sentence,) = lost.unexplained([])
    assert sentence == f"an analysis of video 7 was lost (not run: {LOST}), first.log"
    assert (lost.taken_over(), lost.resumed(), lost.completed_twice()) == ({7}, {7}, [])


@pytest.mark.parametrize(
    ("log", "video_id", "began", "ended", "explains"),
    [
        ("first.log", None, 101, 109, True),
        ("second.log", None, 101, 109, False),
        ("first.log", None, 90, 95, False),
        ("first.log", None, 111, 120, False),
        (None, None, 101, 103, True),
        (None, 7, 101, 101, True),
        (None, 8, 101, 101, False),
    ],
)
def test_what_explains_a_lost_analysis(
    lost: WorkDone,
    tmp_path: Path,
    log: str | None,
    video_id: int | None,
    began: float,
    ended: float,
    explains: bool,
) -> None:
    hit = Hit("hit", log and tmp_path / log, video_id, began, ended)
    assert (lost.unexplained([hit]) == []) == explains


def test_a_worker_that_says_nothing_more_was_killed(tmp_path: Path) -> None:
    log = log_of(tmp_path / "first.log", (100, FETCH))
    work = work_done([log])
    assert work.may_be_left == {7}
    assert len(work.unexplained([])) == 1
    assert work.unexplained([Hit("kill worker", log, began=130, ended=130)]) == []


def test_nothing_explains_that_a_content_is_analysed_to_its_end_twice(tmp_path: Path) -> None:
    another = FETCH.replace("100 bytes", "101 bytes")
    once = log_of(tmp_path / "once.log", (100, FETCH), (102, DONE), (103, another), (105, DONE))
    assert work_done([once]).completed_twice() == []
    again = log_of(tmp_path / "again.log", (106, FETCH), (108, DONE))
    assert work_done([once, again]).completed_twice() == ["video 7 was analysed 2 times to its end"]
