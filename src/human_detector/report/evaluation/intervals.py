"""How sure the numbers are: intervals by drawing the frames, or the videos, again and again (the bootstrap).

B. Efron, R. Tibshirani: An Introduction to the Bootstrap, 1993; intervals by percentiles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from human_detector.report.evaluation.quality import Draws

RESAMPLES = 1000
LEVEL = 0.95
FEWEST_VIDEOS = 5
"""From as many on, whole videos are drawn. Fewer say nothing about how videos differ."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and what was drawn.

    Attributes:
        unit: `video` or `frame`.
        count: how many of them there are.
        draws: how often each frame came, in each of the resamples.
    """

    unit: str
    count: int
    draws: Sequence[Draws]

    @property
    def words(self) -> str:
        """What the intervals mean, for a person."""
        share = f"{LEVEL:.0%} intervals"
        if self.unit == "video":
            return f"{share} from drawing the {self.count} videos anew {RESAMPLES} times"
        return (
            f"{share} from drawing the {self.count} frames anew within their videos {RESAMPLES} times: they "
            "hold for these videos, others may differ more"
        )


ROUNDING = 1e-9
Interval = tuple[float, float]


def draw(videos: Sequence[str], seed: int) -> Drawing:
    """Draw as many frames as there are, again and again.

    Frames of one video are alike. So whole videos are drawn where there are enough of them, and frames within
    their videos where there are not.

    Args:
        videos: the video of each frame.
        seed: the same gives the same.
    """
    generator = np.random.default_rng(seed)
    groups: dict[str, list[int]] = defaultdict(list)
    for place, video in enumerate(videos):
        groups[video].append(place)
    members = [np.array(places) for places in groups.values()]
    by_video = len(members) >= FEWEST_VIDEOS
    draws = []
    for _ in range(RESAMPLES):
        if by_video:
            chosen = [members[i] for i in generator.integers(len(members), size=len(members))]
        else:
            chosen = [generator.choice(places, size=len(places)) for places in members]
        draws.append(np.bincount(np.concatenate(chosen), minlength=len(videos)))
    return Drawing("video", len(members), draws) if by_video else Drawing("frame", len(videos), draws)


def interval_of(numbers: Sequence[float | None]) -> Interval | None:
    """The middle 95 % of the numbers that are known; None if none is."""
    known = [number for number in numbers if number is not None]
    if not known:
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def interval_of_share(numbers: Sequence[float | None], count: int) -> Interval | None:
    """The same for what lies between 0 and 1.

    Where all is right in everything that is drawn from, every draw says 1, however little there is to draw
    from. The exact bound for so many trials without a failure stands there (Clopper and Pearson, 1934), and
    likewise where nothing is right.

    Args:
        numbers: of each resample.
        count: how many frames, or videos, were drawn from.
    """
    interval = interval_of(numbers)
    if interval is None:
        return None
    bound = ((1 - LEVEL) / 2) ** (1 / count)
    low, high = interval
    return (bound if low > 1 - ROUNDING else low), (1 - bound if high < ROUNDING else high)
