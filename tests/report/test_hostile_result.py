"""A result, labels and a video's name from elsewhere, with script in every text: the pages show it, and run none.

What ran leaves its number in `window.ran`; what the page's policy refused is in `window.refused`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.commands import evaluate
from human_detector.drawing.anonymizing.doubtful import MomentPictures, doubtful_document, write_doubtful
from human_detector.drawing.anonymizing.moments import Doubts
from human_detector.drawing.anonymizing.regions import Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.report import page as report_page
from human_detector.report.page import write_report
from sample_clip import sample_clip
from support.chromium import Page
from support.evaluating import coco, result, write_json
from support.file_server import FileServer
from support.hostile import SCRIPTS, with_scripts
from support.people_in_a_result import FACE, LYING, document, found
from support.report_page import READY, VIDEO, needs_chromium, sample_clip_result

pytestmark = needs_chromium

WATCH = """
window.ran = []; window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.effectiveDirective));
"""


def report(folder: Path) -> Path:
    hostile = with_scripts(sample_clip_result())
    hostile["video"]["damage"] = f"cut{SCRIPTS}"
    hostile["video"]["complete"] = False
    write_report(sample_clip(), hostile, folder / "page.html", title=f"v\udcff{SCRIPTS}")
    return folder / "page.html"


def evaluation(folder: Path) -> Path:
    label, video = f"face{SCRIPTS}", f"clip{SCRIPTS}".replace("/", "")[:120]
    hostile = with_scripts(result({0: {"Faces": [("face", 0.9, (100, 100, 300, 400))]}}))
    hostile["video"]["file"] = f"{video}.mp4"
    write_json(folder / f"{video}.json", hostile)
    write_json(folder / "truth.json", coco({f"{video}_0.jpg": [(label, (500, 100, 600, 200))]}))
    arguments = ["--truth", str(folder / "truth.json"), "--output", str(folder / "out")]
    assert evaluate.main([str(folder / f"{video}.json"), *arguments]) == 0
    return folder / "out" / "evaluation.html"


def doubtful(folder: Path) -> Path:
    people: dict[str, Any] = document([found("face", FACE, track=9, score=0.12), found("person", LYING)])
    people["video"] |= {"etag": f"e{SCRIPTS}", "file": f"v{SCRIPTS}"}
    scene = Scene(people, AnonymizingWishes())
    frames = scene.marks()
    moments = Doubts(scene, frames).moments()
    pictures = MomentPictures(frames, moments)
    pictures.look(0, np.full((100, 200, 3), 90, np.uint8))
    facts = with_scripts(doubtful_document(people, frames, moments, {}, ["location"]))
    page = folder / "v.doubtful.html"
    addresses = {f"{name}{SCRIPTS}": address for name, address in pictures.addresses.items()}
    write_doubtful(facts, f"v{SCRIPTS}", addresses, page)
    return page


def open_watched(page: Page, path: Path) -> None:
    script = page.send("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    page.errors.clear()
    page.requests.clear()
    page.open(path)
    page.send("Page.removeScriptToEvaluateOnNewDocument", **script)


@pytest.mark.parametrize("make", [report, evaluation, doubtful])
def test_script_in_every_text_is_shown_and_does_nothing(
    make: Callable[[Path], Path], page: Page, tmp_path: Path
) -> None:
    path = make(tmp_path)
    open_watched(page, path)
    assert page.run("document.body.innerText.includes('<img src=x onerror=')"), "it is shown"
    page.run(
        "document.querySelectorAll('button, [tabindex]').forEach((each) => (each.focus(), each.click()))"
    )
    page.run("new Promise((done) => setTimeout(done, 100))")
    assert page.run("window.ran") == []
    assert page.run("window.refused") == [], "nothing of it got so far that the policy had to stop it"
    assert page.errors == []
    assert page.run("document.querySelectorAll('iframe, base, [onerror], [onload], [onfocus], [style*=fixed]').length") == 0  # fmt: skip
    elsewhere = [each for each in page.requests if not each.startswith(("data:", "blob:"))]
    assert elsewhere == [path.as_uri()]


@pytest.mark.parametrize("make", [report, evaluation, doubtful])
def test_what_slips_into_a_page_is_stopped_by_its_policy(
    make: Callable[[Path], Path], page: Page, tmp_path: Path
) -> None:
    """As if one text had been put in unescaped; the script of the page itself has run."""
    open_watched(page, make(tmp_path))
    # No policy keeps a `meta` from leading elsewhere.
    slip = "<style>body { display: none }</style>" + SCRIPTS.partition("<meta")[0]
    page.run(f"document.body.insertAdjacentHTML('beforeend', {json.dumps(slip)})")
    page.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran.push(7)'}))")  # fmt: skip
    page.wait_for("window.refused.length >= 5")
    assert page.run("window.ran") == []
    assert page.run("getComputedStyle(document.body).display") != "none"
    kinds = {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr"}
    # A page without a script has no rule for them but the one for everything.
    assert {each.replace("default-src", "script-src") for each in page.run("window.refused")} >= kinds
    assert not any("elsewhere" in address for address in page.requests)


def test_a_video_on_a_server_is_played_from_there_alone(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_page, "LARGEST_EMBEDDED_BYTES", 0)
    server = FileServer()
    server.supports_ranges = False
    try:
        server.files["/v.mp4"] = sample_clip().read_bytes()
        write_report(
            sample_clip(), sample_clip_result(), tmp_path / "page.html", address=f"{server.url}/v.mp4"
        )
        open_watched(page, tmp_path / "page.html")
        page.wait_for(READY)
        assert page.errors == []
        page.run(f"{VIDEO}.src = 'http://elsewhere.invalid/v.mp4'")
        page.wait_for("window.refused.includes('media-src')")
    finally:
        server.close()
