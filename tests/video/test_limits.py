"""What a video may ask for in memory and in time, and what is said of one that asks for more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from human_detector.errors import VideoError
from human_detector.video import file as video_file
from human_detector.video.file import VideoFile
from human_detector.video.limits import VideoLimits
from human_detector.video.source import VideoSource
from support.formats import FORMATS
from support.media import H264, HEVC, NOISE, clip, needs_ffmpeg

pytestmark = needs_ffmpeg

SMALL_FRAMES = VideoLimits(max_frame_pixels=200 * 200)


@pytest.mark.parametrize("name", ["h264.mp4", "vp8.webm", "mjpeg.avi", "animation.gif", "raw.h264"])
def test_frames_that_are_larger_than_allowed(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path / name, *FORMATS[name], size="320x240", frames=5)
    with pytest.raises(VideoError) as error:
        VideoSource(path, limits=SMALL_FRAMES)
    assert str(error.value) == (
        "the video's frames are 320 x 240 pixels, 76800 in all; worker.max_frame_pixels allows 40000"
    )
    with VideoSource(path, limits=VideoLimits(max_frame_pixels=320 * 240)) as video:
        assert len(list(video.frames())) == 5


@pytest.mark.parametrize(
    ("name", "output"), [("grows.h264", H264), ("grows.hevc", HEVC), ("grows.ts", FORMATS["mpeg2.ts"])]
)
def test_frames_that_grow(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    """The frames of the declared size are there; the others were never decoded, and the result says so."""
    parts = [
        clip(tmp_path / f"{index}_{name}", *output, size=size, frames=10)
        for index, size in enumerate(("160x120", "640x480", "160x120"))
    ]
    path = tmp_path / name
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with VideoSource(path, limits=SMALL_FRAMES) as video:
        frames = list(video.frames())
    info = video.info()
    assert {frame.image.shape for frame in frames} == {(120, 160, 3)}
    assert 18 <= len(frames) <= 20
    assert not info.complete
    with VideoSource(path) as video:
        assert len(list(video.frames())) >= 28
    if not name.endswith(".ts"):  # MPEG-2's decoder does not tell why it refuses a frame
        assert "frames exceeded worker.max_frame_pixels" in info.damage


def test_frames_that_are_too_large_at_first(tmp_path: Path) -> None:
    """FFmpeg knows no size then. Asking again for it does not disturb the reading."""
    output = FORMATS["mpeg2.mpg"]
    parts = [clip(tmp_path / f"{size}.m2v", *output, size=size, frames=10) for size in ("640x480", "160x120")]
    path = tmp_path / "shrinks.m2v"
    path.write_bytes(parts[0].read_bytes() + 3 * parts[1].read_bytes())
    with VideoSource(path, limits=SMALL_FRAMES) as video:
        assert len(list(video.frames())) == 30
    assert (video.info().width, video.info().height) == (160, 120)
    assert not video.info().complete


@pytest.mark.parametrize("name", ["h264.mp4", "mjpeg.avi", "vp9.webm", "animation.gif"])
def test_more_frames_than_allowed(sample: Callable[[str], Path], name: str) -> None:
    """Where an index tells, at once; else when the first frame too many is there."""
    path = sample(name)
    with (
        pytest.raises(VideoError, match=r"^the video has \d+ frames or more; worker.max_frames allows 49$"),
        VideoSource(path, limits=VideoLimits(max_frames=49)) as video,
    ):
        list(video.frames())
    with VideoSource(path, limits=VideoLimits(max_frames=50)) as video:
        assert len(list(video.frames())) == 50


IN_LITTLE_MEMORY = """
import resource, sys
from human_detector.errors import VideoError
from human_detector.video import file as video_file
from human_detector.video.file import VideoFile
from human_detector.video import file
from human_detector.video.source import VideoSource

file.usable_cores = lambda: 1  # the stacks of earlier threads would be there to be used again
with VideoSource(sys.argv[1]) as video:
    list(video.frames())
file.usable_cores = lambda: 2 * int(sys.argv[3])
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 30 * 2**20,) * 2)
try:
    with VideoSource(sys.argv[2]) as video:
        for frame in video.frames():
            pass
    print(video.info())
except VideoError as error:
    print(error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
@pytest.mark.parametrize("threads", [1, 8])
def test_too_little_memory_is_no_damage(tmp_path: Path, sample: Callable[[str], Path], threads: int) -> None:
    """It ends in a sentence, and not as a video with frames that cannot be decoded."""
    path = clip(
        tmp_path / "large.mp4", *H264, "-preset", "ultrafast", size="3840x2160", frames=3, filters=NOISE
    )
    command = [sys.executable, "-c", IN_LITTLE_MEMORY, sample("h264.mp4"), path, str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "decoding the video needs more memory than worker.decoder_memory_mb allows\n"


@pytest.mark.parametrize(("size", "threads"), [("160x120", 16), ("3840x2160", 16), ("8192x4320", 10)])
def test_many_cores_do_not_take_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str, threads: int
) -> None:
    monkeypatch.setattr(video_file, "usable_cores", lambda: 128)
    path = clip(tmp_path / "one.avi", *FORMATS["mjpeg.avi"], size=size, frames=1)
    with VideoFile(path) as file:
        assert file.stream.codec_context.thread_count == threads
