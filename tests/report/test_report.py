"""The report, in a real browser."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from human_detector.aws.storage import VideoObject
from human_detector.commands import report as report_command
from human_detector.errors import Interrupted
from human_detector.report import page as report
from human_detector.report.moments import PER_DETECTOR, strongest_moments
from human_detector.report.page import relative_address, write_report
from human_detector.video_analyzer import VideoAnalyzer
from human_detector.worker import report_beside_result as worker_report
from sample_clip import sample_clip
from support.chromium import Page, chromium, find_chromium
from support.sample_results import sample_result
from support.worker_harness import Aws, run_worker

needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")

DETECTORS = [
    ["support.fake_detectors:InstantDetector", {"name": "FaceDetector"}],
    ["support.fake_detectors:InstantDetector", {"name": "</script><b>bold</b>"}],
]
VIDEO = "document.getElementById('video')"
READY = f"{VIDEO}.readyState >= 2"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The result of the sample clip; scores rise from 0.005 to 0.6 over the video."""
    result = VideoAnalyzer(detectors=DETECTORS, tracker=True).analyze(sample_clip()).to_dict()
    for place, frame in enumerate(result["frames"]):
        for found in frame["detections"]["FaceDetector"]:
            found["score"] = round((place + 1) / 40, 4)
    return result


@pytest.fixture
def path(document: dict[str, Any], tmp_path: Path) -> Path:
    write_report(sample_clip(), document, tmp_path / "page.html", title='A "clip" & <more>')
    return tmp_path / "page.html"


def cell(name: str, row: int = 1) -> str:
    """A script for a number in the table of counts."""
    column = ["now", "all", "frames", "most", "distinct"].index(name) + 2
    return f"document.querySelector('#counts tbody tr:nth-child({row}) > :nth-child({column})').textContent"


def move_slider(page: Page, value: float) -> None:
    page.run(
        f"(() => {{ const s = document.getElementById('threshold'); s.value = {value};"
        "s.dispatchEvent(new Event('input', {bubbles: true}));"
        "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); })()"
    )


def center(page: Page, selector: str, share: float = 0.5) -> tuple[float, float]:
    """A point of an element, that share of its width from its left side, in pixels of the window."""
    box = page.run(
        f"(() => {{ const e = document.querySelector('{selector}'); e.scrollIntoView({{block: 'center'}});"
        "const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
    )
    return box[0] + box[2] * share, box[1] + box[3] / 2


def painted(page: Page, selector: str) -> int:
    """How many pixels of a canvas are not empty."""
    number: int = page.run(
        f"(() => {{ const c = document.querySelector('{selector}');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()"
    )
    return number


@needs_chromium
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


@needs_chromium
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


@needs_chromium
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


