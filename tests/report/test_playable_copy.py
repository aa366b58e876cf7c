"""The copy of a video that browsers do not play, made by the commands and played by a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest
from numpy.typing import NDArray

from human_detector.errors import Interrupted, PermanentError
from human_detector.report import page as report
from human_detector.report.local_report import copy_path, write_local_report
from support.chromium import Page
from support.media import clip, needs_ffmpeg, probe_stamps, streams
from support.paths import TESTS
from support.report_page import READY, VIDEO, needs_chromium, page_data, write_result

pytestmark = pytest.mark.long

INSTANT = "--detector=support.fake_detectors:InstantDetector"
FORMATS = [
    pytest.param("v.avi", ("-c:v", "mpeg4", "-c:a", "pcm_s16le"), id="avi"),
    pytest.param("v.mp4", ("-c:v", "libx265", "-x265-params", "log-level=error", "-c:a", "aac"), id="hevc"),
    pytest.param("v.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-c:a", "ac3"), id="10 bits"),
    pytest.param("v.mkv", ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "libopus"), id="matroska"),
    pytest.param("v.gif", (), id="gif"),
]
SOUND_OF_COPY = {"pcm_s16le": "aac", "aac": "aac", "ac3": "aac", "libopus": "opus"}


def run(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "human_detector", command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert done.returncode == 0, done.stderr
    return done


def assert_it_plays(page: Page, path: Path) -> None:
    """The video in the page moves on, and is not black."""
    page.errors.clear()
    page.open(path)
    page.wait_for(READY)
    page.run("document.getElementById('play').click()")
    page.wait_for(f"{VIDEO}.currentTime > 0.3")
    assert shown(page, path.with_suffix(".png")).mean() > 60, "the test picture's colours, not black"
    assert page.run("document.getElementById('missing').hidden")
    assert page.errors == []


def shown(page: Page, picture: Path) -> NDArray[Any]:
    """The video as it is on the screen, without the boxes: [height, width, 3]."""
    left, top, width, height = page.run(
        f"(() => {{ document.getElementById('overlay').hidden = true; {VIDEO}.scrollIntoView();"
        f"const b = {VIDEO}.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; }})()"
    )
    page.screenshot(picture, whole=False)
    screen = cv2.imread(str(picture))
    picture.unlink()
    return screen[round(top) : round(top + height), round(left) : round(left + width)]


@needs_ffmpeg
@needs_chromium
@pytest.mark.parametrize(("name", "options"), FORMATS)
def test_analyze_makes_a_copy_that_plays(
    name: str, options: tuple[str, ...], page: Page, tmp_path: Path
) -> None:
    codec = options[-1] if options else None
    video = clip(tmp_path / name, *options, frames=50, sound=2 if codec else 0)
    done = run("analyze", INSTANT, "--output", tmp_path, video, "--report")
    copy = tmp_path / "v.playable.mp4"
    assert f"browsers do not play {page_data(tmp_path / 'v.report.html')['format']}" in done.stderr
    assert f"the page plays a copy, {copy}" in done.stderr
    (pictures,) = streams(copy, "v")
    assert (pictures["codec_name"], pictures["pix_fmt"]) == ("h264", "yuv420p")
    assert probe_stamps(copy) == pytest.approx([i / 25 for i in range(50)], abs=6e-3)
    assert [each["codec_name"] for each in streams(copy, "a")] == ([SOUND_OF_COPY[codec]] if codec else [])
    assert_it_plays(page, tmp_path / "v.report.html")
    note = page.run("document.getElementById('unplayable').textContent")
    assert note.startswith("Browsers do not play the video itself, ")
    assert note.endswith("what plays here is a copy, v.playable.mp4.")


@needs_ffmpeg
@needs_chromium
def test_the_report_command_makes_one_beside_the_page(page: Page, tmp_path: Path) -> None:
    video = clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=50)
    write_result(video)
    (tmp_path / "pages").mkdir()
    path = tmp_path / "pages" / "my page.html"
    done = run("report", video, tmp_path / "v.json", "--output", path)
    copy = tmp_path / "pages" / "my page.playable.mp4"
    assert done.stdout == f"{path}\n"
    assert done.stderr == (
        f"human-detector report: browsers do not play MPEG4 (yuv420p) in AVI: the page plays a copy, {copy}\n"
    )
    assert sorted(copy.parent.iterdir()) == [path, copy]
    assert_it_plays(page, path)


@needs_ffmpeg
@needs_chromium
def test_a_large_copy_is_taken_from_beside_the_page(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LARGEST_EMBEDDED_BYTES", 0)
    video = clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=50)
    write_result(video)
    document, path = json.loads((tmp_path / "v.json").read_text()), tmp_path / "v.report.html"
    copy = write_local_report(video, document, path)
    assert copy is not None
    assert page_data(path)["source"] == copy.name
    assert_it_plays(page, path)
    copy.rename(tmp_path / "moved.mp4")
    page.open(path)
    page.wait_for("!document.getElementById('missing').hidden")
    assert "Choose v.playable.mp4" in page.run("document.getElementById('missing').textContent")


@needs_ffmpeg
@needs_chromium
def test_without_a_copy_the_page_shows_pictures(page: Page, tmp_path: Path) -> None:
    """As beside the worker's results: it offers nothing that cannot help."""
    video = clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=50)
    write_result(video)
    path = tmp_path / "page.html"
    done = run("report", video, tmp_path / "v.json", "--output", path, "--no-copy")
    assert done.stderr == ""
    assert not list(tmp_path.glob("*.playable.mp4"))
    page.errors.clear()
    page.open(path)
    page.wait_for("document.getElementById('still').naturalWidth === 160")
    note = page.run("document.getElementById('unplayable').textContent")
    assert note.startswith("Browsers do not play this video, MPEG4 (yuv420p) in AVI. In its place there are")
    assert page.run("document.getElementById('missing').hidden"), "no 'Choose the video file'"
    assert page.run("document.getElementById('play').disabled")
    moments = page_data(path)["moments"]
    assert page.run("document.getElementById('clock').textContent").startswith(f"0:0{moments[0]['time']:.1f}")
    first = page.run("document.getElementById('still').src")
    page.run("[...document.querySelectorAll('#moments tbody button')].at(-1).click()")
    assert page.run("document.getElementById('still').src") != first
    page.run("document.querySelector('.strip').focus()")
    page.key("ArrowLeft", 37)
    assert page.run("document.getElementById('still').hidden"), "that frame has no picture"
    assert page.errors == []


