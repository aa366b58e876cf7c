"""The page shows what was missed and what is wrong, the worst first, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.commands import evaluate as evaluate_command
from human_detector.video.writer import VideoWriter
from support.chromium import chromium
from support.evaluating import HEIGHT, WIDTH, coco, result, write_json
from support.report_page import needs_chromium

LARGE, SMALL, THERE, WRONG = (
    (100, 100, 300, 400),
    (500, 100, 520, 120),
    (600, 200, 700, 300),
    (800, 50, 900, 150),
)
FRAMES = 6
RED = (200, 30, 30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A video whose frames show a red large box, its result, and its labels."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.rectangle(picture, LARGE[:2], LARGE[2:], RED, cv2.FILLED)
    with VideoWriter(tmp_path / "clip.mp4", 25) as writer:
        for index in range(FRAMES):
            writer.write(picture, index / 25)
    found = [("face", 0.9, THERE), ("face", 0.7, WRONG), ("face", 0.2, LARGE)]
    document = result({index: {"Faces": found} for index in range(FRAMES)}, min_detection_score=0.05)
    document["video"] |= {"frame_count": FRAMES, "duration": FRAMES / 25, "file": "clip.mp4"}
    write_json(tmp_path / "clip.json", document)
    labelled = [("face", LARGE), ("face", SMALL), ("face", THERE)]
    write_json(tmp_path / "truth.json", coco({f"clip_{index}.jpg": labelled for index in range(FRAMES)}))
    return tmp_path


def evaluate(folder: Path, *more: str) -> Path:
    """Write the page."""
    arguments = ["--truth", str(folder / "truth.json"), "--output", str(folder / "out"), "--threshold", "0.5"]
    assert evaluate_command.main([str(folder / "clip.json"), *arguments, *more]) == 0
    return folder / "out" / "evaluation.html"


def look(page: Path, script: str) -> Any:
    """What a script finds in the page; the page complains of nothing and asks for nothing but itself."""
    with chromium() as browser:
        browser.open(page)
        found = browser.run(script)
        assert browser.errors == []
        assert {address for address in browser.requests if not address.startswith("data:")} == {page.as_uri()}
    return found


@needs_chromium
def test_the_worst_mistakes_come_first_and_once(folder: Path) -> None:
    script = """(() => {
      const figures = [...document.querySelectorAll("figure")];
      return JSON.stringify({
        captions: figures.map(figure => figure.textContent),
        widths: figures.map(figure => figure.querySelector("img").naturalWidth),
        headings: [...document.querySelectorAll("h2, h3")].map(each => each.textContent),
        overflow: document.documentElement.scrollWidth > window.innerWidth,
      });
    })()"""
    seen = json.loads(look(evaluate(folder), script))
    assert seen["captions"] == [
        "clip, frame 0, found with 0.20 only, and in 5 more",
        "clip, frame 0, and in 5 more",
        "clip, frame 0, score 0.70, and in 5 more",
    ]
    assert seen["widths"] == [400, 400, 400]
    assert seen["headings"][0] == "face by Faces"
    assert seen["headings"][-2:] == ["Misses", "False alarms"]
    assert not seen["overflow"]


@needs_chromium
def test_the_picture_is_of_the_mistake(folder: Path) -> None:
    """The first shows the red box: from 1/7 to 3/7 of the view, which ends at the left edge of the frame."""
    script = """(async () => {
      const image = document.querySelector("figure img");
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      return [...context.getImageData(canvas.width * 2 / 7, canvas.height / 2, 1, 1).data].slice(0, 3);
    })()"""
    assert look(evaluate(folder), script) == pytest.approx(RED, abs=25)


@pytest.mark.parametrize("how", ["gone", "another"])
def test_without_its_video_the_page_has_the_numbers_and_says_so(
    how: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "clip.mp4").unlink()
    if how == "another":
        with VideoWriter(folder / "clip.mp4", 25) as writer:
            writer.write(np.zeros((64, 64, 3), np.uint8), 0)
    page = evaluate(folder)
    text = page.read_text(encoding="utf-8")
    sentence = {
        "gone": f"no pictures of clip: the video is not at {folder / 'clip.mp4'}; --videos DIR says where it is",
        "another": "no pictures of clip: the video is not the one of the result: it is 64x64, in the result it is",
    }[how]
    assert sentence in capsys.readouterr().err
    assert sentence in text
    assert "<img" not in text
    assert "clip, frame 0, score 0.70, and in 5 more" in text


def test_the_videos_may_be_elsewhere(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "clip.mp4").rename(folder / "elsewhere" / "clip.mp4")
    assert evaluate(folder, "--videos", str(folder / "elsewhere")).read_text().count("<img") == 3


def test_names_on_the_page_are_words_whatever_is_in_them(folder: Path) -> None:
    text = (folder / "truth.json").read_text().replace('"face"', '"<b>face&"')
    (folder / "truth.json").write_text(text)
    page = evaluate(folder, "--label", "<b>face&=face").read_text(encoding="utf-8")
    assert "&lt;b&gt;face&amp; by Faces" in page
    assert "<b>" not in page
