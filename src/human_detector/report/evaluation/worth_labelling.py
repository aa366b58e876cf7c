"""Chooses the frames that are worth labelling: spread, doubtful, and never two that look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.report.evaluation.doubt import Frame, disagreement, uncertainty
from human_detector.values import Image
from human_detector.video.source import VideoSource

SPREAD, UNCERTAIN, DISAGREEMENT = "spread", "uncertain", "disagreement"
CELLS = 16
"""A frame is compared by so many times so many cells,"""
LEAST_CHANGE = 12
"""and looks like another where no cell differs by so many of 255 grey levels."""


@dataclass
class Candidates:
    """The frames of one video that could be chosen, N of them.

    Attributes:
        name: of the video.
        indexes: of the frames [N].
        looks: what each looks like, roughly [N, cells].
        worth: for each reason how much each frame is worth [N].
        priority: decides between frames that are worth the same [N].
        chosen: the frames that were taken, and why.
    """

    name: str
    indexes: NDArray[np.int64]
    looks: NDArray[np.uint8]
    worth: Mapping[str, NDArray[np.float64]]
    priority: NDArray[np.float64]
    chosen: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free = np.ones(len(self.indexes), bool)
        self._distance = np.full(len(self.indexes), np.inf)

    def choose(self, reason: str) -> bool:
        """Take the frame that is worth most, if there is one.

        Args:
            reason: what counts. What is close to a frame that was taken is worth less.
        """
        # Half of the way to the next, if as many frames were spread evenly.
        reach = (np.ptp(self.indexes) + 1) / (2 * (len(self.chosen) + 1))
        worth = self.worth[reason] * np.minimum(self._distance / reach, 1) + 1e-9 * self.priority
        if reason == SPREAD:
            worth = np.where(np.isinf(self._distance), 0, self._distance) + self.priority
        worth = np.where(self._free & (self.worth[reason] > 0), worth, -np.inf)
        if not len(worth) or np.isinf(worth.max()):
            return False
        place = int(worth.argmax())
        self.chosen[int(self.indexes[place])] = reason
        change = np.abs(self.looks.astype(np.int16) - self.looks[place].astype(np.int16)).max(axis=1)
        self._free &= change >= LEAST_CHANGE
        self._distance = np.minimum(self._distance, np.abs(self.indexes - self.indexes[place]))
        return True


def candidates(
    video: Path, name: str, results: Sequence[Mapping[int, Frame]], threshold: float, seed: int
) -> Candidates:
    """What could be chosen of a video: the frames that all results have.

    Args:
        video: the file.
        name: of the video.
        results: of the video, one or more: each frame by its index.
        threshold: the score from which on a detection counts.
        seed: decides between frames that are worth the same.

    Raises:
        VideoError: the file can no longer be read.
    """
    wanted = sorted(set.intersection(*(set(frames) for frames in results)))
    looks = _looks(video, set(wanted))
    indexes = [index for index in wanted if index in looks]
    worth = {
        SPREAD: np.ones(len(indexes)),
        UNCERTAIN: np.array([uncertainty(results[0][index], threshold) for index in indexes]),
    }
    if len(results) > 1:
        worth[DISAGREEMENT] = np.array(
            [disagreement([frames[index] for frames in results], threshold) for index in indexes], float
        )
    return Candidates(
        name,
        np.array(indexes, np.int64),
        np.array([looks[index] for index in indexes], np.uint8).reshape(-1, CELLS * CELLS),
        worth,
        np.random.default_rng([seed, *name.encode()]).random(len(indexes)),
    )


def choose(videos: Sequence[Candidates], frames: int) -> None:
    """Choose frames: of each video in turn, for each reason in turn.

    Args:
        videos: where from; what is chosen is noted there.
        frames: how many; fewer where the rest looks like what is chosen.
    """
    reasons = list(videos[0].worth)
    turns = _turns(reasons, len(videos))
    left = frames
    idle = 0
    while left and idle < len(reasons) * len(videos):
        reason, place = next(turns)
        if videos[place].choose(reason):
            left, idle = left - 1, 0
        else:
            idle += 1


def _turns(reasons: Sequence[str], videos: int) -> Iterator[tuple[str, int]]:
    for turn in count():
        for place in range(videos):
            yield reasons[turn % len(reasons)], place


def _looks(video: Path, wanted: set[int]) -> dict[int, NDArray[np.uint8]]:
    """The cells of each wanted frame."""
    with VideoSource(video, is_sampled=wanted.__contains__) as source:
        return {frame.index: _cells(frame.image) for frame in source.frames()}


def _cells(image: Image) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.uint8).ravel()
