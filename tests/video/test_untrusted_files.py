"""What strangers send instead of a video: it is refused in a sentence, and nothing else is opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from human_detector.errors import VideoError
from human_detector.video.source import VideoSource
from support.media import (
    H264,
    clip,
    cut,
    needs_ffmpeg,
    overwrite,
    packet_positions,
    run_ffmpeg,
)
from support.reading import read

pytestmark = needs_ffmpeg


def make_empty(path: Path) -> None:
    path.touch()


def make_text(path: Path) -> None:
    path.write_text("This is a letter, not a film.\n" * 5000)


def make_noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(5_000_000))


def make_folder(path: Path) -> None:
    path.mkdir()


def make_nothing(path: Path) -> None:
    assert not path.exists()


def make_audio(path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path)


def make_song_with_cover(path: Path) -> None:
    picture = clip(path.with_suffix(".jpg"), "-frames:v", "1")
    song = ("-f", "lavfi", "-i", "sine=duration=1", "-i", picture, "-map", "0", "-map", "1")
    run_ffmpeg(*song, "-c:a", "aac", "-c:v", "copy", "-disposition:v", "attached_pic", path)


def make_cut_before_index(path: Path) -> None:
    whole = clip(path.with_name("whole.mp4"), *H264)
    cut(whole, path, packet_positions(whole)[-1][0])


def make_unknown_codec(path: Path) -> None:
    data = clip(path, *H264).read_bytes()
    assert b"avc1" in data
    path.write_bytes(data.replace(b"avc1", b"zz99"))


def make_undecodable(path: Path) -> None:
    whole = clip(path.with_name("whole.mp4"), *H264)
    overwrite(whole, path, packet_positions(whole))


def make_local_playlist(path: Path) -> None:
    clip(path.with_name("part.ts"), *H264)
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n")


def make_concat_list(path: Path) -> None:
    part = clip(path.with_name("part.mp4"), *H264)
    path.write_text(f"ffconcat version 1.0\nfile '{part}'\n")


def make_session_description(path: Path) -> None:
    path.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_empty, "the file is empty (0 bytes)"),
        (make_text, "the file is no video"),
        (make_noise, "the file is no video"),
        (make_folder, "the file is a folder"),
        (make_nothing, "the file does not exist"),
        (make_audio, "the file holds no video stream, only: audio (aac)"),
        (make_song_with_cover, "the file holds no video stream, only: audio (aac), cover picture (mjpeg)"),
        (make_cut_before_index, "whose index (moov) is missing"),
        (make_unknown_codec, "a format that no decoder here knows"),
        (make_undecodable, "not one frame of the file's video stream (h264) can be decoded"),
        (make_local_playlist, "the file is a playlist that refers to other files"),
        (make_concat_list, "the file is a playlist that refers to other files"),
        (make_session_description, "the file is a playlist that refers to other files"),
    ],
)
def test_files_that_are_no_video(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "upload.mp4"
    make(path)
    started = time.process_time()
    with pytest.raises(VideoError) as error:
        read(path)
    assert time.process_time() - started < 5
    assert reason in str(error.value)
    assert str(error.value).startswith(("the file", "not one frame of the file"))
    assert str(tmp_path) not in str(error.value)
    assert "upload" not in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "http:film.mp4",
        "concat:a.mp4|b.mp4",
        "file:film.mp4",
        "frame%03d.png",
        "frame*.png",
        "-i.mp4",
        "film.m3u8",
        "film",
    ],
)
def test_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """FFmpeg would read an address, a pattern or a format into most of these."""
    monkeypatch.chdir(tmp_path)
    clip(tmp_path / "frame001.png", "-frames:v", "1", size="32x32")
    Path(name).write_bytes(clip(tmp_path / "whole.mp4", *H264).read_bytes())
    with VideoSource(name) as video:
        assert len(list(video.frames())) == 25
    assert video.info().width == 160


def test_no_file_stays_open_after_an_error(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("there is no /proc to list open files")
    make_audio(tmp_path / "song.mp4")
    make_text(tmp_path / "letter.mp4")
    for name in ("song.mp4", "letter.mp4"):
        with pytest.raises(VideoError) as error:
            VideoSource(tmp_path / name)
        assert error.value.__traceback__, "keeps what the constructor held, so that nothing closes by chance"
        targets = [link.readlink() for link in descriptors.iterdir() if link.is_symlink()]
        assert not [target for target in targets if tmp_path in target.parents]
