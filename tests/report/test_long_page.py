"""A page over a long video."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.report.page import render
from human_detector.report.page_data import pack
from support.chromium import Page
from support.report_page import cell, needs_chromium
from support.sample_results import sample_result


@needs_chromium
@pytest.mark.long
def test_an_hour_stays_fluid(page: Page, tmp_path: Path) -> None:
    """18000 analysed frames: few elements, and a slider that moves smoothly."""
    document = sample_result(18_000, tracks=True)
    for place, frame in enumerate(document["frames"]):
        frame["timestamp"] = place / 5
    document["video"]["duration"] = 3600.0
    packed = pack(document)
    data = {
        "title": "an hour",
        "video": document["video"],
        "humanDetection": {},
        "engine": document["engine"],
        "format": "H264 (yuv420p) in Matroska",
        "copy": None,
        "source": None,
        "stills": [],
        "moments": [],
    }
    path = tmp_path / "hour.html"
    path.write_text(render({**data, **packed}), encoding="utf-8")
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
