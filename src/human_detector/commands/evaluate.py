"""Measures how good results are, by boxes that people have drawn.

human-detector evaluate RESULT... --truth coco.json|cvat.xml|yolo/ [--compare] [--output DIR] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from human_detector.commands.evaluate_tables import print_evaluation
from human_detector.commands.exit_statuses import EXIT_CONFIGURATION
from human_detector.commands.given_files import read_given_results
from human_detector.commands.lines import complain, print_place
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.report.evaluation.box_matching import import_pycocotools
from human_detector.report.evaluation.configurations import Configuration, told_apart
from human_detector.report.evaluation.evaluation import Evaluation, evaluate
from human_detector.report.evaluation.given_results import GivenResult
from human_detector.report.evaluation.page import write_page
from human_detector.report.evaluation.read_truth import read_truth
from human_detector.validation import Number, WholeNumber, option

SEED, SCORE = 1, Number(0, 1)
NUMBERS, PAGE = "evaluation.json", "evaluation.html"
EPILOG = """\
For example, of all results in a folder, by labels from CVAT:

  human-detector evaluate results/ --truth annotations.xml --output quality

Two models side by side, analysed into a folder each:

  human-detector evaluate small/ large/ --truth annotations.xml --compare

A labelled frame is found by its name (clip_000123.jpg is frame 123 of clip), or by what the labels say.
Frames that were not analysed, or not labelled, are left out. Results made with a low min_detection_score
(0.05) show the whole curve.

Exit status: 0 done, 2 a sentence says what is wrong.
"""


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    try:
        evaluation = _run(options)
        problems = _write(evaluation, options) if options.output else []
    except (ConfigurationError, PermanentError, OSError) as error:
        complain("human-detector evaluate", error)
        return EXIT_CONFIGURATION
    for note in [*evaluation.document["notes"], *problems]:
        complain("human-detector evaluate", note)
    if options.json:
        print(_as_json(evaluation))
        return 0
    print_evaluation(evaluation.document)
    if options.output:
        print_place(options.output / PAGE)
    return 0


def _run(options: argparse.Namespace) -> Evaluation:
    """Everything that is measured."""
    import_pycocotools()
    _check_videos(options)
    truth = read_truth(options.truth)
    results = [GivenResult(place, document) for place, document in read_given_results(options.results)]
    return evaluate(
        truth,
        told_apart(results) if options.compare else [Configuration("", results)],
        labels=options.label,
        detector=options.detector,
        threshold=options.threshold,
        seed=options.seed,
    )


def _check_videos(options: argparse.Namespace) -> None:
    if options.videos is None:
        return
    if options.output is None:
        raise ConfigurationError("--videos: valid beside --output, for whose page the pictures are")
    if not options.videos.is_dir():
        raise ConfigurationError(f"--videos: found {options.videos}, valid is a folder")


def _write(evaluation: Evaluation, options: argparse.Namespace) -> list[str]:
    """Write the files; returns what is missing on the page."""
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NUMBERS).write_text(_as_json(evaluation) + "\n")
    return write_page(evaluation, folder / PAGE, options.videos)


def _as_json(evaluation: Evaluation) -> str:
    return json.dumps(evaluation.document, indent=2, allow_nan=False)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector evaluate",
        description="Measure how good results are, by boxes that people have drawn.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results", nargs="+", metavar="RESULT", help="a result file, a folder of them, or s3://bucket/key"
    )
    parser.add_argument(
        "--truth",
        type=Path,
        required=True,
        metavar="LABELS",
        help="a COCO file, an XML file of CVAT (for images or for video), or a YOLO folder",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        help="what to judge, or TRUTH=RESULT where both sides call it differently; may be repeated (default: "
        "every label that both have)",
    )
    parser.add_argument("--detector", metavar="NAME", help="whose detections, where several find a label")
    parser.add_argument(
        "--threshold",
        type=option(float, SCORE),
        metavar="SCORE",
        help="tell precision and recall at this score (default: the one with the best F1)",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="results of several models or settings, in a folder each or made with other arguments: judge "
        "all by the same frames",
    )
    parser.add_argument(
        "--seed",
        type=option(int, WholeNumber(0, 2**32)),
        default=SEED,
        help=f"of the intervals (default: {SEED})",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=f"also write {NUMBERS} and a page with the worst mistakes, {PAGE}, there",
    )
    parser.add_argument(
        "--videos", type=Path, metavar="DIR", help="where the videos are (default: where the results say)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    return parser.parse_args(arguments)
