"""A video given as the descriptor of an opened file, as the locked-up decoder gets it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from human_detector.errors import VideoError
from human_detector.video.file import VideoFile
from human_detector.video.opened import OpenedFile
from human_detector.video.source import VideoSource
from support.formats import FORMATS
from support.media import H264, NOISE, clip, needs_ffmpeg, overwrite, packet_positions, run_ffmpeg
from support.reading import read

pytestmark = needs_ffmpeg


@contextmanager
def opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("name", ["h264.mp4", "h264.ts", "vp9.webm", "mjpeg.avi"])
def test_the_same_frames_as_from_the_path(sample: Callable[[str], Path], name: str) -> None:
    path = sample(name)
    expected, facts = read(path)
    with opened(path) as descriptor:
        os.lseek(descriptor, 1000, os.SEEK_SET)  # wherever the owner has left it
        with VideoSource(descriptor) as video:
            found = list(video.frames())
        assert video.info() == facts
        os.pread(descriptor, 1, 0)  # it is still open
    assert [frame.timestamp for frame in found] == [frame.timestamp for frame in expected]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(found, expected, strict=True))


def test_a_damaged_end_is_read_twice_from_one_descriptor(tmp_path: Path) -> None:
    """For the last frames the file is opened again while it is open."""
    whole = clip(tmp_path / "whole.mp4", *FORMATS["h264.mp4"], frames=50, filters=NOISE)
    positions = packet_positions(whole)
    path = overwrite(whole, tmp_path / "damaged.mp4", [(positions[48][0], 5)])
    expected, facts = read(path)
    assert not facts.complete
    with opened(path) as descriptor, VideoSource(descriptor) as video:
        assert [frame.index for frame in video.frames()] == [frame.index for frame in expected]
        assert video.info() == facts


def test_two_readers_do_not_disturb_each_other(sample: Callable[[str], Path]) -> None:
    with (
        opened(sample("h264.mp4")) as descriptor,
        VideoSource(descriptor) as one,
        VideoSource(descriptor) as two,
    ):
        for a, b in zip(one.frames(), two.frames(), strict=True):
            assert np.array_equal(a.image, b.image)


WITHOUT_OPENING = """
import os, sys
from human_detector.video.source import VideoSource

def watch(event, arguments):
    if event in ("open", "os.stat", "os.listdir", "import", "socket.connect", "subprocess.Popen"):
        events.append((event, arguments[:1]))

events = []
warm, wanted = (os.open(path, os.O_RDONLY) for path in sys.argv[1:])
with VideoSource(warm) as video:
    assert len(list(video.frames())) == 50
sys.addaudithook(watch)
with VideoSource(wanted) as video:
    count = len(list(video.frames()))
assert not events, events
print(count, video.info().complete)
"""


@pytest.mark.parametrize(("name", "damaged"), [("vp9.webm", None), ("h264.mp4", 48), ("animation.gif", None)])
def test_nothing_is_opened_or_imported_after_a_first_video(
    tmp_path: Path, sample: Callable[[str], Path], name: str, damaged: int | None
) -> None:
    path = sample(name)
    if damaged is not None:
        path = overwrite(path, tmp_path / f"damaged_{name}", [(packet_positions(path)[damaged][0], 5)])
    command = [sys.executable, "-c", WITHOUT_OPENING, sample("mjpeg.avi"), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, complete = done.stdout.split()
    assert int(count) > 45
    assert complete == str(damaged is None)


def test_nothing_is_imported_for_other_tracks(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    """Sound, subtitles, an attachment, a cover picture."""
    (tmp_path / "said.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    clip(tmp_path / "cover.png", "-frames:v", "1", size="32x32")
    picture, path = clip(tmp_path / "sound.mkv", *H264, frames=50, sound=1), tmp_path / "all.mkv"
    covered = ("-attach", tmp_path / "cover.png", "-metadata:s:t:0", "mimetype=image/png")
    attached = ("-attach", tmp_path / "said.srt", "-metadata:s:t:1", "mimetype=font/ttf")
    copied = ("-map", "0", "-map", "1", "-c", "copy", *covered, *attached)
    run_ffmpeg("-i", picture, "-i", tmp_path / "said.srt", *copied, path)
    command = [sys.executable, "-c", WITHOUT_OPENING, sample("mjpeg.avi"), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "50 True\n"
    with VideoFile(path) as file:
        kinds = {stream.type for stream in file.container.streams}
    assert kinds >= {"video", "audio", "subtitle", "attachment"}


def test_the_reasons_are_those_of_a_path(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\npart.ts\n")
    for name, reason in [("empty.mp4", "the file is empty"), ("list.mp4", "the file is a playlist")]:
        with opened(tmp_path / name) as descriptor, pytest.raises(VideoError, match=reason):
            VideoSource(descriptor)


def test_a_descriptor_of_no_file() -> None:
    end, other = os.pipe()
    try:
        with pytest.raises(VideoError, match="the file cannot be read: Illegal seek"):
            VideoFile(end)
    finally:
        os.close(end)
        os.close(other)


def test_positions(tmp_path: Path) -> None:
    path = tmp_path / "ten"
    path.write_bytes(bytes(range(10)))
    file = OpenedFile(path)
    assert (file.size, file.read(3), file.tell()) == (10, b"\0\1\2", 3)
    assert (file.seek(2, os.SEEK_CUR), file.read(1)) == (5, b"\5")
    assert (file.seek(-1, os.SEEK_END), file.read(5), file.read(5)) == (9, b"\x09", b"")
    with pytest.raises(ValueError, match="no position -1"):
        file.seek(-1)
    file.close()
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read(1)
