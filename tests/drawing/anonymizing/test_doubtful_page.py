"""The page of doubtful moments in a real browser: what it shows, and the file that it saves."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.drawing.anonymizing.decisions import read_decisions
from human_detector.drawing.anonymizing.doubtful import (
    MomentPictures,
    doubtful_document,
    sentence_of,
    write_doubtful,
)
from human_detector.drawing.anonymizing.moments import Doubts
from human_detector.drawing.anonymizing.regions import Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from support.chromium import Page
from support.people_in_a_result import FACE, LYING, document, found
from support.report_page import needs_chromium
from support.worker_harness import wait_until

WEAK, LIES = found("face", FACE, track=9, score=0.12), found("person", LYING, track=4)
NAMES = ["low score, face:9, 0", "no head, person:4, 0"]


TITLE = "A </script><b>v</b>.mp4"


def write(folder: Path, decisions: dict[str, str] | None = None, title: str = TITLE) -> Path:
    """The page of a video with a weak face and somebody who lies."""
    result: dict[str, Any] = document([WEAK, LIES], [WEAK, LIES], [WEAK])
    result["video"] |= {"etag": "a-1", "file": "v.mp4"}
    scene = Scene(result, AnonymizingWishes())
    frames = scene.marks()
    moments = Doubts(scene, frames).moments()
    pictures = MomentPictures(frames, moments)
    for frame in frames:
        pictures.look(frame.index, np.full((100, 200, 3), 90, np.uint8))
    facts = doubtful_document(result, frames, moments, decisions or {}, ["location"])
    page = folder / "v.doubtful.html"
    write_doubtful(facts, title, pictures.addresses, page)
    return page


def test_the_facts_lie_beside_the_page(tmp_path: Path) -> None:
    write(tmp_path, {NAMES[0]: "fine"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.doubtful.html", "v.doubtful.json"]
    facts = json.loads((tmp_path / "v.doubtful.json").read_text())
    assert [(each["moment"], each["decision"], each["covered"]) for each in facts["moments"]] == [(NAMES[0], "fine", False), (NAMES[1], None, True)]  # fmt: skip
    assert facts["metadata_left_out"] == ["location"]
    assert sentence_of(facts["summary"]) == "3 frames, 0 faces, 0 heads by person, 2 whole people, 1 moment to look at, 1 decided"  # fmt: skip


@needs_chromium
def test_somebody_decides_and_saves(page: Page, tmp_path: Path) -> None:
    path = write(tmp_path)
    page.errors.clear()
    page.requests.clear()
    page.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.open(path)
    assert page.errors == []
    assert [each for each in page.requests if not each.startswith("data:")] == [path.as_uri()]
    # A name that is HTML is shown, not obeyed.
    assert (
        page.run("document.querySelector('h1').textContent") == "A </script><b>v</b>.mp4: moments to look at"
    )
    buttons = "[...document.querySelectorAll('article')].map((a) => [...a.querySelectorAll('button')].map((b) => b.textContent))"
    assert page.run(buttons) == [["Blur here too", "This is fine"], ["This is fine"]]
    assert page.run("[...document.querySelectorAll('img')].every((each) => each.naturalWidth === 420)")
    assert page.run("document.getElementById('save').disabled")
    for choice in ("article:nth-child(1) [data-choice=blur]", "article:nth-child(2) [data-choice=fine]"):
        page.run(f"document.querySelector('{choice}').click()")
    assert page.run("document.getElementById('count').textContent") == "2 of 2 decided"
    page.run("document.getElementById('save').click()")
    page.wait_for("!document.getElementById('next').hidden")
    wait_until(lambda: list(tmp_path.glob("*.decisions.json")) != [])
    (saved,) = tmp_path.glob("*.decisions.json")
    assert page.run("document.querySelector('#next code').textContent").startswith("--decisions ")
    decisions = read_decisions(saved)
    assert (decisions.etag, decisions.by_moment) == ("a-1", {NAMES[0]: "blur", NAMES[1]: "fine"})


@needs_chromium
def test_what_was_decided_before_is_shown(page: Page, tmp_path: Path) -> None:
    page.open(write(tmp_path, {NAMES[0]: "blur"}))
    pressed = "[...document.querySelectorAll('[aria-pressed=true]')].map((each) => each.dataset.choice)"
    assert page.run(pressed) == ["blur"]
    assert page.run("document.getElementById('count').textContent") == "1 of 2 decided"


@needs_chromium
@pytest.mark.parametrize("name", ["v", "it's", "$(touch x)", "a b; touch x", "-v", "`x`\u202e"])
def test_what_is_to_be_typed_next_does_no_more_than_it_says(name: str, page: Page, tmp_path: Path) -> None:
    """The video's name is a stranger's, and the line goes into a shell."""
    page.open(write(tmp_path, {NAMES[0]: "blur"}, title=f"{name}.mp4"))
    page.run("document.getElementById('save').click()")
    typed = page.run("document.querySelector('#next code').textContent")
    assert shlex.split(typed) == ["--decisions", f"{name}.decisions.json"]