@needs_chromium
def test_a_click_jumps(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    page.click(*center(page, "#tracks .strip", 0.75))
    page.wait_for(f"Math.abs({VIDEO}.currentTime - 3.0) < 0.05 && !{VIDEO}.seeking")
    assert page.run("document.getElementById('clock').textContent").startswith("0:03.0 / 0:04.0")
    page.run("document.querySelector('#moments tbody button').click()")
    target = page.run("JSON.parse(document.getElementById('data').textContent).moments[0].time")
    page.wait_for(f"Math.abs({VIDEO}.currentTime - {target}) < 0.01")


@needs_chromium
def test_boxes_keep_step_with_the_playback(page: Page, path: Path) -> None:
    page.open(path)
    page.wait_for(READY)
    page.run("document.getElementById('play').click()")
    page.wait_for(f"{VIDEO}.currentTime > 0.5")
    # The clock shows the frame that is shown: never ahead of the video, hardly behind.
    behind = page.run(
        f"{VIDEO}.currentTime - Number(document.getElementById('clock').textContent.slice(2, 5).replace(':', ''))"
    )
    assert -0.06 < behind < 0.6
    assert page.run("document.getElementById('play').textContent") == "Pause"
    page.run("document.getElementById('play').click()")
    page.wait_for(f"{VIDEO}.paused")


@needs_chromium
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


@needs_chromium
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


@needs_chromium
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


@needs_chromium
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


@needs_chromium
def test_a_video_that_is_not_there(
    page: Page, document: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and everything but the picture works."""
    monkeypatch.setattr(report, "LARGEST_EMBEDDED_BYTES", 0)
    write_report(sample_clip(), document, path, address="gone.mp4")
    page.open(path)
    page.wait_for("!document.getElementById('missing').hidden")
    page.click(*center(page, "#tracks .strip", 0.5))
    assert page.run("document.getElementById('clock').textContent").startswith("0:02.0")
    assert painted(page, "#overlay") > 100


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


@needs_chromium
def test_an_hour_stays_fluid(page: Page, tmp_path: Path) -> None:
    """18000 analysed frames: few elements, and a slider that moves smoothly."""
    document = sample_result(18_000, tracks=True)
    for place, frame in enumerate(document["frames"]):
        frame["timestamp"] = place / 5
    document["video"]["duration"] = 3600.0
    packed = report.pack(document)
    data = {
        "title": "an hour",
        "video": document["video"],
        "humanDetection": {},
        "engine": document["engine"],
        "source": None,
        "moments": [],
    }
    path = tmp_path / "hour.html"
    path.write_text(report.render({**data, **packed}), encoding="utf-8")
    assert path.stat().st_size < 5_000_000
    page.open(path)
    count = sum(counts["detections"] for counts in document["summary"]["detectors"].values())
    shown = sum(int(page.run(cell("all", row)).replace(",", "")) for row in (1, 2, 3))
    assert shown == count > 100_000
    assert page.run("document.querySelectorAll('*').length") < 400
    milliseconds = page.run(
        """(async () => {
          const slider = document.getElementById("threshold"), spent = [];
          for (let i = 0; i < 10; i++) {
            slider.value = 0.4 + i / 20;
            slider.dispatchEvent(new Event("input"));
            const began = performance.now();
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            spent.push(performance.now() - began);
          }
          return spent.sort((a, b) => a - b)[5];
        })()"""
    )
    assert milliseconds < 250, "half of that on a machine with nothing else to do"


# ---- without a browser ----


def test_moments_are_the_strongest_and_lie_apart() -> None:
    document = sample_result(200)
    moments = strongest_moments(document)
    assert [moment.frame["timestamp"] for moment in moments] == sorted(
        moment.frame["timestamp"] for moment in moments
    )
    for detector in document["summary"]["detectors"]:
        own = [moment for moment in moments if moment.detector == detector]
        strengths = [
            sum(each["score"] for each in frame["detections"][detector]) for frame in document["frames"]
        ]
        assert len(own) == PER_DETECTOR
        assert max(sum(moment.scores) for moment in own) == pytest.approx(max(strengths))
        times = [moment.frame["timestamp"] for moment in own]
        assert min(b - a for a, b in pairwise(times)) >= 1


def test_a_result_without_detections_has_a_report(tmp_path: Path) -> None:
    document = sample_result(3)
    for frame in document["frames"]:
        frame["detections"] = {detector: [] for detector in frame["detections"]}
    write_report(sample_clip(), document, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    data = json.loads(re.findall(r'<script type="application/json" id="data">(.*)</script>', page)[0])
    assert data["moments"] == []
    assert data["source"].startswith("data:video/mp4;base64,")


def test_a_stop_leaves_no_page(document: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        write_report(sample_clip(), document, tmp_path / "page.html", stop=lambda: True)
    assert list(tmp_path.iterdir()) == []


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


def page_data(path: Path) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*)</script>', path.read_text())
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_command(document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.json").write_text(json.dumps(document))
    arguments = [str(sample_clip()), str(tmp_path / "r.json"), "--output", str(tmp_path / "p.html")]
    assert report_command.main([*arguments, "--title", "my clip.mp4"]) == 0
    assert page_data(tmp_path / "p.html")["title"] == "my clip.mp4"
    assert report_command.main(["gone.mp4", *arguments[1:]]) == 1
    assert "the file does not exist" in capsys.readouterr().err


# ---- beside the worker's results ----


def test_the_worker_puts_a_report_beside_the_result(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip(), key="videos/my clip.mp4")
    run_worker(aws.variables(report=True), tmp_path)
    assert aws.keys() == ["human_detector/42/my clip.html", "human_detector/42/my clip.json"]
    page = aws.s3.get_object(Bucket=aws.bucket, Key="human_detector/42/my clip.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    (tmp_path / "page.html").write_bytes(page["Body"].read())
    data = page_data(tmp_path / "page.html")
    assert data["title"] == "my clip.mp4"
    assert data["summary"] == aws.result(42)["summary"]
    assert data["source"].startswith("data:video/mp4")


def test_without_the_setting_there_is_none(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip())
    run_worker(aws.variables(), tmp_path)
    assert aws.keys() == ["human_detector/42/42.json"]


VIDEO_OBJECT = VideoObject("b", "videos/a 1.mp4", "e", 1, {})


@pytest.mark.parametrize(("bucket", "address"), [("b", "../../videos/a%201.mp4"), ("other", "a%201.mp4")])
def test_the_worker_says_where_the_video_is(
    bucket: str, address: str, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from the page, in a program that stands in for human-detector report."""
    program = tmp_path / "program.py"
    program.write_text("import sys, pathlib; pathlib.Path(sys.argv[4]).write_text(sys.argv[-1])")
    monkeypatch.setattr(worker_report, "PROGRAM", (sys.executable, str(program)))
    page = worker_report.write_worker_report(
        VIDEO_OBJECT,
        tmp_path / "video",
        tmp_path / "r.json",
        bucket,
        "human_detector/42/a 1.html",
        lambda: None,
    )
    assert page is not None
    assert page.read_text() == address


def test_a_report_that_fails_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = (VIDEO_OBJECT, tmp_path / "video", tmp_path / "r.json", "b", "k.html", lambda: None)
    assert worker_report.write_worker_report(*arguments) is None
    assert "no report: human-detector report:" in caplog.text
    program = tmp_path / "program.py"
    program.write_text("import os; os.abort()")
    monkeypatch.setattr(worker_report, "PROGRAM", (sys.executable, str(program)))
    assert worker_report.write_worker_report(*arguments) is None
    assert "no report: status -6" in caplog.text


def test_a_report_ends_with_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(worker_report, "PROGRAM", (sys.executable, str(program)))

    def check() -> None:
        raise Interrupted("SIGTERM")

    with pytest.raises(Interrupted):
        worker_report.write_worker_report(
            VIDEO_OBJECT, tmp_path / "video", tmp_path / "r.json", "b", "k.html", check
        )
