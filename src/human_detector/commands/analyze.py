"""Finds humans and faces in videos on this machine, without AWS.

human-detector analyze VIDEO... [--output DIR] [--annotate] [--blur faces] [--report] [--export csv]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from human_detector.analysis.analyzer_arguments import FRAME_RATIO
from human_detector.commands.analyze_one_video import LocalAnalysis
from human_detector.commands.batch import Stop, run_batch
from human_detector.commands.detector_options import (
    add_detector_options,
    add_file_options,
    check_folder,
    chosen_detectors,
    with_engine,
)
from human_detector.commands.products import AnnotatedCopy, BlurredCopy, Exports, Product, ReportPage
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.configuration import EMBEDDED_CONFIGURATION, load_human_detection
from human_detector.drawing.anonymizing.kinds import check_detectors
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.errors import ConfigurationError
from human_detector.logs import log_native_output
from human_detector.results.exports.formats import EXPORTERS, check_formats
from human_detector.validation import option
from human_detector.video_analyzer import VideoAnalyzer

BLURRED: Mapping[str, str] = {"faces": "faces", "humans": "people"}
"""What `--blur` takes, and what it is called where copies are anonymised."""


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    # TensorFlow says much about itself, which would tear the progress bar apart.
    log_native_output("text")
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """What the command line asks for; returns the exit status."""
    options = _parse(arguments)

    def set_up(display: ProgressDisplay, stop: Stop) -> tuple[VideoAnalyzer, LocalAnalysis]:
        analyzer = VideoAnalyzer(**human_detection(options))
        products = products_of(options, analyzer)
        return analyzer, LocalAnalysis(analyzer, options.output, products, display, stop, force=options.force)

    return run_batch("analyze", options.videos, set_up)


def products_of(options: argparse.Namespace, analyzer: VideoAnalyzer) -> list[Product]:
    """What is to be made of every result, as far as it can be made here.

    Raises:
        ConfigurationError: a package is missing, nothing can be written where the files are to go, or
            something is to be blurred that no detector looks for.
    """
    check_formats(options.export)
    check_folder(options.output)
    products: list[Product] = [Exports(options.export)]
    if options.annotate:
        products.append(AnnotatedCopy())
    if options.blur:
        if analyzer.skip_still:
            raise ConfigurationError(
                f"--blur {options.blur}: valid is only without --skip-still (skip_still in a configuration): "
                "what a frame shows that nobody has looked at would not be covered"
            )
        check_detectors(f"--blur {options.blur}", BLURRED[options.blur], analyzer.arguments["detectors"])
        # What the detectors have left out is not in the result.
        wishes = AnonymizingWishes(BLURRED[options.blur], mute=True, sure_face=0, sure_person=0)
        products.append(BlurredCopy(wishes))
    if options.report:
        products.append(ReportPage())
    return products


def human_detection(options: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of VideoAnalyzer that the command line asks for.

    Raises:
        ConfigurationError: the configuration file or a detector's JSON is not valid.
    """
    wanted = chosen_detectors(options) or dict(load_human_detection(EMBEDDED_CONFIGURATION))
    if options.frame_ratio is not None:
        wanted["frame_ratio"] = options.frame_ratio
    if options.tracker:
        wanted["tracker"] = True
    if options.skip_still:
        wanted["skip_still"] = True
    return with_engine(wanted, options.engine)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector analyze",
        description="Find humans and faces in videos on this machine. Each video gets a result, NAME.json.",
        epilog="For example: human-detector analyze holiday/ --output results --report. A video that "
        "has a whole result of the same file and configuration is not analysed again. "
        "Ctrl-C leaves what is done in NAME.json.partial, and the same command goes on from there; pressed "
        "again, it ends at once. Exit status: 0 all videos done, 1 a video failed or is damaged, 2 the "
        "set-up is wrong or there is no video, 130 stopped.",
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="a file, a folder or a pattern")
    add_file_options(parser)
    parser.add_argument(
        "--frame-ratio",
        type=option(float, FRAME_RATIO),
        metavar="R",
        help="share of the frames to analyse, 0 to 1",
    )
    add_detector_options(parser, "small models for both")
    parser.add_argument("--tracker", action="store_true", help="recognise people and faces over the frames")
    parser.add_argument(
        "--skip-still",
        action="store_true",
        help="where nothing has changed since the last analysed frame, carry on what was found in it",
    )
    parser.add_argument(
        "--annotate", action="store_true", help="write a copy with boxes and the sound: NAME.annotated.mp4"
    )
    parser.add_argument(
        "--blur",
        choices=BLURRED,
        help="write a copy in which nobody can be recognised whom these detectors found, and without sound: "
        "NAME.blurred.mp4. `human-detector anonymize` looks harder, and says what to look at",
    )
    parser.add_argument("--report", action="store_true", help="write a page to look at: NAME.report.html")
    parser.add_argument(
        "--export", action="append", default=[], choices=EXPORTERS, help="another format; may be repeated"
    )
    return parser.parse_args(arguments)
