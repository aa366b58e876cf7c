"""Time stamps: those of the stream, and what is made of missing and senseless ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from human_detector.errors import VideoError
from human_detector.video.timestamps import Timestamps
from support.media import (
    needs_ffmpeg,
    probe_stamps,
    run_ffmpeg,
)
from support.reading import assert_same_stamps, read, stamps

pytestmark = needs_ffmpeg


def test_stamps_count_from_the_first_frame(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    path = tmp_path / "delayed.mp4"
    run_ffmpeg("-itsoffset", "1.5", "-i", sample("h264.mp4"), "-c", "copy", path)
    frames, info = read(path)
    assert_same_stamps(stamps(frames), probe_stamps(path))
    assert (frames[0].timestamp, frames[1].timestamp) == (0, 0.04)
    assert info.complete
    assert info.duration == pytest.approx(2)


def test_edit_list(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    """A copy that starts in the middle keeps frames that are not to be shown."""
    path = tmp_path / "trimmed.mp4"
    run_ffmpeg("-ss", "0.6", "-i", sample("h264.mp4"), "-c", "copy", path)
    frames, info = read(path)
    assert len(frames) == 35
    assert_same_stamps(stamps(frames), probe_stamps(path))
    assert info.complete


def test_no_stamps_at_all(sample: Callable[[str], Path]) -> None:
    path = sample("raw.h264")
    assert set(probe_stamps(path)) == {None}
    assert stamps(read(path)[0]) == pytest.approx([index / 25 for index in range(50)])


def test_joined_recordings(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    """The second part of a TS file starts its clock anew: time goes on."""
    part = sample("mpeg2.ts").read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(part + part)
    found = stamps(read(path)[0])
    assert len(found) == 100
    assert found == pytest.approx([index / 25 for index in range(100)], abs=0.05)


def test_timeline_without_stamps() -> None:
    timeline = Timestamps(10)
    assert [timeline.add(None, 0) for _ in range(3)] == pytest.approx([0, 0.1, 0.2])
    assert (timeline.fps, timeline.duration) == (pytest.approx(10), pytest.approx(0.3))


def test_timeline_with_a_missing_stamp() -> None:
    timeline = Timestamps(None)
    assert [timeline.add(stamp, 0.04) for stamp in (7, 7.04, None, 7.12)] == pytest.approx(
        [0, 0.04, 0.08, 0.12]
    )


def test_timeline_with_a_late_first_stamp() -> None:
    timeline = Timestamps(25)
    assert [timeline.add(stamp, 0) for stamp in (None, 9.0, 9.1)] == pytest.approx([0, 0.04, 0.14])


def test_timeline_never_goes_back() -> None:
    timeline = Timestamps(25)
    assert [timeline.add(stamp, 0.1) for stamp in (5, 5.1, 5.05, 5.2)] == pytest.approx([0, 0.1, 0.1, 0.2])
    assert timeline.add(0, 0.1) == pytest.approx(0.3), "a large step back is another recording"
    assert timeline.add(0.1, 0.1) == pytest.approx(0.4)


@pytest.mark.parametrize("rate", [None, 0, -1, 90000, math.nan, math.inf])
def test_timeline_with_a_senseless_rate(rate: float | None) -> None:
    timeline = Timestamps(rate)
    assert (timeline.fps, timeline.duration) == (0, 0)
    assert [timeline.add(None, 0), timeline.add(None, 0)] == [0, 0]
    assert (timeline.fps, timeline.duration) == (0, 0)


def test_timeline_does_not_believe_a_frame_of_hours() -> None:
    timeline = Timestamps(25)
    timeline.add(0, 0.04)
    timeline.add(0.04, 90_000)
    assert timeline.duration == pytest.approx(0.08)


def test_timeline_of_stamps_that_hardly_differ() -> None:
    """A time base of a 2^31st of a second, as damaged files have it."""
    times = Timestamps(25.0)
    assert [times.add(index / 2**31, 0) for index in range(5)] == [0, 0, 0, 0, 0]
    assert times.fps == 25


def test_timeline_beyond_all_measure() -> None:
    times = Timestamps(25.0)
    times.add(0, 0.04)
    with pytest.raises(VideoError, match=r"^the video's time stamps are damaged: 8e\+17 s lie between "):
        times.add(8e17, 0.04)
