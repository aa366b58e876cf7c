"""What a file, a folder or a pattern means, and which files are videos."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from human_detector.video.find_videos import find_videos
from human_detector.video.probe import STILL_PICTURE, why_no_video
from support.media import clip, cut, needs_ffmpeg

NO_VIDEO = "the file is no video, or its beginning is damaged: no known video format fits its contents"


def test_files_folders_and_patterns(tmp_path: Path) -> None:
    for name in (
        "b/x.mp4",
        "a/y.MOV",
        "a/notes.txt",
        "a/y.annotated.mp4",
        "c/x.mkv",
        "x [1].mp4",
        "a/.z.mp4",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    places = [f"{tmp_path}/b/*.mp4", f"{tmp_path}/x [1].mp4", str(tmp_path), f"{tmp_path}/gone.mp4"]
    found = find_videos(places, why_no_video)
    assert [str(path.relative_to(tmp_path)) for path in found.videos] == [
        "b/x.mp4",
        "x [1].mp4",
        "a/y.MOV",
        "c/x.mkv",
    ]
    assert found.refused == [(tmp_path / "gone.mp4", "the file does not exist")]
    assert found.skipped == [
        (tmp_path / "a" / ".z.mp4", "a hidden file"),
        (tmp_path / "a" / "notes.txt", "the file is empty (0 bytes)"),
        (tmp_path / "a" / "y.annotated.mp4", "made by human-detector"),
    ]


def test_a_pattern_may_name_folders(tmp_path: Path) -> None:
    for day in ("day_1", "day_2"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "clip.mp4").touch()
    found = find_videos([f"{tmp_path}/day_*"], why_no_video)
    assert [path.parent.name for path in found.videos] == ["day_1", "day_2"]


def test_the_same_file_counts_once(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.touch()
    (tmp_path / "link.mp4").symlink_to(video)
    assert find_videos([str(video), str(video), str(tmp_path), f"{tmp_path}/*.mp4"], why_no_video).videos == [
        video
    ]


def test_own_copies_are_analysed_where_they_are_meant(tmp_path: Path) -> None:
    """As when somebody wants to see whether a blurred copy still shows a face, and not for `*.mp4`."""
    for name in ("clip.mp4", "clip.blurred.mp4"):
        (tmp_path / name).touch()
    copy = tmp_path / "clip.blurred.mp4"
    assert find_videos([str(copy)], why_no_video).videos == [copy]
    found = find_videos([f"{tmp_path}/*.mp4"], why_no_video)
    assert found.videos == [tmp_path / "clip.mp4"]
    assert found.skipped == [(copy, "made by human-detector")]
    assert find_videos([str(tmp_path)], why_no_video).videos == [tmp_path / "clip.mp4"]


def test_what_is_no_ordinary_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe would be waited for without end."""
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to("nowhere")
    found = find_videos([f"{tmp_path}/pipe.mp4", f"{tmp_path}/link.mp4", str(tmp_path)], why_no_video)
    reasons = {"pipe.mp4": "no ordinary file", "link.mp4": "the link leads nowhere"}
    assert {path.name: why for path, why in found.skipped} == reasons
    assert {path.name: why for path, why in found.refused[:2]} == reasons
    assert found.refused[2] == (tmp_path, "there is no video in this folder")


@needs_ffmpeg
@pytest.mark.parametrize("name", ["x.gif", "x.apng", "x.avi", "x.ts", "x.nut", "x.y4m", "x.dat"])
def test_moving_pictures_are_videos(name: str, tmp_path: Path) -> None:
    output = ("-f", "matroska") if name == "x.dat" else ()
    assert why_no_video(clip(tmp_path / name, *output)) is None


@needs_ffmpeg
@pytest.mark.parametrize("name", ["x.gif", "x.apng", "x.png", "x.jpg", "x.bmp", "x.tiff", "x.webp"])
def test_a_still_picture_is_none(name: str, tmp_path: Path) -> None:
    assert why_no_video(clip(tmp_path / name, "-frames:v", "1", "-update", "1")) == STILL_PICTURE


@needs_ffmpeg
def test_a_photograph_with_a_preview_is_none(tmp_path: Path) -> None:
    """Telephones put a second JPEG behind the first."""
    photograph = clip(tmp_path / "photograph.jpg", "-frames:v", "1", "-update", "1")
    photograph.write_bytes(photograph.read_bytes() * 2)
    assert why_no_video(photograph) == STILL_PICTURE


@pytest.mark.parametrize(
    ("content", "why_not"),
    [
        pytest.param(b"Dear diary,\n" * 500, NO_VIDEO, id="text"),
        pytest.param(b"\x1b[1;31mart\x1b[0m\r\n" * 500, NO_VIDEO, id="ANSI art, which FFmpeg can draw"),
        pytest.param(
            b"1\n00:00:01,000 --> 00:00:02,000\nHi\n\n",
            "the file holds no video stream, only: subtitle (subrip)",
            id="subtitles",
        ),
        pytest.param(
            b"#EXTM3U\nfile.ts\n",
            "the file is a playlist that refers to other files, not a video",
            id="playlist",
        ),
        pytest.param(b"export const G = 1;\n" * 500, NO_VIDEO, id="TypeScript"),
        pytest.param(b'{"frames": []}', NO_VIDEO, id="JSON"),
        pytest.param(b"", "the file is empty (0 bytes)", id="empty"),
    ],
)
def test_text_is_no_video(content: bytes, why_not: str, tmp_path: Path) -> None:
    for suffix in ("txt", "ts", "dat"):
        file = tmp_path / f"x.{suffix}"
        file.write_bytes(content)
        assert why_no_video(file) == why_not


@needs_ffmpeg
def test_sound_and_damage_are_none(tmp_path: Path) -> None:
    sound = clip(tmp_path / "x.wav", "-vn", sound=1)
    assert why_no_video(sound) == "the file holds no video stream, only: audio (pcm_s16le)"
    cut(clip(tmp_path / "x.mp4"), tmp_path / "x.dat", 100)
    assert "moov" in str(why_no_video(tmp_path / "x.dat"))
