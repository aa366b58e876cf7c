"""What a day brings: when videos come, and how long each of them keeps a machine busy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DAY = 86_400.0
SPREAD = 0.6
"""Of the logarithm of the lengths: two videos in three are between 0.55 and 1.8 times the usual."""
WAVE = 0.8
"""The busiest hour has 1 + WAVE times the videos of the mean, the quietest 1 - WAVE."""
LONG_SHARE, LONG_TIMES = 0.01, 50
"""Of the heavy tail: one video in a hundred takes fifty times as long."""


@dataclass(frozen=True)
class Load:
    """Videos.

    Attributes:
        arrivals: when each comes, in seconds, in order.
        work: seconds of analysis of each.
    """

    arrivals: Sequence[float]
    work: Sequence[float]


def steady(videos: int, seconds: float, random: np.random.Generator) -> Load:
    """At any time of the day alike, one independent of the other."""
    return Load(np.sort(random.uniform(0, DAY, videos)).tolist(), _usual(videos, seconds, random))


def daily_wave(videos: int, seconds: float, random: np.random.Generator) -> Load:
    """Few at night and many at noon."""
    times = np.linspace(0, DAY, 1 + 24 * 60)
    come_until = times / DAY - WAVE * np.sin(2 * np.pi * times / DAY) / (2 * np.pi)
    arrivals = np.interp(random.uniform(0, 1, videos), come_until, times)
    return Load(np.sort(arrivals).tolist(), _usual(videos, seconds, random))


def all_at_once(videos: int, seconds: float, random: np.random.Generator) -> Load:
    """A whole archive."""
    return Load([0.0] * videos, _usual(videos, seconds, random))


def heavy_tail(videos: int, seconds: float, random: np.random.Generator) -> Load:
    """The daily wave, with a few videos that are very long; the mean is the same."""
    usual = daily_wave(videos, seconds, random)
    work = np.where(random.uniform(0, 1, videos) < LONG_SHARE, LONG_TIMES, 1) * np.array(usual.work)
    return Load(usual.arrivals, (work * seconds / work.mean()).tolist())


LOADS: Mapping[str, Callable[[int, float, np.random.Generator], Load]] = {
    "steady": steady,
    "daily wave": daily_wave,
    "all at once": all_at_once,
    "heavy tail": heavy_tail,
}


def _usual(videos: int, seconds: float, random: np.random.Generator) -> list[float]:
    lengths = random.lognormal(0, SPREAD, videos)
    scaled: list[float] = (lengths * seconds / lengths.mean()).tolist()
    return scaled
