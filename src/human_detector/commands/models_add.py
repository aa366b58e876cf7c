"""human-detector models add NAME PATH|URL"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED
from human_detector.commands.lines import complain, say
from human_detector.errors import ConfigurationError, ModelUnavailable
from human_detector.inference.checksum import Checksum
from human_detector.inference.get_model import Display
from human_detector.validation import Pattern, option

NAME = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "letters, digits, _ . and -, with none of the last two first")
SHA256 = Pattern(r"[0-9a-f]{64}", "64 hexadecimal digits, as sha256sum prints them")
FILE = Pattern(r".*\.(onnx|ONNX|pb|PB)", "an ONNX file (.onnx) or a frozen graph (.pb)")


def add_arguments(actions: Any) -> None:
    """Describe the command line."""
    add = actions.add_parser(
        "add",
        help="add a model of your own",
        description="Copy a model and its model.yaml to where the others are, if it can be loaded, so that "
        "its name can stand in a configuration.",
        epilog="For example: human-detector models add yolox_s yolox_s.onnx",
    )
    add.add_argument("name", metavar="NAME", type=option(str, NAME), help="by which it is to be had")
    add.add_argument("source", metavar="PATH|URL", type=option(str, FILE), help="of its .onnx or .pb file")
    add.add_argument(
        "--sha256", type=option(str.lower, SHA256), help="that the file must have; needed for a URL"
    )
    add.add_argument(
        "--description", type=Path, metavar="FILE", help="its model.yaml (default: the one beside PATH)"
    )


def add(options: argparse.Namespace, display: Display) -> int:
    """Add the model; returns the exit status."""
    # Imported when needed: the scripts in model/ get models where nothing else is installed.
    from human_detector.inference.add_model import add_model, is_address

    if is_address(options.source) and options.sha256 is None:
        complain("human-detector models add", "--sha256: missing, a URL needs it")
        return EXIT_CONFIGURATION
    checksum = Checksum("sha256", options.sha256) if options.sha256 else None
    display.start(options.name)
    try:
        file = add_model(options.name, options.source, checksum, options.description, display.update)
    except ConfigurationError as error:
        complain("human-detector models add", error)
        return EXIT_CONFIGURATION
    except ModelUnavailable as error:
        complain("human-detector models add", error)
        return EXIT_FAILED
    say(f"{options.name}: ready: {file}")
    return 0
