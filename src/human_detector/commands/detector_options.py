"""Options of the commands that analyse videos on this machine: which detectors, and where the files go."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.configuration import load_human_detection
from human_detector.detectors.factory import detector_class
from human_detector.errors import ConfigurationError
from human_detector.inference.engine import ENGINES
from human_detector.utils import parse_json


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Options about files."""
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="where all files go (default: here)"
    )
    parser.add_argument(
        "--force", action="store_true", help="make everything anew, whatever an earlier run has made"
    )


def add_detector_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Options about detectors.

    Args:
        parser: of the command.
        default: what is taken if nobody says anything.
    """
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"configuration with the detectors, such as variables.json (default: {default})",
    )
    which.add_argument(
        "--detector",
        action="append",
        metavar="NAME[=JSON]",
        help="instead: a detector, such as 'FaceDetector={\"min_detection_score\": 0.3}'; may be repeated",
    )
    parser.add_argument("--engine", choices=ENGINES, help="what computes (default: as configured)")


def chosen_detectors(options: argparse.Namespace) -> dict[str, Any] | None:
    """The keyword arguments of VideoAnalyzer that the options give; None where they give none.

    Raises:
        ConfigurationError: the configuration file or a detector's JSON is not valid.
    """
    if options.detector:
        return {"detectors": [_parse_detector(text) for text in options.detector]}
    return dict(load_human_detection(options.config)) if options.config else None


def with_engine(wanted: Mapping[str, Any], engine: str | None) -> dict[str, Any]:
    """The keyword arguments with what computes, if somebody said it."""
    if not engine:
        return dict(wanted)
    return {**wanted, "detectors": [_with_engine(entry, engine) for entry in wanted["detectors"]]}


def _parse_detector(text: str) -> list[Any]:
    name, _, given = text.partition("=")
    try:
        return [name, parse_json(given or "{}")]
    except ValueError as error:
        raise ConfigurationError(f"--detector {name}: what follows '=' is not JSON: {error}") from error


def _with_engine(entry: Sequence[Any], engine: str) -> list[Any]:
    """The detector with that engine, if it is one that has a choice."""
    name, given = entry[0], entry[1] if len(entry) > 1 else {}
    return [name, {**given, "engine": engine} if "engine" in detector_class(name).checks else given]


def check_folder(folder: Path) -> None:
    """Make the folder, and see whether something can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"--output {folder}: nothing can be written there: {error.strerror}"
        ) from error
