"""The frames that are worth labelling are taken: spread, doubtful, and never two that look alike."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from human_detector.report.evaluation.doubt import disagreement, uncertainty
from human_detector.report.evaluation.worth_labelling import (
    CELLS,
    DISAGREEMENT,
    LEAST_CHANGE,
    SPREAD,
    UNCERTAIN,
    Candidates,
    choose,
)
from support.evaluating import result

FRAMES = 60
BOX, NEAR, OTHER = (0, 0, 100, 100), (10, 0, 110, 100), (500, 100, 600, 200)


def candidates(seed: int = 1, scenes: int = FRAMES, **worth: dict[int, float]) -> Candidates:
    """A video of 60 frames, with so many different pictures one after the other.

    Args:
        seed: of the pictures and the priorities.
        scenes: how many.
        worth: for each reason the frames that are worth something.
    """
    numbers = np.random.default_rng(seed)
    looks = numbers.integers(0, 255, (scenes, CELLS**2))[np.arange(FRAMES) * scenes // FRAMES]
    noise = numbers.integers(-2, 3, looks.shape)
    return Candidates(
        f"clip {seed}",
        np.arange(FRAMES) * 5,
        (looks + noise).clip(0, 255).astype(np.uint8),
        {
            SPREAD: np.ones(FRAMES),
            **{reason: np.array([each.get(i, 0.0) for i in range(FRAMES)]) for reason, each in worth.items()},
        },
        numbers.random(FRAMES),
    )


def test_frames_are_spread_over_the_video() -> None:
    video = candidates()
    choose([video], 9)
    indexes = sorted(video.chosen)
    assert len(indexes) == 9
    assert max(np.diff([-1, *indexes, FRAMES * 5])) <= 75, "half of the video is 150"
    assert min(np.diff(indexes)) >= 15


def test_no_two_look_alike() -> None:
    video = candidates(scenes=7)
    choose([video], 30)
    assert len(video.chosen) == 7
    looks = [video.looks[index // 5].astype(int) for index in video.chosen]
    assert all(np.abs(one - other).max() >= LEAST_CHANGE for one, other in combinations(looks, 2))


def test_each_reason_has_its_turn() -> None:
    video = candidates(uncertain={10: 0.2, 40: 1.5, 41: 1.4, 20: 0.9}, disagreement={30: 2})
    choose([video], 6)
    assert Counter(video.chosen.values()) == {SPREAD: 3, UNCERTAIN: 2, DISAGREEMENT: 1}
    assert video.chosen[40 * 5] == UNCERTAIN
    assert video.chosen[30 * 5] == DISAGREEMENT


def test_the_most_doubtful_frames_are_taken_but_not_two_in_a_row() -> None:
    video = candidates(uncertain={10: 0.2, 40: 1.5, 41: 1.4, 20: 0.9})
    assert [video.choose(UNCERTAIN) for _ in range(5)] == [True, True, True, True, False]
    assert [index // 5 for index in video.chosen] == [40, 20, 10, 41]


def test_every_video_has_its_share_and_what_one_lacks_comes_from_the_others() -> None:
    videos = [candidates(1), candidates(2, scenes=3), candidates(3)]
    choose(videos, 30)
    counts = [len(each.chosen) for each in videos]
    assert sum(counts) == 30
    assert counts[1] == 3
    assert abs(counts[0] - counts[2]) <= 1


def test_the_same_seed_takes_the_same() -> None:
    taken = []
    for seed in (1, 1, 2):
        video = candidates(seed)
        choose([video], 5)
        taken.append(video.chosen)
    assert taken[0] == taken[1] != taken[2]


def frame(*found: tuple[str, float, Any]) -> dict[str, Any]:
    """A frame with detections."""
    frames = result({0: {"D": list(found)}})["frames"]
    return dict(frames[0])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.4], 1), ([0.9, 0.1], 0), ([0.35, 0.45], 1.6), ([], 0)],
)
def test_uncertain_is_what_is_close_to_the_threshold(scores: list[float], expected: float) -> None:
    found = frame(*(("person", score, BOX) for score in scores))
    assert uncertainty(found, 0.4) == pytest.approx(expected)


def test_disagreement_counts_boxes_that_only_one_has() -> None:
    one = frame(("person", 0.9, BOX), ("person", 0.8, OTHER), ("person", 0.2, (700, 0, 800, 100)))
    assert disagreement([one, frame(("person", 0.5, NEAR), ("person", 0.5, OTHER))], 0.4) == 0
    assert disagreement([one, frame(("person", 0.5, NEAR))], 0.4) == 1
    assert disagreement([one, frame(("face", 0.5, BOX), ("person", 0.5, OTHER))], 0.4) == 2
    assert disagreement([one, one, frame()], 0.4) == 4
