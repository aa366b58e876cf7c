"""Takes the frames out of videos that are worth labelling, with what was found as proposals.

human-detector sample VIDEO... [--frames 100] [--format cvat] [--results RESULT...] [--output DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from human_detector.analysis.analyzer_arguments import FRAME_RATIO
from human_detector.commands.exit_statuses import EXIT_CONFIGURATION
from human_detector.commands.lines import complain, print_place
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.sample_results import analyzers, given_results, new_results
from human_detector.commands.tables import print_table
from human_detector.commands.videos import videos
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.logs import log_native_output
from human_detector.report.evaluation.label_files import WRITERS
from human_detector.report.evaluation.sample import AnalysedVideo, choose_frames, write_sample
from human_detector.report.evaluation.worth_labelling import Candidates
from human_detector.results.exports.data_sets import PICTURES
from human_detector.validation import Number, WholeNumber, option
from human_detector.video.find_videos import find_videos

FRAMES, MOST_FRAMES, THRESHOLD, SEED = 100, 100_000, 0.4, 1
SCORE = Number(0, 1)
EPILOG = """\
For example, with the small models of analyze, or with results that are there already:

  human-detector sample holiday/ --frames 100 --format cvat --output to_label
  human-detector sample clip.mp4 --results small/ large/ --output to_label

Frames are taken of every video in turn: some spread evenly, some in which scores are close to the threshold,
and, with results of several models, some in which these disagree. Two that look alike are never taken. Open
the pictures in the tool, upload the file with the proposals, correct them, and hand them to human-detector
evaluate.

Exit status: 0 done, 2 a sentence says what is wrong.
"""


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    # TensorFlow says much about itself, which would tear the progress bar apart.
    log_native_output("text")
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """What the command line asks for; returns the exit status."""
    options = _parse(arguments)
    display = ProgressDisplay(sys.stderr)
    try:
        videos = _analysed(options, display)
        display.say("choosing frames")
        chosen = choose_frames(videos, options.frames, options.threshold, options.seed)
        files = write_sample(videos, chosen, options.format, options.output, options.threshold)
    except (ConfigurationError, PermanentError, OSError) as error:
        complain("human-detector sample", error)
        return EXIT_CONFIGURATION
    _print(chosen, files, options)
    return 0


def _analysed(options: argparse.Namespace, display: ProgressDisplay) -> list[AnalysedVideo]:
    """The videos with their results, given or new; what cannot be used is said before anything is opened."""
    pictures = options.output / PICTURES
    if pictures.is_dir() and any(pictures.iterdir()):
        raise ConfigurationError(
            f"--output {options.output}: pictures are there already; valid is a new folder"
        )
    models = [] if options.results else analyzers(options.config, options.frame_ratio, options.threshold)
    found = find_videos(options.videos, videos().why_no_video)
    for place, reason in found.refused:
        raise ConfigurationError(f"{place}: {reason}")
    if options.results:
        return given_results(found.videos, options.results)
    return new_results(found.videos, models, display)


def _print(chosen: Sequence[Candidates], files: Sequence[Path], options: argparse.Namespace) -> None:
    """What was taken, and why."""
    reasons = list(chosen[0].worth)
    counts = [(each, Counter(each.chosen.values())) for each in chosen]
    rows = [
        [each.name, str(len(each.indexes)), *(str(count[reason]) for reason in reasons), str(count.total())]
        for each, count in counts
    ]
    header = ["Video", "Frames", *(reason.capitalize() for reason in reasons), "Taken"]
    print_table(header, rows, right=header[1:])
    for path in [options.output / PICTURES, *files]:
        print_place(path)
    taken = sum(len(each.chosen) for each in chosen)
    if taken < options.frames:
        complain(
            "human-detector sample",
            f"{taken} of {options.frames} frames: there are no others, or they look like these",
        )


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector sample",
        description="Take frames out of videos that are worth labelling, with what was found as proposals.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="a file, a folder or a pattern")
    parser.add_argument(
        "--frames",
        type=option(int, WholeNumber(1, MOST_FRAMES)),
        default=FRAMES,
        metavar="N",
        help=f"how many (default: {FRAMES})",
    )
    parser.add_argument(
        "--format",
        action="append",
        choices=WRITERS,
        help="of the proposals; may be repeated (default: cvat)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--results", nargs="+", metavar="RESULT", help="results of the videos, of one model or of several"
    )
    which.add_argument(
        "--config",
        action="append",
        type=Path,
        metavar="FILE",
        help="analyse with these detectors; may be repeated (default: small models for people and faces)",
    )
    parser.add_argument(
        "--frame-ratio",
        type=option(float, FRAME_RATIO),
        metavar="R",
        help="share of the frames to analyse and to choose from, 0 to 1 (default: as configured)",
    )
    parser.add_argument(
        "--threshold",
        type=option(float, SCORE),
        default=THRESHOLD,
        metavar="SCORE",
        help=f"what has less is not proposed, and what is close to it is doubtful (default: {THRESHOLD})",
    )
    parser.add_argument(
        "--seed",
        type=option(int, WholeNumber(0, 2**32)),
        default=SEED,
        help=f"the same takes the same (default: {SEED})",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("sample"), metavar="DIR", help="a new folder (default: sample)"
    )
    options = parser.parse_args(arguments)
    options.format = options.format or ["cvat"]
    return options
