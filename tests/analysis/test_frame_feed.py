"""The frames of a video as detectors want them, decoded in this process."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from human_detector.analysis.frame_feed import LocalFeed, Wanted
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.video.source import VideoSource
from sample_clip import sample_clip


def test_a_frame_comes_in_every_size_that_is_wanted() -> None:
    frames = list(VideoSource(sample_clip()).frames())
    with closing(LocalFeed(sample_clip(), Wanted(0.5, 0, [(30, 40), None], held=1), lambda _: None)) as feed:
        sampled = list(feed.frames())
    assert [frame.index for frame in sampled] == [0, *range(2, len(frames), 2)]
    scaler = FrameScaler(30, 40)
    for frame in sampled:
        whole = frames[frame.index]
        assert frame.timestamp == whole.timestamp
        assert np.array_equal(frame.images[None], whole.image)
        assert np.array_equal(frame.images[30, 40], scaler.scale(whole.image))


def test_frames_before_the_first_one_that_is_wanted_are_passed_over_and_still_count(tmp_path: Path) -> None:
    reported: list[float] = []
    with closing(LocalFeed(sample_clip(), Wanted(1, 7, [None], held=1), reported.append)) as feed:
        first = next(feed.frames())
        assert first.index == 7
        assert feed.info().frame_count == 8
    assert len(reported) == 8, "every decoded frame is a sign of life"
