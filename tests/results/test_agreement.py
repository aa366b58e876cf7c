"""How well two sets of detections of the same pictures agree."""

from __future__ import annotations

import pytest

from human_detector.results.agreement import compare
from human_detector.values import Box, Detection


def thing(score: float, x: float = 0.0, label: str = "1") -> Detection:
    return Detection(label, score, Box(x, 0.2, x + 0.2, 0.6))


def test_the_same_agrees_wholly() -> None:
    found = [[thing(0.9), thing(0.6, 0.5)], [], [thing(0.7)]]
    agreed = compare(found, found, 0.4)
    assert (agreed.boxes, agreed.matched, agreed.matched_at_threshold) == (6, 1.0, 1.0)
    assert (agreed.mean_score_difference, agreed.large_score_difference) == (0.0, 0.0)


@pytest.mark.parametrize(
    "other",
    [[], [thing(0.29)], [thing(0.9, 0.5)], [thing(0.9, 0.08)], [thing(0.9, label="2")]],
    ids=["missing", "far below the threshold", "elsewhere", "overlapping by 3/7", "of another class"],
)
def test_what_only_one_has_does_not_agree(other: list[Detection]) -> None:
    agreed = compare([[thing(0.8), thing(0.7, 0.7)]], [[*other, thing(0.7, 0.7)]], 0.4)
    strong = sum(each.score >= 0.4 for each in other)
    assert agreed.boxes == 3 + strong
    assert agreed.matched == agreed.matched_at_threshold == 2 / (3 + strong)


def test_a_box_just_below_the_threshold_is_found_again_but_not_at_the_threshold() -> None:
    agreed = compare([[thing(0.42)]], [[thing(0.38)]], 0.4)
    assert (agreed.boxes, agreed.matched, agreed.matched_at_threshold) == (1, 1.0, 0.0)
    assert agreed.mean_score_difference == pytest.approx(0.04)


def test_each_box_stands_for_one_only() -> None:
    twice = [thing(0.8), thing(0.8, 0.01)]
    assert compare([twice], [[thing(0.8)]], 0.4).matched == 2 / 3


def test_score_differences_are_of_what_counts() -> None:
    ours = [[thing(0.9), thing(0.35, 0.5)]]
    theirs = [[thing(0.7), thing(0.31, 0.5)]]
    assert compare(ours, theirs, 0.4).mean_score_difference == pytest.approx(0.2)


def test_pictures_are_compared_one_with_the_other() -> None:
    assert compare([[thing(0.8)], []], [[], [thing(0.8)]], 0.4).matched == 0
    with pytest.raises(ValueError, match="shorter"):
        compare([[], []], [[]], 0.4)
