"""Makes the pictures of the README and of these pages with the product itself.

.venv/bin/python docs/make_pictures.py        (after ./run_tests.sh, which gets the models and Chromium)
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("demo", "tests")]

from support.requirements import need_packages_of  # noqa: E402

need_packages_of("requirements-dev.txt")

import cv2  # noqa: E402

from human_detector.drawing.annotation import annotate, contact_sheet, scale_to_width  # noqa: E402
from human_detector.report.page import write_report  # noqa: E402
from human_detector.video.source import VideoSource  # noqa: E402
from human_detector.video_analyzer import VideoAnalyzer  # noqa: E402
from sample_clip import BIKES, CARPHONE, sample_clip  # noqa: E402
from support.chromium import chromium  # noqa: E402

PICTURES = 4
PICTURE_WIDTH = 320


def main() -> None:
    """Write frames.png and report.png beside this file."""
    folder = Path(__file__).resolve().parent
    configuration = json.loads((ROOT / "demo" / "variables.json").read_text())["human_detection"]
    analyzer = VideoAnalyzer(**configuration)
    video = sample_clip(CARPHONE)
    write_sheet(video, analyzer.analyze(video).to_dict()["frames"], folder / "frames.png")
    video = sample_clip(BIKES)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "report.html"
        write_report(video, analyzer.analyze(video).to_dict(), page)
        write_screenshot(page, folder / "report.png")


def write_sheet(video: Path, frames: list[dict[str, object]], path: Path) -> None:
    """Write a contact sheet of analysed frames, spread over the video."""
    chosen = {
        frames[i * len(frames) // PICTURES]["index"]: i * len(frames) // PICTURES for i in range(PICTURES)
    }
    pictures = []
    with VideoSource(video, is_sampled=chosen.__contains__) as source:
        for frame in source.frames():
            picture = scale_to_width(frame.image, PICTURE_WIDTH)
            pictures.append(annotate(picture, frames[chosen[frame.index]]["detections"]))
    sheet = cv2.cvtColor(contact_sheet(pictures), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def write_screenshot(page: Path, path: Path) -> None:
    """Write a picture of the report's upper part, at the moment with the best face."""
    with chromium() as browser:
        browser.set_dark(False)
        browser.open(page, height=1000)
        browser.wait_for("document.getElementById('video').readyState >= 2")
        moments = browser.run("JSON.parse(document.getElementById('data').textContent).moments")
        faces = [
            (each["scores"][0], i) for i, each in enumerate(moments) if each["detector"] == "FaceDetector"
        ]
        browser.run(f"document.querySelectorAll('#moments tbody button')[{max(faces)[1]}].click()")
        browser.wait_for("!document.getElementById('video').seeking")
        browser.run("new Promise((done) => setTimeout(done, 500))")
        browser.screenshot(path, whole=False)


if __name__ == "__main__":
    main()
