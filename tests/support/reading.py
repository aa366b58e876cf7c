"""Reads videos for tests, as the product does and as plainly as can be."""

from __future__ import annotations

from pathlib import Path

import av

from human_detector.values import VideoInfo
from human_detector.video.source import Frame, VideoSource


def read(path: Path) -> tuple[list[Frame], VideoInfo]:
    with VideoSource(path) as video:
        frames = list(video.frames())
    return frames, video.info()


def stamps(frames: list[Frame]) -> list[float]:
    return [frame.timestamp for frame in frames]


def assert_same_stamps(found: list[float], expected: list[float | None]) -> None:
    assert len(found) == len(expected)
    for index, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        assert theirs is None or abs(ours - theirs) < 0.001, f"frame {index}: {ours} and not {theirs}"


def one_by_one(path: Path) -> int:
    """Decodes without frame threads, where no frame hides behind a damaged one; returns the number of frames."""
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        for packet in container.demux(stream):
            try:
                count += len(stream.decode(packet))
            except av.FFmpegError:
                continue
    return count
