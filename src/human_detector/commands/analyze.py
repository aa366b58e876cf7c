"""Finds humans and faces in videos on this machine, without AWS.

human-detector analyze VIDEO... [--output DIR] [--annotate] [--blur faces] [--report] [--export csv]
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from human_detector.commands.local_analysis import BLURRED, LocalAnalysis, Outcome, Wishes
from human_detector.commands.progress_display import ProgressDisplay, clock_time
from human_detector.configuration import load_configuration
from human_detector.detectors.detector import detector_class
from human_detector.errors import ConfigurationError
from human_detector.inference.engine import ENGINES
from human_detector.logs import log_native_output
from human_detector.results.exports.formats import EXPORTERS
from human_detector.video.find_videos import find_videos, name_outputs
from human_detector.video_analyzer import VideoAnalyzer

EXIT_FAILED, EXIT_CONFIGURATION, EXIT_INTERRUPTED = 1, 2, 130
SMALL_MODELS = "demo/variables.json"


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    # TensorFlow says much about itself, which would tear the progress bar apart.
    log_native_output("text")
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """What the command line asks for; returns the exit status."""
    options = _parse(arguments)
    display = ProgressDisplay(sys.stderr)
    wishes = Wishes(options.output, options.annotate, options.blur, options.report, options.export)
    stopping = threading.Event()
    try:
        analyzer = VideoAnalyzer(**human_detection(options))
        analysis = LocalAnalysis(analyzer, wishes, display, stopping.is_set)
        options.output.mkdir(parents=True, exist_ok=True)
        display.say("loading the models")
        analyzer.load()
    except ConfigurationError as error:
        for sentence in error.problems:
            display.say(f"human-detector analyze: {sentence}")
        if "get_" in str(error):
            display.say(f"human-detector analyze: or use the small models: --config {SMALL_MODELS}")
        return EXIT_CONFIGURATION
    except OSError as error:
        display.say(f"human-detector analyze: --output: {error}")
        return EXIT_CONFIGURATION
    _stop_on_interrupt(stopping)
    videos = find_videos(options.videos)
    outcomes = []
    for video, name in zip(videos, name_outputs(videos), strict=True):
        outcome = Outcome(video) if stopping.is_set() else analysis.run(video, name)
        outcomes.append(outcome)
        display.say(describe(outcome))
    print(table(outcomes))
    if stopping.is_set():
        return EXIT_INTERRUPTED
    return 0 if all(outcome.state == "done" for outcome in outcomes) else EXIT_FAILED


def human_detection(options: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of VideoAnalyzer that the command line asks for.

    Raises:
        ConfigurationError: the configuration file or a detector's JSON is not valid.
    """
    if options.detector:
        wanted: dict[str, Any] = {"detectors": [_parse_detector(text) for text in options.detector]}
    else:
        wanted = dict(load_configuration(options.config).human_detection)
    if options.frame_ratio is not None:
        wanted["frame_ratio"] = options.frame_ratio
    if options.tracker:
        wanted["tracker"] = True
    if options.engine:
        wanted["detectors"] = [_with_engine(entry, options.engine) for entry in wanted["detectors"]]
    return wanted


def describe(outcome: Outcome) -> str:
    """A line about a video that is finished."""
    if outcome.reason:
        return f"{outcome.video.name}: {outcome.state}: {outcome.reason}"
    if not outcome.files:
        return f"{outcome.video.name}: {outcome.state}"
    others = f" and {len(outcome.files) - 1} more" if len(outcome.files) > 1 else ""
    return f"{outcome.video.name}: {outcome.state}: {outcome.files[0]}{others}"


def table(outcomes: Sequence[Outcome]) -> str:
    """What became of each video, one line each, and the counts."""
    rows = [("VIDEO", "OUTCOME", "FRAMES", "DETECTIONS", "TIME")]
    for outcome in outcomes:
        found = ", ".join(f"{name} {count}" for name, count in outcome.detections.items())
        rows.append(
            (
                str(outcome.video),
                outcome.state,
                str(outcome.frames),
                found or "-",
                clock_time(outcome.seconds),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    counts = Counter(outcome.state for outcome in outcomes)
    return "\n".join([*lines, ", ".join(f"{count} {state}" for state, count in counts.items())])


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector analyze",
        description="Find humans and faces in videos on this machine. Each video gets a result, NAME.json.",
        epilog="Ctrl-C ends with a valid result of what is done; pressed again, it ends at once. Exit "
        "status: 0 all videos done, 1 a video failed or is damaged, 2 the set-up is wrong, 130 stopped.",
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="a file, a folder or a pattern")
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="where all files go (default: here)"
    )
    parser.add_argument(
        "--frame-ratio", type=float, metavar="R", help="share of the frames to analyse, 0 to 1"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration with the detectors (default: variables.json)",
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


def _stop_on_interrupt(stopping: threading.Event) -> None:
    """The first Ctrl-C (or SIGTERM) asks for an orderly end, the second ends at once."""

    def stop(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)
        stopping.set()
        # Not through the display: the thread that the signal interrupts may hold its lock.
        sys.stderr.write("\nstopping; the frames that are analysed so far make the result\n")

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
