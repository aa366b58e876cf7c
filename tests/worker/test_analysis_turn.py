"""Whose turn the analysis process is, and when the next message may be fetched."""

from __future__ import annotations

import pytest

from human_detector.errors import LeaseLost
from human_detector.worker.analysis_turn import AnalysisTurn


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def nothing() -> None:
    """Goes on."""


def test_the_next_message_is_fetched_shortly_before_the_turn_is_free() -> None:
    clock = Clock()
    turn = AnalysisTurn(clock)
    assert turn.free_within(60)
    with turn.taken(nothing):
        assert not turn.free_within(60)
        turn.report(0.5)  # A job that was resumed starts in the middle.
        assert not turn.free_within(60)
        clock.now = 100
        turn.report(0.6)  # 0.1 in 100 s: 400 s are left.
        assert not turn.free_within(60)
        assert turn.free_within(401)
        clock.now = 441
        assert turn.free_within(60)
    assert turn.free_within(0)


def test_the_next_job_knows_nothing_of_the_last_ones_pace() -> None:
    clock = Clock()
    turn = AnalysisTurn(clock)
    with turn.taken(nothing):
        turn.report(0.1)
        clock.now = 1
        turn.report(0.9)
    with turn.taken(nothing):
        assert not turn.free_within(60)


def test_a_clock_that_stands_still_tells_no_pace() -> None:
    """As that of a machine that was frozen may. Found by the simulation."""
    turn = AnalysisTurn(Clock())
    with turn.taken(nothing):
        turn.report(0.1)
        turn.report(0.9)
        assert not turn.free_within(60)


def test_one_at_a_time_and_a_wait_can_be_ended() -> None:
    turn = AnalysisTurn()

    def lost() -> None:
        raise LeaseLost("gone")

    def wait_for_turn() -> None:
        with turn.taken(lost):
            pytest.fail("two at a time")

    with turn.taken(nothing), pytest.raises(LeaseLost):
        wait_for_turn()
    with turn.taken(lost):
        pass
