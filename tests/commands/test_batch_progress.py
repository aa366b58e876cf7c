"""How far a batch is, counted in frames."""

from __future__ import annotations

from human_detector.commands.batch_progress import BatchProgress, VideoWork


def test_the_share_of_each_video_is_that_of_its_frames() -> None:
    batch = BatchProgress([VideoWork(100, 1), VideoWork(300, 2)])
    assert batch.total == 400
    batch.start_video(0)
    batch.start_piece()
    assert batch.done(0.5) == 50
    batch.start_video(1)
    assert (batch.number, batch.done(0)) == (2, 100)
    batch.start_piece()
    assert batch.done(0.5) == 100 + 75
    batch.start_piece()
    assert batch.done(0.5) == 100 + 225


def test_what_is_left_undone_is_no_work_any_more() -> None:
    """A video fails at a tenth: the others are what is left."""
    batch = BatchProgress([VideoWork(100, 1), VideoWork(300, 1)])
    batch.start_video(0)
    batch.start_piece()
    batch.start_video(0.1)
    assert (batch.done(0), batch.total) == (10, 310)


def test_a_video_that_does_not_say_its_length_counts_as_the_usual_one() -> None:
    assert BatchProgress([VideoWork(100, 1), VideoWork(300, 1), VideoWork(0, 1)]).total == 600
    assert BatchProgress([VideoWork(0, 1), VideoWork(0, 1)]).total == 2


def test_what_is_there_already_is_no_work() -> None:
    batch = BatchProgress([VideoWork(100, 0), VideoWork(300, 1)])
    assert batch.total == 300
    batch.start_video(0)
    batch.start_video(0)
    assert batch.done(0) == 0
    assert BatchProgress([VideoWork(100, 0)]).total == 0


def test_one_piece_of_work_needs_no_line_for_the_whole() -> None:
    assert not BatchProgress([VideoWork(100, 1)]).is_long
    assert BatchProgress([VideoWork(100, 2)]).is_long
    assert BatchProgress([VideoWork(100, 1)] * 2).is_long