@needs_ffmpeg
@needs_chromium
def test_a_page_without_anything_to_show_says_so(page: Page, tmp_path: Path) -> None:
    video = clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=10)
    write_result(video)
    document = json.loads((tmp_path / "v.json").read_text())
    for frame in document["frames"]:
        frame["detections"] = {"InstantDetector": []}
    (tmp_path / "v.json").write_text(json.dumps(document))
    run("report", video, tmp_path / "v.json", "--output", tmp_path / "page.html", "--no-copy")
    page.open(tmp_path / "page.html")
    assert "there are no pictures" in page.run("document.getElementById('unplayable').textContent")


@needs_ffmpeg
def test_a_copy_is_not_analysed_with_its_folder(tmp_path: Path) -> None:
    clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=10)
    run("analyze", INSTANT, "--output", tmp_path, tmp_path, "--report")
    done = run("analyze", INSTANT, "--output", tmp_path, tmp_path)
    assert "playable" not in done.stdout


@needs_ffmpeg
@pytest.mark.parametrize("asked_before", [0, 30, 60])
def test_a_stop_leaves_neither_page_nor_copy(asked_before: int, tmp_path: Path) -> None:
    video = clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=50)
    write_result(video)
    document = json.loads((tmp_path / "v.json").read_text())
    before = set(tmp_path.iterdir())
    asked = iter([False] * asked_before)
    with pytest.raises(Interrupted):
        write_local_report(video, document, tmp_path / "page.html", stop=lambda: next(asked, True))
    assert set(tmp_path.iterdir()) == before


@needs_ffmpeg
def test_progress_only_rises(tmp_path: Path) -> None:
    video = clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=50)
    write_result(video)
    shares: list[float] = []
    document = json.loads((tmp_path / "v.json").read_text())
    write_local_report(video, document, tmp_path / "page.html", progress=shares.append)
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert 0.8 < shares[-1] <= 1


@needs_ffmpeg
def test_a_copy_never_replaces_the_video(tmp_path: Path) -> None:
    video = clip(tmp_path / "v.playable.mp4", "-c:v", "mpeg4", frames=5)
    with pytest.raises(PermanentError, match="would be replaced by its own copy"):
        write_local_report(video, {}, tmp_path / "v.report.html")


@pytest.mark.parametrize(
    ("page", "copy"), [("v.report.html", "v.playable.mp4"), ("a/my.page.html", "a/my.page.playable.mp4")]
)
def test_where_the_copy_goes(page: str, copy: str) -> None:
    assert copy_path(Path(page)) == Path(copy)
