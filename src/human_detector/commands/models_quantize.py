"""human-detector models quantize NAME [--calibrate VIDEO...] [--min-agreement 0.98]"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED
from human_detector.commands.lines import complain, say
from human_detector.errors import ConfigurationError
from human_detector.inference.get_model import Display
from human_detector.validation import Number, WholeNumber, option

if TYPE_CHECKING:
    from human_detector.results.agreement import Agreement

MIN_AGREEMENT, SCORE, FRAMES = 0.98, 0.4, 300
FEWEST_FRAMES, MOST_FRAMES = 30, 10_000
_SHARE = Number(0, 1)


def add_arguments(actions: Any) -> None:
    """Describe the command line."""
    quantize = actions.add_parser(
        "quantize",
        help="make a model compute in 8 bits, which is faster on a CPU",
        description="Make the form of a model that `precision: int8` and `precision: auto` take in OpenVINO: "
        "numbers in 8 bits, with ranges learnt from frames of videos. It is then tried on other frames, and "
        "stored beside the model if it finds there what the model finds.",
        epilog="For example: human-detector models quantize ssdlite_pedestrian --calibrate gate.mp4 yard.mp4",
    )
    quantize.add_argument("name", metavar="NAME", help="a model by its name, or its file")
    quantize.add_argument(
        "--calibrate",
        nargs="+",
        type=Path,
        metavar="VIDEO",
        help="videos like those that the model will see, with what it finds in them (default: in a clone of "
        "the repository the clips of the demo)",
    )
    quantize.add_argument(
        "--frames",
        type=option(int, WholeNumber(FEWEST_FRAMES, MOST_FRAMES)),
        default=FRAMES,
        help="how many to take of all videos together, a third of them to try it on (default %(default)s)",
    )
    quantize.add_argument(
        "--score",
        type=option(float, _SHARE),
        default=SCORE,
        help="the min_detection_score at which it is tried (default %(default)s)",
    )
    quantize.add_argument(
        "--min-agreement",
        type=option(float, _SHARE),
        default=MIN_AGREEMENT,
        help="the least share of boxes that model and quantised model must both find (default %(default)s)",
    )


def quantize(options: argparse.Namespace, display: Display) -> int:
    """Quantise the model; returns the exit status."""
    # Imported when needed: the scripts in model/ get models where nothing else is installed.
    from human_detector.errors import PermanentError
    from human_detector.inference.model_files import find_model

    try:
        graph = find_model(options.name)
        with tempfile.TemporaryDirectory(dir=graph.parent, prefix=".int8-") as folder:
            return _quantize(options, graph, Path(folder), display)
    except (ConfigurationError, PermanentError, OSError) as error:
        complain("human-detector models quantize", error)
        return EXIT_CONFIGURATION


def _quantize(options: argparse.Namespace, graph: Path, folder: Path, display: Display) -> int:
    from human_detector.commands.calibration_pictures import demo_clips, take_calibration_pictures
    from human_detector.commands.quantisation_trial import QuantisationTrial

    trial = QuantisationTrial(options.name, graph, folder)
    videos: Sequence[Path] = options.calibrate or demo_clips()
    pictures = take_calibration_pictures(videos, options.frames, folder, display)
    display.say(f"{options.name}: quantised with {len(pictures.used)} frames of {len(videos)} videos")
    trial.make(pictures.used)
    found = trial.agreement(pictures.tried, options.score)
    _show(found, len(pictures.tried), options.score)
    if not found.boxes or found.matched < options.min_agreement:
        reason = (
            f"{found.matched:.4f} is less than --min-agreement {options.min_agreement:g}; more videos, and "
            "more like those that it will see, make a better one"
            if found.boxes
            else "nothing was found in these frames, so they say nothing; take videos with what it finds"
        )
        complain("human-detector models quantize", f"{options.name}: not stored: {reason}")
        return EXIT_FAILED
    names = [video.name for video in videos]
    calibration = {"videos": names, "frames": len(pictures.used), "sha256": pictures.checksum}
    say(f"{options.name}: ready: {trial.store(calibration, found)}")
    return 0


def _show(found: Agreement, pictures: int, score: float) -> None:
    """How well the two agree."""
    from human_detector.results.agreement import MARGIN

    rows = {
        "tried on": f"{pictures} other frames, {found.boxes} boxes with a score of {score:g} or more",
        "agreement": f"{found.matched:.4f} of the boxes are in both, if one may score {MARGIN:g} less",
        "at the score": f"{found.matched_at_threshold:.4f} of the boxes are in both",
        "scores": f"differ by {found.mean_score_difference:.3f} on average, one in twenty by more than "
        f"{found.large_score_difference:.3f}",
    }
    for what, text in rows.items():
        say(f"{what + ':':<13} {text}")
