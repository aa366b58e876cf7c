"""The worker under thousands of schedules of faults. That the simulation finds what is wrong: tests/planted_faults.py."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from human_detector.worker.dead_letters import DeadLetters
from simulation.schedule import Freeze, Kill, Nth, Schedule, draw
from simulation.search import examine, search, shortest
from simulation.simulation import run
from simulation.story import tell
from support.paths import TESTS

SCHEDULES = 2000
PARTS = 8
"""They run side by side."""


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """No log: the stories tell what the worker does."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first_seed", range(1, SCHEDULES, SCHEDULES // PARTS))
def test_nothing_goes_wrong(first_seed: int, request: pytest.FixtureRequest) -> None:
    if request.config.option.quick and first_seed > 1:
        pytest.skip("a quick run has a part of the schedules")
    for finding in search(first_seed, SCHEDULES // PARTS):
        assert finding is None, str(shortest(finding))


def test_one_seed_gives_one_story() -> None:
    first, second = (list(tell(run(draw(17)))) for _ in range(2))
    assert first == second
    assert len(first) > 20


def test_the_shortest_schedule_has_only_what_it_takes() -> None:
    takes = Kill(Nth(1, "update_item"), 0)
    schedule = Schedule(
        seed=1,
        frames=(6,),
        forms=("own",),
        together=False,
        bare=frozenset(),
        workers=1,
        max_receive_count=1,
        events=(Freeze(Nth(90), 30, True, False), takes, Freeze(Nth(100), 30, True, False)),
    )
    with patch.object(DeadLetters, "look", lambda _: False):
        finding = examine(schedule)
        assert finding is not None
        short = shortest(finding)
    assert short.schedule.events == (takes,)
    story = str(short)
    assert "worker 1 receives message a (video 1, videos/1.mp4), delivery 1" in story
    assert "worker 1 is killed right after its dynamodb update_item" in story
    assert "VIOLATION of every_video_ends: record 1 says running for ever" in story


def test_the_command_says_how_it_went() -> None:
    done = subprocess.run(
        [sys.executable, str(TESTS / "simulation"), "--schedules", "5", "--seed", "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0 violations")
