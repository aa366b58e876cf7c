"""What a video may be: formats, containers, sizes. What ffprobe and ffmpeg say is the reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.formats import FORMATS
from support.media import (
    H264,
    VP9,
    X264,
    clip,
    ffmpeg_image,
    needs_ffmpeg,
    probe_stamps,
    run_ffmpeg,
)
from support.reading import assert_same_stamps, read, stamps

pytestmark = [needs_ffmpeg, pytest.mark.usefixtures("decoder_threads")]


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_of_every_format(name: str, sample: Callable[[str], Path]) -> None:
    path = sample(name)
    frames, info = read(path)
    expected = probe_stamps(path)

    assert [frame.index for frame in frames] == list(range(len(expected)))
    assert_same_stamps(stamps(frames), expected)
    for frame in frames:
        assert frame.image.shape == (120, 160, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
    assert (info.width, info.height, info.frame_count) == (160, 120, len(expected))
    assert info.complete
    assert info.fps == pytest.approx((len(frames) - 1) / frames[-1].timestamp)
    assert 0.03 < info.duration - frames[-1].timestamp < 0.13
    if "uneven" not in name:
        assert info.frame_count == 50
        assert info.fps == pytest.approx(25)
        assert info.duration == pytest.approx(2)


def test_facts_as_they_stand_in_the_result_file(sample: Callable[[str], Path]) -> None:
    _, info = read(sample("h264.mp4"))
    assert json.loads(json.dumps(info.to_dict())) == {
        "width": 160,
        "height": 120,
        "fps": pytest.approx(25),
        "duration": pytest.approx(2),
        "frame_count": 50,
        "complete": True,
    }


@pytest.mark.parametrize("suffix", ["mkv", "avi", "mp4"])
def test_a_stream_that_is_shorter_than_its_sound(tmp_path: Path, suffix: str) -> None:
    _, info = read(clip(tmp_path / f"sound.{suffix}", *H264, sound=8))
    assert info.complete
    assert info.duration == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("one_pixel.mkv", ("-c:v", "ffv1", "-vf", "scale=1:1,format=yuv420p")),
        ("one_pixel.avi", ("-c:v", "rawvideo", "-vf", "scale=1:1,format=bgr24")),
        ("odd.mkv", ("-c:v", "ffv1", "-vf", "scale=35:17,format=yuv420p")),
        ("odd.webm", (*VP9, "-vf", "scale=35:17,format=yuv420p")),
        ("odd.mp4", (*X264, "-vf", "scale=35:17,format=yuv444p")),
        ("picture.png", ("-frames:v", "1")),
        ("picture.jpg", ("-frames:v", "1")),
        ("transparent.gif", ("-vf", "format=rgba,colorchannelmixer=aa=0.4")),
        ("wide_pixels.mp4", (*H264, "-vf", "setsar=2/1")),
    ],
)
def test_unusual_pictures(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    path = clip(tmp_path / name, *output, frames=5)
    frames, info = read(path)
    size = (1, 1) if "one_pixel" in name else (35, 17) if "odd" in name else (160, 120)
    assert (info.width, info.height) == size
    assert info.complete
    assert len(frames) == (1 if "picture" in name else 5)
    assert frames[0].timestamp == 0
    if "transparent" not in name:
        difference = np.abs(frames[0].image.astype(int) - ffmpeg_image(path, *size))
        assert difference.mean() < 3, "the first frame looks different"


def test_8k(tmp_path: Path) -> None:
    path = clip(tmp_path / "8k.mp4", *H264, "-preset", "ultrafast", size="7680x4320", frames=2)
    frames, info = read(path)
    assert [frame.image.shape for frame in frames] == [(4320, 7680, 3)] * 2
    assert info.complete


def test_a_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    picture = clip(tmp_path / "cover.jpg", "-frames:v", "1", size="600x400")
    video = clip(tmp_path / "plain.mp4", *H264, sound=1)
    path = tmp_path / "covered.mp4"
    both = ("-i", picture, "-i", video, "-map", "0", "-map", "1", "-c", "copy")
    run_ffmpeg(*both, "-disposition:v:0", "attached_pic", path)
    frames, info = read(path)
    assert (info.width, info.height, len(frames)) == (160, 120, 25)
    assert info.complete


def test_a_single_frame_takes_its_rate_from_the_stream(tmp_path: Path) -> None:
    _, info = read(clip(tmp_path / "one.mkv", "-c:v", "ffv1", frames=1, rate=10))
    assert info.fps == pytest.approx(10)
    assert info.duration == pytest.approx(0.1)
