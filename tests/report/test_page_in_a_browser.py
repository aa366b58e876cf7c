"""The page in a real browser: what it shows, and what it does when a person uses it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from human_detector.report.page import write_report
from sample_clip import sample_clip
from support.chromium import Page
from support.report_page import READY, VIDEO, cell, center, needs_chromium, painted

pytestmark = needs_chromium


@pytest.fixture
def path(document: dict[str, Any], tmp_path: Path) -> Path:
    write_report(sample_clip(), document, tmp_path / "page.html", title='A "clip" & <more>')
    return tmp_path / "page.html"


def move_slider(page: Page, value: float) -> None:
    page.run(
        f"(() => {{ const s = document.getElementById('threshold'); s.value = {value};"
        "s.dispatchEvent(new Event('input', {bubbles: true}));"
        "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); })()"
    )


def test_it_loads_without_errors_and_without_a_network(page: Page, path: Path) -> None:
    page.errors.clear()
    page.requests.clear()
    page.open(path)
    page.wait_for(READY)
    assert page.errors == []
    assert [address for address in page.requests if not address.startswith(("data:", "blob:"))] == [
        path.as_uri()
    ]
    assert page.run("document.querySelector('h1').textContent") == 'A "clip" & <more>'
    assert page.run("document.title") == 'A "clip" & <more> - human detector'
    # A name that is HTML is shown, not obeyed.
    assert page.run("document.querySelector('b')") is None
    assert "</script><b>bold</b>" in page.run("document.getElementById('counts').textContent")
    assert page.run(cell("all")) == "24"
    assert page.run(cell("distinct")) == "1"


def test_boxes_are_drawn_where_they_are(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    # The fake detector's box: the middle half. Its left side has its colour, and what lies within has none.
    width, height = page.run(
        "[document.getElementById('overlay').clientWidth, document.getElementById('overlay').clientHeight]"
    )
    alpha = "document.getElementById('overlay').getContext('2d').getImageData({}, {}, 1, 1).data[3]"
    assert page.run(alpha.format(round(width / 4), height // 2)) > 100
    assert page.run(alpha.format(width // 2, height // 2)) == 0


def test_boxes_lie_on_the_picture_where_pixels_are_not_square(page: Page, path: Path) -> None:
    """The sample clip's are 128:117, so that 176x144 are shown as four by three."""
    page.open(path)
    page.wait_for(READY)
    shown = "(() => { const v = document.querySelector('video'); return v.videoWidth / v.videoHeight; })()"
    stage = (
        "(() => { const s = document.getElementById('overlay'); return s.clientWidth / s.clientHeight; })()"
    )
    assert page.run(shown) == pytest.approx(4 / 3, abs=0.02)
    assert page.run(stage) == pytest.approx(4 / 3, abs=0.02)


