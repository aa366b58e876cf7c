"""What tests of the report share: a result to make it of, and its page as a script or a person sees it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import sample_clip
from support.chromium import Page, find_chromium

needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")

DETECTORS = [
    ["support.fake_detectors:InstantDetector", {"name": "FaceDetector"}],
    ["support.fake_detectors:InstantDetector", {"name": "</script><b>bold</b>"}],
]
VIDEO = "document.getElementById('video')"
READY = f"{VIDEO}.readyState >= 2"


@cache
def sample_clip_result() -> dict[str, Any]:
    """The result of the sample clip; scores rise from 0.005 to 0.6 over the video. Not to be changed."""
    result = VideoAnalyzer(detectors=DETECTORS, tracker=True).analyze(sample_clip()).to_dict()
    for place, frame in enumerate(result["frames"]):
        for found in frame["detections"]["FaceDetector"]:
            found["score"] = round((place + 1) / 40, 4)
    return result


def write_result(video: Path, folder: Path | None = None, frame_ratio: float = 0.2) -> Path:
    """Writes the result of a video by a detector that needs no model, beside the video or elsewhere."""
    analyzer = VideoAnalyzer(
        detectors=[["support.fake_detectors:InstantDetector", {}]], frame_ratio=frame_ratio
    )
    path = (folder or video.parent) / f"{video.stem}.json"
    path.write_text(json.dumps(analyzer.analyze(video).to_dict()))
    return path


def page_data(path: Path) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*)</script>', path.read_text())
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def cell(name: str, row: int = 1) -> str:
    """A script for a number in the table of counts."""
    column = ["now", "all", "frames", "most", "distinct"].index(name) + 2
    return f"document.querySelector('#counts tbody tr:nth-child({row}) > :nth-child({column})').textContent"


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
