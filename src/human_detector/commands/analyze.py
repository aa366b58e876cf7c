"""Finds humans and faces in videos on this machine, without AWS.

human-detector analyze VIDEO... [--output DIR] [--annotate] [--blur faces] [--report] [--export csv]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from human_detector.analysis.analyzer_arguments import FRAME_RATIO
from human_detector.commands.analyze_one_video import BLURRED, LocalAnalysis, Plan, Wishes
from human_detector.commands.analyze_outcomes import Outcome, describe, describe_skipped, print_outcomes
from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED, EXIT_INTERRUPTED
from human_detector.commands.interrupts import end_on_interrupt
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.configuration import EMBEDDED_CONFIGURATION, load_human_detection
from human_detector.detectors.factory import detector_class
from human_detector.errors import ConfigurationError, PermanentError, in_words
from human_detector.inference.engine import ENGINES
from human_detector.logs import log_native_output
from human_detector.results.exports.formats import EXPORTERS, check_formats
from human_detector.validation import option
from human_detector.video.find_videos import find_videos
from human_detector.video_analyzer import VideoAnalyzer


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    # TensorFlow says much about itself, which would tear the progress bar apart.
    log_native_output("text")
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """What the command line asks for; returns the exit status."""
    options = _parse(arguments)
    display = ProgressDisplay(sys.stderr)
    stopping = threading.Event()
    try:
        analyzer = VideoAnalyzer(**human_detection(options))
        analysis = LocalAnalysis(analyzer, wishes_of(options), display, stopping.is_set)
        plans, failed = _plan(options, analysis, display)
        if any(plan.analyze for plan in plans):
            display.say("loading the models")
            analyzer.load()
    except ConfigurationError as error:
        for sentence in error.problems:
            display.say(f"human-detector analyze: {sentence}")
        return EXIT_CONFIGURATION
    end_on_interrupt(stopping, display)
    outcomes = failed + _run(plans, analysis, display, stopping)
    print_outcomes(outcomes)
    if stopping.is_set():
        return EXIT_INTERRUPTED
    return 0 if all(outcome.is_good for outcome in outcomes) else EXIT_FAILED


def wishes_of(options: argparse.Namespace) -> Wishes:
    """What is to be made of every video, as far as it can be made here.

    Raises:
        ConfigurationError: a package is missing, or nothing can be written where the files are to go.
    """
    check_formats(options.export)
    _check_folder(options.output)
    return Wishes(
        options.output, options.annotate, options.blur, options.report, options.export, options.force
    )


def human_detection(options: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of VideoAnalyzer that the command line asks for.

    Raises:
        ConfigurationError: the configuration file or a detector's JSON is not valid.
    """
    if options.detector:
        wanted: dict[str, Any] = {"detectors": [_parse_detector(text) for text in options.detector]}
    else:
        wanted = dict(load_human_detection(options.config or EMBEDDED_CONFIGURATION))
    if options.frame_ratio is not None:
        wanted["frame_ratio"] = options.frame_ratio
    if options.tracker:
        wanted["tracker"] = True
    if options.engine:
        wanted["detectors"] = [_with_engine(entry, options.engine) for entry in wanted["detectors"]]
    return wanted


def _plan(
    options: argparse.Namespace, analysis: LocalAnalysis, display: ProgressDisplay
) -> tuple[list[Plan], list[Outcome]]:
    """See what there is to do, and say at once what cannot be done.

    Returns:
        A plan for each video, and the outcome of whatever is none.

    Raises:
        ConfigurationError: there is no video at all.
    """
    found = find_videos(options.videos)
    for line in describe_skipped(found.skipped):
        display.say(line)
    plans = []
    failed = [Outcome(place, "failed", reason) for place, reason in found.refused]
    for video in found.videos:
        try:
            plans.append(analysis.plan(video))
        except (PermanentError, OSError) as error:
            failed.append(Outcome(video, "failed", in_words(error)))
    for outcome in failed:
        display.say(describe(outcome))
    if not found.videos:
        raise ConfigurationError("no video was found")
    return plans, failed


def _run(
    plans: Sequence[Plan], analysis: LocalAnalysis, display: ProgressDisplay, stopping: threading.Event
) -> list[Outcome]:
    """See one video after another through."""
    outcomes = []
    display.start_batch([plan.work for plan in plans])
    for plan in plans:
        display.start_video()
        if stopping.is_set():
            outcomes.append(Outcome(plan.video))
            continue
        outcomes.append(analysis.run(plan))
        display.say(describe(outcomes[-1]))
    return outcomes


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
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="where all files go (default: here)"
    )
    parser.add_argument(
        "--frame-ratio",
        type=option(float, FRAME_RATIO),
        metavar="R",
        help="share of the frames to analyse, 0 to 1",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration with the detectors, such as variables.json (default: small models for both)",
    )
    which.add_argument(
        "--detector",
        action="append",
        metavar="NAME[=JSON]",
        help="instead: a detector, such as 'FaceDetector={\"min_detection_score\": 0.3}'; may be repeated",
    )
    parser.add_argument("--engine", choices=ENGINES, help="what computes (default: as configured)")
    parser.add_argument("--tracker", action="store_true", help="recognise people and faces over the frames")
    parser.add_argument(
        "--annotate", action="store_true", help="write a copy with boxes and the sound: NAME.annotated.mp4"
    )
    parser.add_argument(
        "--blur",
        choices=BLURRED,
        help="write an anonymised copy: NAME.blurred.mp4, without sound, as voices tell people apart. Look "
        "at it before you publish it: who is not found is not blurred (--frame-ratio 1 and a lower "
        "min_detection_score find more)",
    )
    parser.add_argument("--report", action="store_true", help="write a page to look at: NAME.report.html")
    parser.add_argument(
        "--export", action="append", default=[], choices=EXPORTERS, help="another format; may be repeated"
    )
    parser.add_argument(
        "--force", action="store_true", help="make everything anew, whatever an earlier run has made"
    )
    return parser.parse_args(arguments)


def _parse_detector(text: str) -> list[Any]:
    name, _, given = text.partition("=")
    try:
        return [name, json.loads(given or "{}")]
    except ValueError as error:
        raise ConfigurationError(f"--detector {name}: what follows '=' is not JSON: {error}") from error


def _with_engine(entry: Sequence[Any], engine: str) -> list[Any]:
    """The detector with that engine, if it is one that has a choice."""
    name, given = entry[0], entry[1] if len(entry) > 1 else {}
    return [name, {**given, "engine": engine} if "engine" in detector_class(name).checks else given]


def _check_folder(folder: Path) -> None:
    """Make the folder, and see whether something can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"--output {folder}: nothing can be written there: {error.strerror}"
        ) from error