def test_the_slider_filters(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    lane, moments = (
        "#tracks .lane canvas",
        "[...document.querySelectorAll('#moments tbody tr')].filter((r) => !r.hidden).length",
    )
    before = painted(page, lane), page.run(moments)
    move_slider(page, 0.31)
    assert page.run(cell("all")) == "12", "frames 13 to 24 have 0.325 and more"
    assert painted(page, lane) < 0.7 * before[0]
    assert page.run(moments) < before[1]
    assert page.run("document.getElementById('threshold-value').textContent") == "0.31"
    page.run("document.querySelector('#counts input').click()")
    assert page.run(cell("all")) == "0", "a detector can be switched off"
    move_slider(page, 1)
    assert page.run(moments) == 0
    assert page.run("!document.getElementById('no-moments').hidden")
    assert painted(page, "#overlay") == 0


def test_a_click_jumps(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    page.click(*center(page, "#tracks .strip", 0.75))
    page.wait_for(f"Math.abs({VIDEO}.currentTime - 3.0) < 0.05 && !{VIDEO}.seeking")
    assert page.run("document.getElementById('clock').textContent").startswith("0:03.0 / 0:04.0")
    page.run("document.querySelector('#moments tbody button').click()")
    target = page.run("JSON.parse(document.getElementById('data').textContent).moments[0].time")
    page.wait_for(f"Math.abs({VIDEO}.currentTime - {target}) < 0.01")


def test_boxes_keep_step_with_the_playback(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    page.run(f"{VIDEO}.loop = true")
    page.run("document.getElementById('play').click()")
    page.wait_for(f"{VIDEO}.currentTime > 0.5")
    # Asked for after the page's own, so called after it for the same frame, however busy the machine is.
    media_time, shown = page.run(
        f"new Promise((done) => {VIDEO}.requestVideoFrameCallback((_, {{ mediaTime }}) =>"
        "done([mediaTime, Number(document.getElementById('clock').textContent.slice(2, 6))])))"
    )
    assert shown == pytest.approx(media_time, abs=0.051), "the clock has tenths of a second"
    assert page.run("document.getElementById('play').textContent") == "Pause"
    page.run("document.getElementById('play').click()")
    page.wait_for(f"{VIDEO}.paused")


def test_a_frame_from_before_a_jump_does_not_undo_it(page: Page, path: Path) -> None:
    """Browsers hand out frames late. Here the test hands them out."""
    keep = "HTMLVideoElement.prototype.requestVideoFrameCallback = function (f) { window.onFrame = f; };"
    script = page.send("Page.addScriptToEvaluateOnNewDocument", source=keep)
    page.open(path)
    page.send("Page.removeScriptToEvaluateOnNewDocument", **script)
    page.wait_for(READY)
    page.click(*center(page, "#tracks .strip", 0.75))
    page.run("window.onFrame(0, {mediaTime: 0.5})")
    assert page.run("document.getElementById('clock').textContent").startswith("0:03.0")


def test_the_keyboard_is_enough(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    page.run("document.querySelector('.strip').focus()")
    page.key("End", 35)
    page.wait_for(f"{VIDEO}.currentTime > 3.9")
    page.key("Home", 36)
    page.wait_for(f"{VIDEO}.currentTime < 0.01")
    page.key("ArrowRight", 39)
    assert page.run("document.querySelector('.strip').getAttribute('aria-valuenow')") == "0.17"
    move_slider(page, 0.31)
    page.run("document.querySelector('#counts tbody tr:nth-child(2) input').click()")
    page.run("document.activeElement.blur()")
    page.key("n", 78, "n")
    first = float(page.run("document.querySelector('.strip').getAttribute('aria-valuenow')"))
    assert first == pytest.approx(60 / 29.97, abs=0.01), "the first frame with that score"
    page.key(" ", 32, " ")
    page.wait_for(f"!{VIDEO}.paused")
    page.key(" ", 32, " ")
    page.wait_for(f"{VIDEO}.paused")


def test_a_screen_reader_is_told(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    page.click(*center(page, "#tracks .strip", 0.5))
    page.wait_for(
        "document.getElementById('status').textContent.startsWith('0:02.0. FaceDetector 1, best 0.')"
    )
    strip = "document.querySelector('.strip')"
    assert page.run(f"{strip}.getAttribute('aria-valuetext')").startswith("0:02.0, 1 found, best score 0.3")
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    named: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            named.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    for role in ("button", "slider", "checkbox", "table", "region"):
        assert named[role], role
        assert all(named[role]) or role == "table", f"{role} without a name: {named[role]}"
    assert "Time line of FaceDetector" in named["slider"]
    assert any(name.startswith("Jump to 0:0") for name in named["button"])


def test_light_and_dark(page: Page, path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.set_dark(True)
    page.open(path)
    dark = page.run(ground)
    page.set_dark(False)
    page.wait_for(f"{ground} !== '{dark}'")
    light = page.run(ground)
    page.run("document.getElementById('theme').click()")
    assert page.run(ground) == dark != light


def test_what_is_wrong_with_the_video_is_said(page: Page, document: dict[str, Any], tmp_path: Path) -> None:
    damaged = {
        **document,
        "video": {**document["video"], "complete": False, "damage": "the file ends <early>"},
    }
    write_report(sample_clip(), damaged, tmp_path / "page.html")
    page.open(tmp_path / "page.html")
    note = "document.getElementById('incomplete')"
    assert page.run(f"{note}.textContent") == "The video is not complete: the file ends <early>."
    assert not page.run(f"{note}.hidden")


def test_a_telephone_shows_all_of_it(page: Page, document: dict[str, Any], tmp_path: Path) -> None:
    """360 pixels: nothing lies beyond the edge, or behind a bar to scroll with."""
    write_report(sample_clip(), document, tmp_path / "page.html", title="a_name_without_any_space" * 4)
    page.open(tmp_path / "page.html", width=360, height=740)
    page.wait_for(READY)
    assert page.run("document.documentElement.scrollWidth") <= 360
    beyond = "[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > 360)"
    assert page.run(f"{beyond}.map((e) => e.tagName + e.id)") == []
    assert page.run(cell("distinct")) == "1"


def test_where_nothing_was_found_the_least_score_is_zero(
    page: Page, document: dict[str, Any], tmp_path: Path
) -> None:
    nothing = copy.deepcopy(document)
    for frame in nothing["frames"]:
        frame["detections"] = {name: [] for name in frame["detections"]}
    write_report(sample_clip(), nothing, tmp_path / "page.html")
    page.open(tmp_path / "page.html")
    page.wait_for(READY)
    assert page.run("document.getElementById('threshold-value').textContent") == "0.00"
    assert page.run("document.getElementById('no-moments').innerText") == "Nothing was found in this video."
