"""How far a batch is, counted in frames, and how long the rest takes."""

from __future__ import annotations

import pytest

from human_detector.commands.batch_progress import BatchProgress, VideoWork

ONE, BOTH = ("analysis",), ("analysis", "copy")


def run_stage(batch: BatchProgress, now: float, seconds: float, upto: float = 1.0) -> float:
    """One stage in ten steps; returns the time of its end."""
    batch.start_stage(now)
    for step in range(1, 11):
        batch.advance(upto * step / 10, now + seconds * step / 10)
    return now + seconds


def test_the_share_of_each_video_is_that_of_its_frames() -> None:
    batch = BatchProgress([VideoWork(100, ONE), VideoWork(300, ONE)])
    assert batch.total == 400
    batch.start_video(0)
    batch.start_stage(0)
    batch.advance(0.5, 1)
    assert batch.done() == 50
    batch.advance(1, 2)
    batch.start_video(2)
    assert (batch.number, batch.done()) == (2, 100)
    batch.start_stage(2)
    batch.advance(0.5, 5)
    assert batch.done() == 100 + 150


def test_a_stage_counts_by_what_its_frames_cost() -> None:
    """Here a copy is four times as fast as an analysis."""
    batch = BatchProgress([VideoWork(100, BOTH), VideoWork(300, BOTH), VideoWork(500, ("copy",))])
    batch.start_video(0)
    now = run_stage(batch, 0, 5, upto=0.5)
    assert batch.seconds_left() == pytest.approx(5 + 10 + 60 + 50), (
        "a copy may cost the same, for all that is known"
    )
    batch.advance(1, now + 5)
    now = run_stage(batch, 10, 2.5)
    assert batch.seconds_left() == pytest.approx(30 + 7.5 + 12.5)
    batch.start_video(now)
    now = run_stage(batch, now, 15, upto=0.5)
    assert batch.seconds_left() == pytest.approx(15 + 7.5 + 12.5)
    assert batch.done() == pytest.approx(100 + 300 * 15 / 37.5)
    batch.advance(1, now + 15)
    batch.start_video(run_stage(batch, now + 15, 7.5))
    assert batch.seconds_left() == pytest.approx(12.5)


def test_nothing_is_promised_before_there_is_progress() -> None:
    batch = BatchProgress([VideoWork(100, BOTH)])
    assert batch.seconds_left() is None
    batch.start_video(0)
    batch.start_stage(0)
    batch.advance(0, 10)
    assert batch.seconds_left() is None


def test_what_an_earlier_run_has_done_is_soon_forgotten() -> None:
    """An analysis that goes on is quick to where it was."""
    batch = BatchProgress([VideoWork(10_000, ONE)])
    batch.start_video(0)
    batch.start_stage(0)
    batch.advance(0.5, 1)
    for second in range(2, 402):
        batch.advance(0.5 + (second - 1) / 10_000, second)
    # One frame a second; a twentieth of the quick ones still counts.
    assert batch.seconds_left() == pytest.approx(10_000 * 0.46 / 2.4, rel=0.1)
    for second in range(402, 1002):
        batch.advance(0.5 + (second - 1) / 10_000, second)
    assert batch.seconds_left() == pytest.approx(4000, rel=0.02)


def test_what_is_left_undone_is_no_work_any_more() -> None:
    """A video fails at a quarter: the others are what is left."""
    batch = BatchProgress([VideoWork(100, ONE), VideoWork(300, ONE)])
    batch.start_video(0)
    batch.start_stage(0)
    batch.advance(0.25, 1)
    batch.start_video(1)
    assert (batch.done(), batch.total) == (25, 325)
    assert batch.seconds_left() == pytest.approx(12)


def test_a_video_that_does_not_say_its_length_counts_as_the_usual_one() -> None:
    assert BatchProgress([VideoWork(100, ONE), VideoWork(300, ONE), VideoWork(0, ONE)]).total == 600
    assert BatchProgress([VideoWork(0, ONE), VideoWork(0, ONE)]).total == 2


def test_what_is_there_already_is_no_work() -> None:
    batch = BatchProgress([VideoWork(100, ()), VideoWork(300, ONE)])
    assert batch.total == 300
    batch.start_video(0)
    batch.start_video(0)
    assert batch.done() == 0
    assert BatchProgress([VideoWork(100, ())]).total == 0


def test_one_piece_of_work_needs_no_line_for_the_whole() -> None:
    assert not BatchProgress([VideoWork(100, ONE)]).is_long
    assert BatchProgress([VideoWork(100, BOTH)]).is_long
    assert BatchProgress([VideoWork(100, ONE)] * 2).is_long
