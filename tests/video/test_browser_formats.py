"""Which videos browsers play, by what is in the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from human_detector.video.browser_formats import video_format
from support.chromium import Page, chromium
from support.media import clip, needs_ffmpeg
from support.report_page import needs_chromium

HEVC = ("-c:v", "libx265", "-x265-params", "log-level=error")
PLAYED = [
    pytest.param("v.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "video/mp4", id="h264"),
    pytest.param("v.mp4", ("-c:v", "libx264", "-pix_fmt", "yuvj420p"), "video/mp4", id="h264 full range"),
    pytest.param("v.mov", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "video/mp4", id="quicktime"),
    pytest.param("v.webm", ("-c:v", "libvpx"), "video/webm", id="vp8"),
    pytest.param("v.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p"), "video/webm", id="vp9"),
    pytest.param("v.mp4", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p"), "video/mp4", id="vp9 in mp4"),
    pytest.param("v.mp4", ("-c:v", "libsvtav1", "-pix_fmt", "yuv420p"), "video/mp4", id="av1"),
]


@needs_ffmpeg
@needs_chromium
@pytest.mark.parametrize(("name", "options", "media_type"), PLAYED)
def test_what_is_said_to_play_does(
    name: str, options: tuple[str, ...], media_type: str, browser: Page, tmp_path: Path
) -> None:
    video = clip(tmp_path / name, *options, frames=10)
    assert video_format(video).media_type == media_type
    page = tmp_path / "page.html"
    page.write_text(f'<video id="video" src="{name}"></video>')
    browser.open(page)
    browser.wait_for("document.getElementById('video').readyState >= 2")


@pytest.fixture(scope="module")
def browser() -> Page:
    with chromium() as page:
        yield page


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "options", "described"),
    [
        ("v.mp4", (*HEVC, "-pix_fmt", "yuv420p"), "HEVC (yuv420p) in MP4"),
        ("v.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p10le"), "H264 (yuv420p10le) in MP4"),
        ("v.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv444p"), "H264 (yuv444p) in MP4"),
        ("v.mkv", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "H264 (yuv420p) in Matroska"),
        ("v.avi", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "H264 (yuv420p) in AVI"),
        ("v.ts", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "H264 (yuv420p) in MPEG-TS"),
        ("v.mp4", ("-c:v", "mpeg4",), "MPEG4 (yuv420p) in MP4"),
        ("v.gif", (), "GIF (bgra) in GIF"),
    ],
)  # fmt: skip
def test_what_is_not_played_is_named(
    name: str, options: tuple[str, ...], described: str, tmp_path: Path
) -> None:
    found = video_format(clip(tmp_path / name, *options, frames=5))
    assert found.media_type is None
    assert str(found) == described


@needs_ffmpeg
def test_the_suffix_tells_nothing(tmp_path: Path) -> None:
    """The worker's files have none, and people rename theirs."""
    shutil.move(clip(tmp_path / "v.webm", "-c:v", "libvpx", frames=5), tmp_path / "v")
    shutil.move(clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=5), tmp_path / "v.mp4")
    assert video_format(tmp_path / "v").media_type == "video/webm"
    assert video_format(tmp_path / "v.mp4").media_type is None
