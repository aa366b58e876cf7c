"""A decoder that has been broken into can return wrong pictures of its own video, and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

import pytest

from support.breaking_in import House, house
from support.intruder import DEADLY, IN_VAIN, start_many_threads, try_all
from support.intruder_lies import LIES, PICTURES, WAITING, alive_for_ever

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux"),
    pytest.mark.long,
]


@pytest.fixture(scope="module")
def broken_into() -> Iterator[House]:
    """Processes that serve all tests here, as they should be able to."""
    with house() as made:
        yield made


def name_of(attack: Callable[..., None]) -> str:
    return attack.__name__


def test_the_kernel_refuses_what_an_intruder_tries(broken_into: House) -> None:
    answers = broken_into.try_attack(try_all.__name__).answers
    assert len(answers) > 20
    assert {attempt: answer for attempt, answer in answers.items() if answer not in IN_VAIN} == {}
    assert broken_into.is_whole()


@pytest.mark.parametrize("attack", DEADLY, ids=name_of)
def test_the_kernel_ends_what_is_dangerous(attack: Callable[..., None], broken_into: House) -> None:
    assert (
        broken_into.try_attack(attack.__name__).job == "failed attempt: the decoder died (signal 31)"
    )  # SIGSYS
    assert broken_into.is_whole()


@pytest.mark.parametrize("attack", LIES, ids=name_of)
def test_a_lie_ends_that_video_alone(attack: Callable[..., None], broken_into: House) -> None:
    job = broken_into.try_attack(attack.__name__).job
    assert re.fullmatch(r"failed attempt: the decoder sent what it must not send: .{1,2000}", job, re.DOTALL)
    assert broken_into.is_whole()


@pytest.mark.parametrize("attack", WAITING, ids=name_of)
def test_silence_is_a_stall(attack: Callable[..., None], broken_into: House) -> None:
    job = broken_into.try_attack(attack.__name__).job
    assert job == "failed attempt: the decoder made no progress for 2 s"
    assert broken_into.is_whole()


def test_threads_without_end_end_the_decoder(broken_into: House) -> None:
    job = broken_into.try_attack(start_many_threads.__name__).job
    assert re.fullmatch(r"failed attempt: the decoder started 1\d\d\d threads.*", job)
    assert broken_into.is_whole()


def test_signs_of_life_without_a_frame_end_with_the_time_of_the_job(broken_into: House) -> None:
    assert "worker.max_job_seconds" in broken_into.try_attack(alive_for_ever.__name__).job
    assert broken_into.is_whole()


@pytest.mark.parametrize("attack", PICTURES, ids=name_of)
def test_wrong_pictures_are_all_that_the_memory_can_hold(
    attack: Callable[..., None], broken_into: House
) -> None:
    assert broken_into.try_attack(attack.__name__).job == "done"
    assert broken_into.is_whole()
