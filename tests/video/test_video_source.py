"""The life of a source: progress, sampling, threads, memory, closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from human_detector.analysis.sampling import FrameSampler
from human_detector.video.file import VideoFile
from human_detector.video.frame_converter import FrameConverter
from human_detector.video.source import Frame, VideoSource
from support.media import (
    H264,
    NOISE,
    clip,
    needs_ffmpeg,
)
from support.reading import read

pytestmark = [needs_ffmpeg, pytest.mark.usefixtures("decoder_threads")]


def test_progress_and_facts_while_reading(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4")) as video:
        assert (video.progress, video.info().frame_count, video.info().duration) == (0, 0, 0)
        seen = []
        for frame in video.frames():
            seen.append(video.progress)
            assert video.info().frame_count == frame.index + 1
        assert seen == sorted(seen)
        assert len(set(seen)) > 30
        assert 0 < seen[0] < 0.5
        assert video.progress == 1.0
    assert video.progress == 1.0


def test_progress_never_falls(sample: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound and pictures may lie far apart, so that the reading position jumps. Here it goes backwards."""
    in_order = VideoFile.packets
    monkeypatch.setattr(VideoFile, "packets", lambda file: reversed(list(in_order(file))))
    with VideoSource(sample("mjpeg.avi")) as video:
        seen = [video.progress for _ in video.frames()]
    assert len(seen) == 50
    assert seen == sorted(seen)
    assert seen[0] > 0.9


def test_only_sampled_frames_are_converted(
    sample: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = 0
    original = FrameConverter.convert

    def count(self: FrameConverter, frame: av.VideoFrame) -> object:
        nonlocal converted
        converted += 1
        return original(self, frame)

    path = sample("h264.mp4")
    every, _ = read(path)
    monkeypatch.setattr(FrameConverter, "convert", count)
    with VideoSource(path, is_sampled=FrameSampler(0.2).is_sampled) as video:
        some = list(video.frames())
    assert [frame.index for frame in some] == list(range(0, 50, 5))
    assert converted == 10
    for frame in some:
        assert frame.timestamp == every[frame.index].timestamp
        assert np.array_equal(frame.image, every[frame.index].image)
    assert video.info().frame_count == 50


def test_facts_where_no_frame_is_sampled(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4"), is_sampled=lambda index: False) as video:
        assert list(video.frames()) == []
    assert (video.info().width, video.info().height, video.info().frame_count) == (160, 120, 50)


def test_half_of_the_cores_decode(sample: Callable[[str], Path], decoder_threads: int) -> None:
    with VideoFile(sample("h264.mp4")) as file:
        assert len(list(file.container.decode(file.stream))) == 50
        context = file.stream.codec_context
        assert (context.thread_type.name, context.thread_count) == ("AUTO", decoder_threads)


@pytest.mark.parametrize("name", ["long.mp4", "long.avi"])
@pytest.mark.long
def test_memory_does_not_grow_with_the_length(tmp_path: Path, name: str) -> None:
    """Without stamps, as in AVI, FFmpeg must not look for them through the whole file either."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("there is no /proc to read the memory from")
    path = clip(tmp_path / name, *H264, "-preset", "ultrafast", size="640x480", frames=400, filters=NOISE)
    resident = []
    with VideoSource(path) as video:
        for frame in video.frames():
            if frame.index >= 50:
                resident.append(int(statm.read_text().split()[1]) * 4096)
    assert len(resident) == 350  # which have 350 * 0.92 MB as RGB, 70 MB as packets
    assert max(resident) - resident[0] < 30e6


def test_two_sources_at_once(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4")) as one, VideoSource(sample("h264.mkv")) as two:
        for a, b in zip(one.frames(), two.frames(), strict=True):
            assert a.timestamp == pytest.approx(b.timestamp, abs=0.001)


def test_an_abandoned_source_can_be_closed(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4")) as video:
        frames = video.frames()
        assert next(frames).index == 0
    assert video.info().frame_count == 1
    video.close()


def test_reading_on_after_close(sample: Callable[[str], Path]) -> None:
    """An error, and no crash in freed memory."""

    def drain(frames: Iterator[Frame]) -> None:
        for _ in frames:
            pass

    with VideoSource(sample("h264.mp4")) as video:
        frames = video.frames()
        next(frames)
    with pytest.raises(ValueError, match="closed"):
        drain(frames)
