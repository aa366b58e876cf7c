"""Where the page takes its video from: out of itself, or from beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from human_detector.report import page as report
from human_detector.report.page import relative_address, write_report
from sample_clip import sample_clip
from support.chromium import Page
from support.report_page import READY, center, needs_chromium, painted


@needs_chromium
def test_a_video_that_is_not_there(
    page: Page, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and everything but the picture works."""
    monkeypatch.setattr(report, "LARGEST_EMBEDDED_BYTES", 0)
    path = tmp_path / "page.html"
    write_report(sample_clip(), document, path, address="gone.mp4")
    page.open(path)
    page.wait_for("!document.getElementById('missing').hidden")
    assert "is not where this page looks for it" in page.run("document.getElementById('missing').textContent")
    page.click(*center(page, "#tracks .strip", 0.5))
    assert page.run("document.getElementById('clock').textContent").startswith("0:02.0")
    assert painted(page, "#overlay") > 100


@needs_chromium
def test_a_chosen_file(
    page: Page, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It plays, or the page says that the browser does not play it."""
    monkeypatch.setattr(report, "LARGEST_EMBEDDED_BYTES", 0)
    write_report(sample_clip(), document, tmp_path / "page.html", address="gone.mp4")
    page.open(tmp_path / "page.html")
    page.wait_for("!document.getElementById('missing').hidden")
    (tmp_path / "notes.mp4").write_text("no video")
    choose(page, tmp_path / "notes.mp4")
    reason = "document.getElementById('missing-reason').textContent"
    page.wait_for(f"{reason} === 'Your browser does not play notes.mp4.'")
    page.wait_for("!document.getElementById('missing').hidden")
    choose(page, sample_clip())
    page.wait_for(READY)
    assert page.run("document.getElementById('missing').hidden")


def choose(page: Page, file: Path) -> None:
    root = page.send("DOM.getDocument")["root"]["nodeId"]
    node = page.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    page.send("DOM.setFileInputFiles", nodeId=node, files=[str(file)])


@needs_chromium
def test_a_large_video_is_taken_from_beside_the_page(
    page: Page, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LARGEST_EMBEDDED_BYTES", 0)
    video = tmp_path / "videos" / "a #1 & 50%.mp4"
    video.parent.mkdir()
    video.write_bytes(sample_clip().read_bytes())
    path = tmp_path / "out" / "page.html"
    path.parent.mkdir()
    write_report(video, document, path)
    page.errors.clear()
    page.open(path)
    page.wait_for(READY)
    assert page.errors == []


@pytest.mark.parametrize(
    ("video", "page", "address"),
    [
        ("a/v.mp4", "a/p.html", "v.mp4"),
        ("a/v.mp4", "a/b/c/p.html", "../../v.mp4"),
        ("a/b/ü 1.mp4", "a/p.html", "b/%C3%BC%201.mp4"),
        ("x/v.mp4", "y/p.html", "../x/v.mp4"),
    ],
)
def test_addresses_of_videos(video: str, page: str, address: str, tmp_path: Path) -> None:
    assert relative_address(tmp_path / video, tmp_path / page) == address
