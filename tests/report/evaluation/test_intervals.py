"""The intervals hold what they are to hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from human_detector.report.evaluation.box_matching import Matches
from human_detector.report.evaluation.intervals import Drawing, draw, interval_of, interval_of_share
from human_detector.report.evaluation.quality import average_precision, rates

pytestmark = pytest.mark.long

TRUTHS, RECALL = 4, 0.7
SIMULATIONS = 120


def simulated(shares: np.ndarray, generator: np.random.Generator) -> Matches:
    """What a detector finds that finds each of four things in a frame with the frame's own probability."""
    found = generator.random((len(shares), TRUTHS)) < shares[:, None]
    frame = np.repeat(np.arange(len(shares)), found.sum(axis=1))
    hit = np.ones((10, len(frame)), bool)
    score = np.sort(generator.random(len(frame)))[::-1]
    return Matches(frame, score, hit, hit, np.full(len(shares), TRUTHS))


def covered(drawing: Drawing, shares: list[np.ndarray], seed: int, recall: float = RECALL) -> float:
    """How often the interval of the recall holds the true one."""
    generator = np.random.default_rng(seed)
    held = 0
    for each in shares:
        matches = simulated(each, generator)
        recalls = [rates(matches, 0, draws).recall for draws in drawing.draws]
        low, high = interval_of_share(recalls, drawing.count) or (1, 0)
        held += low <= recall <= high
    return held / len(shares)


def test_frames_of_one_video() -> None:
    drawing = draw(["clip"] * 30, seed=1)
    assert (drawing.unit, drawing.count) == ("frame", 30)
    assert 0.88 <= covered(drawing, [np.full(30, RECALL)] * SIMULATIONS, seed=2) <= 1


def test_few_frames_in_which_all_is_found_do_not_promise_that_all_will_be() -> None:
    drawing = draw(["clip"] * 20, seed=1)
    assert covered(drawing, [np.full(20, 0.99)] * SIMULATIONS, seed=6, recall=0.99) >= 0.88
    low, high = interval_of_share([1.0, 1 - 1e-16], 20) or (0, 0)
    assert (round(low, 3), high) == (0.832, 1)  # 0.025 ** (1 / 20)
    assert interval_of_share([0.0, 0.0], 20) == pytest.approx((0, 0.168), abs=1e-3)


def test_videos_that_differ() -> None:
    """Drawing frames would promise far too much here."""
    videos = [f"clip {place}" for place in range(20) for _ in range(8)]
    generator = np.random.default_rng(3)
    shares = [np.repeat(generator.beta(2.1, 0.9, 20), 8) for _ in range(SIMULATIONS)]
    drawing = draw(videos, seed=1)
    assert (drawing.unit, drawing.count) == ("video", 20)
    assert covered(drawing, shares, seed=4) >= 0.85
    assert covered(draw(["one"] * len(videos), seed=1), shares, seed=4) < 0.75


def test_few_videos_are_drawn_frame_by_frame_within_each() -> None:
    drawing = draw(["a"] * 3 + ["b"] * 5, seed=1)
    assert (drawing.unit, drawing.count) == ("frame", 8)
    assert {(int(draws[:3].sum()), int(draws[3:].sum())) for draws in drawing.draws} == {(3, 5)}


def test_the_same_seed_gives_the_same() -> None:
    first, again, other = (np.array(draw(["a"] * 9, seed).draws) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_frame_that_is_drawn_twice_counts_as_two_frames() -> None:
    generator = np.random.default_rng(5)
    hit = generator.random((10, 12)) < 0.6
    score = np.sort(generator.random(12))[::-1]
    frame = np.array([0, 1] * 6)
    once = Matches(frame, score, hit, np.ones_like(hit), np.array([5, 7]))
    copies = np.repeat(np.arange(12), np.where(frame == 0, 2, 1))
    twice = Matches(frame[copies], score[copies], hit[:, copies], hit[:, copies] | True, np.array([10, 7]))
    draws = np.array([2, 1])
    assert average_precision(once, draws) == average_precision(twice)
    assert rates(once, 0.5, draws) == rates(twice, 0.5)


def test_what_is_never_known_has_no_interval() -> None:
    assert interval_of([None, None]) is None
    assert interval_of([None, 0.25]) == pytest.approx((0.25, 0.25))
