"""Writes copies of videos in which nobody can be recognised.

human-detector anonymize VIDEO... [--output DIR] [--what faces|heads|people] [--style blur|pixelate|solid]
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from human_detector.commands.analyze_one_video import LocalAnalysis
from human_detector.commands.anonymized_copy import RESULT_KIND, AnonymizedCopy, AnonymizingSummary
from human_detector.commands.batch import Stop, run_batch
from human_detector.commands.detector_options import (
    add_detector_options,
    add_file_options,
    check_folder,
    chosen_detectors,
    with_engine,
)
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.videos import videos
from human_detector.drawing.anonymizing.decisions import Decisions, read_decisions
from human_detector.drawing.anonymizing.kinds import check_detectors
from human_detector.drawing.anonymizing.wishes import LARGEST_MARGIN, MARGIN, STYLES, WHAT, AnonymizingWishes
from human_detector.errors import ConfigurationError
from human_detector.logs import log_native_output
from human_detector.results.made_of import local_source
from human_detector.validation import Number, option
from human_detector.video.find_videos import find_videos
from human_detector.video_analyzer import VideoAnalyzer

DETECTORS: Sequence[Sequence[Any]] = (
    ("FaceDetector", {"model": "centerface", "min_detection_score": 0.1}),
    ("HumanDetector", {"model": "centernet_mobilenetv3", "min_detection_score": 0.2}),
)
"""Their thresholds are low: what is weak counts where the same thing is stronger in other frames, and is
else shown as doubtful. docs/anonymizing.md has the measurements."""


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    log_native_output("text")
    options = _parse(arguments)

    def set_up(display: ProgressDisplay, stop: Stop) -> tuple[VideoAnalyzer, LocalAnalysis]:
        analyzer = VideoAnalyzer(**human_detection(options))
        check_detectors(f"--what {options.what}", options.what, analyzer.arguments["detectors"])
        decisions = [read_decisions(path) for path in options.decisions]
        check_videos(options, decisions)
        check_folder(options.output)
        wishes = AnonymizingWishes(
            options.what, options.style, options.margin, tuple(options.keep), options.mute
        )
        products = [AnonymizedCopy(wishes, decisions), AnonymizingSummary()]
        return analyzer, LocalAnalysis(
            analyzer,
            options.output,
            products,
            display,
            stop,
            force=options.force,
            result_kind=RESULT_KIND,
        )

    return run_batch("anonymize", options.videos, set_up)


def human_detection(options: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of VideoAnalyzer: every frame, and whoever is in it followed over the frames.

    Raises:
        ConfigurationError: the configuration file or a detector's JSON is not valid.
    """
    wanted = chosen_detectors(options) or {"detectors": DETECTORS}
    return {**with_engine(wanted, options.engine), "frame_ratio": 1.0, "tracker": True, "skip_still": False}


def check_videos(options: argparse.Namespace, decisions: Sequence[Decisions]) -> None:
    """Return if what is about a single video is about one of those that are named.

    Raises:
        ConfigurationError: it is not.
    """
    if not (options.keep or decisions):
        return
    found = find_videos(options.videos, videos().why_no_video).videos
    if options.keep and len(found) > 1:
        raise ConfigurationError(
            f"--keep {options.keep[0]}: found {len(found)} videos, valid is one: each has its own numbers"
        )
    etags = {local_source(video, options.output)["etag"] for video in found}
    if strangers := [each.path for each in decisions if each.etag not in etags]:
        raise ConfigurationError(
            f"--decisions {strangers[0]}: it is about none of the videos, or about one that has changed since"
        )


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector anonymize",
        description="Write a copy of each video in which nobody can be recognised, NAME.anonymized.mp4, and "
        "a page with the moments that somebody should look at, NAME.doubtful.html. Every frame is analysed.",
        epilog="For example: human-detector anonymize holiday/ --output published. The originals are only "
        "read. A copy appears when it is whole, and has none of the metadata of the video (place, device, "
        "time). Ctrl-C stops, and the same command goes on from there. Exit status: 0 all videos done, 1 a "
        "video failed or is damaged, 2 the set-up is wrong or there is no video, 130 stopped.",
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="a file, a folder or a pattern")
    parser.add_argument(
        "--what",
        choices=WHAT,
        default=WHAT[0],
        help="faces, and heads of people without one (default); heads with hair and ears; or whole people",
    )
    parser.add_argument(
        "--style",
        choices=STYLES,
        default="blur",
        help="how it looks (default: blur). None of them leaves anything of what was there",
    )
    parser.add_argument(
        "--margin",
        type=option(float, Number(0, LARGEST_MARGIN)),
        default=MARGIN,
        metavar="SHARE",
        help=f"how far a region reaches beyond the face, as a share of its size (default: {MARGIN})",
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        type=_somebody,
        metavar="TRACK_ID",
        help="somebody who is not covered, such as person:2 or face:5; may be repeated. The numbers are "
        "those of NAME.anonymized.json",
    )
    parser.add_argument("--mute", action="store_true", help="leave the sound out: voices tell people apart")
    parser.add_argument(
        "--decisions",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="what was decided on NAME.doubtful.html: the copy is made anew, without another analysis; may "
        "be repeated, for several videos",
    )
    add_file_options(parser)
    add_detector_options(parser, "centerface and centernet_mobilenetv3")
    return parser.parse_args(arguments)


def _somebody(text: str) -> str:
    if not re.fullmatch(r"(face|person):\d+", text):
        raise argparse.ArgumentTypeError(f"found {text!r}, valid is person:NUMBER or face:NUMBER")
    return text
