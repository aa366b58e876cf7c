"""Makes the pictures of the README and of these pages with the product itself.

.venv/bin/python docs/make_pictures.py CLIP...     (after ./run_tests.sh, which gets models and Chromium)

frames.png, anonymized.png and evaluation.png were made of classroom and face-demographics-walking, sample
videos of the Intel IoT DevKit (github.com/intel-iot-devkit/sample-videos, Creative Commons Attribution 4.0),
scaled to 480x270. Whoever shows a picture names them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("demo", "tests")]

from support.requirements import need_packages_of  # noqa: E402

need_packages_of("requirements-dev.txt")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from human_detector.commands import evaluate as evaluate_command  # noqa: E402
from human_detector.commands.anonymize import DETECTORS  # noqa: E402
from human_detector.drawing.annotation import annotate, contact_sheet, scale_to_width  # noqa: E402
from human_detector.drawing.anonymizing.covering import cover  # noqa: E402
from human_detector.drawing.anonymizing.regions import Regions, Scene  # noqa: E402
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes  # noqa: E402
from human_detector.report.page import write_report  # noqa: E402
from human_detector.results.made_of import local_source  # noqa: E402
from human_detector.values import Image  # noqa: E402
from human_detector.video.source import VideoSource  # noqa: E402
from human_detector.video_analyzer import VideoAnalyzer  # noqa: E402
from sample_clip import BIKES, sample_clip  # noqa: E402
from support.chromium import chromium  # noqa: E402

PICTURES_PER_CLIP = 2
PICTURE_WIDTH = 480
NAMES_AMONG_LABELS = {"classroom": "classroom", "face-demographics-walking": "walking"}
SMALLEST_AT_LOW_SCORES = {"model": "ssdlite_pedestrian", "min_detection_score": 0.05}
Frame = Mapping[str, Any]


def main(clips: Sequence[Path]) -> None:
    """Write frames.png, anonymized.png, report.png and evaluation.png beside this file.

    Args:
        clips: the videos of all but report.png, all of one shape.
    """
    folder = Path(__file__).resolve().parent
    configuration = json.loads((ROOT / "demo" / "variables.json").read_text())["human_detection"]
    analyzer = VideoAnalyzer(**configuration)
    write_sheet(
        [picture for clip in clips for picture in best_pictures(clip, analyzer)], folder / "frames.png"
    )
    write_sheet([picture for clip in clips for picture in before_and_after(clip)], folder / "anonymized.png")
    video = sample_clip(BIKES)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "report.html"
        write_report(video, analyzer.analyze(video).to_dict(), page)
        write_screenshot(page, folder / "report.png")
        write_evaluation(clips, Path(scratch), folder / "evaluation.png")


def best_pictures(video: Path, analyzer: VideoAnalyzer) -> list[Image]:
    """Analysed frames with their boxes: of each part of the video the one in which most was found."""
    frames = analyzer.analyze(video).to_dict()["frames"]
    parts = np.array_split(np.arange(len(frames)), PICTURES_PER_CLIP)
    best = [max((frames[i] for i in part), key=total_score) for part in parts]
    chosen = {frame["index"]: frame for frame in best}
    with VideoSource(video, is_sampled=chosen.__contains__) as source:
        return [
            annotate(scale_to_width(frame.image, PICTURE_WIDTH), chosen[frame.index]["detections"])
            for frame in source.frames()
        ]


def before_and_after(video: Path) -> list[Image]:
    """A frame from the middle of a video, and the same of its anonymised copy."""
    analyzer = VideoAnalyzer(DETECTORS, frame_ratio=1.0, tracker=True)
    wishes = AnonymizingWishes()
    marked = Scene(analyzer.analyze(video).to_dict(), wishes).marks()
    middle = marked[len(marked) // 2]
    with VideoSource(video, is_sampled=lambda index: index == middle.index) as source:
        (image,) = (frame.image for frame in source.frames())
    covered = cover(image, Regions(marked, wishes.margin).at(middle.timestamp), wishes.style)
    return [scale_to_width(each, PICTURE_WIDTH) for each in (image, covered)]


def write_evaluation(clips: Sequence[Path], scratch: Path, path: Path) -> None:
    """Write a picture of the page of an evaluation: the smallest model for people, by benchmarks/labels.json.

    Args:
        clips: those of `NAMES_AMONG_LABELS` are taken.
        scratch: a folder.
        path: of the picture.
    """
    analyzer = VideoAnalyzer([["HumanDetector", SMALLEST_AT_LOW_SCORES]], frame_ratio=1.0)
    for clip in clips:
        name = NAMES_AMONG_LABELS.get(clip.stem)
        if name is None:
            continue
        named = scratch / "clips" / f"{name}{clip.suffix}"
        named.parent.mkdir(exist_ok=True)
        shutil.copy(clip, named)
        analyzer.analyze_to_file(named, named.with_suffix(".json"), source=local_source(named, named.parent))
    arguments = ["--truth", str(ROOT / "benchmarks" / "labels.json"), "--threshold", "0.4"]
    evaluate_command.main([str(scratch / "clips"), *arguments, "--output", str(scratch)])
    with chromium() as browser:
        browser.set_dark(False)
        browser.open(scratch / "evaluation.html", height=1100)
        browser.screenshot(path, whole=False)


def total_score(frame: Frame) -> float:
    """How much was found in a frame, the surer the more."""
    return sum(each["score"] for found in frame["detections"].values() for each in found)


def write_sheet(pictures: Sequence[Image], path: Path) -> None:
    """Write pictures side by side, those of one clip in a row."""
    sheet = cv2.cvtColor(contact_sheet(pictures, columns=PICTURES_PER_CLIP), cv2.COLOR_RGB2BGR)
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
    parser = argparse.ArgumentParser(description="Make the pictures of the README and of the pages.")
    parser.add_argument(
        "clips", nargs="+", type=Path, metavar="CLIP", help="a video for frames.png and anonymized.png"
    )
    main(parser.parse_args().clips)
