"""Which frames are analysed: the rule in exact arithmetic."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

from human_detector.analysis.sampling import FrameSampler


def picks(frame_ratio: float, frames: int) -> list[int]:
    sampler = FrameSampler(frame_ratio)
    return [index for index in range(frames) if sampler.is_sampled(index)]


def rule(ratio: Fraction, frames: int) -> list[int]:
    """The rule as it is written down, slowly."""
    return [i for i in range(frames) if i == 0 or math.floor(i * ratio) > math.floor((i - 1) * ratio)]


def test_one_in_five() -> None:
    assert picks(0.2, 120) == list(range(0, 120, 5))
    assert len(picks(0.2, 120)) == 24


def test_every_frame() -> None:
    assert picks(1, 50) == list(range(50))
    assert picks(1.0, 50) == list(range(50))


@pytest.mark.parametrize(("ratio", "index"), [(0.29, 100), (0.7, 90)])
def test_ratios_that_floats_get_wrong(ratio: float, index: int) -> None:
    """29 and 63 are whole numbers, so these frames are picked. As floats the products are 28.99... and 62.99..."""
    assert FrameSampler(ratio).is_sampled(index)
    by_float = [i for i in range(1000) if i == 0 or math.floor(i * ratio) > math.floor((i - 1) * ratio)]
    assert picks(ratio, 1000) == rule(Fraction(str(ratio)), 1000)
    assert picks(ratio, 1000) != by_float


def test_the_rule_for_many_ratios() -> None:
    numbers = random.Random(7)
    ratios = [numbers.randint(1, 10**digits) / 10**digits for digits in (1, 2, 3, 6) for _ in range(25)]
    for ratio in ratios:
        exact = Fraction(str(ratio))
        assert picks(ratio, 400) == rule(exact, 400), ratio
        assert len(picks(ratio, 400)) - 1 == math.floor(399 * exact), ratio


def test_a_tiny_ratio_and_a_large_index() -> None:
    sampler = FrameSampler(1e-06)
    assert [index for index in (0, 1, 999_999, 1_000_000, 1_000_001) if sampler.is_sampled(index)] == [
        0,
        1_000_000,
    ]
    assert FrameSampler(0.1).is_sampled(10**15)
    assert not FrameSampler(0.1).is_sampled(10**15 + 1)


@pytest.mark.parametrize("ratio", [0, -0.2, 1.0000001, 5, math.nan, math.inf, "much", None, True])
def test_invalid_ratios(ratio: float) -> None:
    with pytest.raises(
        ValueError, match=r"frame_ratio is .*; valid is a number above 0 and at most 1"
    ) as error:
        FrameSampler(ratio)
    assert repr(ratio) in str(error.value)
