"""Exports a result file to the formats of other tools.

human-detector export RESULT.json --format coco|mot|csv|rekognition|parquet [--output DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED
from human_detector.commands.given_files import folder_of, name_of, read_given_result
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.results.exports.formats import EXPORTERS, check_formats, export_all


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="human-detector export",
        description="Export a result file to the formats of other tools.",
        epilog="For example: human-detector export clip.json --format coco --format csv",
    )
    parser.add_argument("result", metavar="RESULT", help="a result file: a path, or s3://bucket/key")
    parser.add_argument(
        "--format", required=True, action="append", choices=EXPORTERS, help="may be given more than once"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="the folder of the files; it is made if need be (default: beside the result, here for s3://)",
    )
    options = parser.parse_args(arguments)
    try:
        check_formats(options.format)
        document = read_given_result(options.result)
        folder = options.output or folder_of(options.result)
        folder.mkdir(parents=True, exist_ok=True)
    except (PermanentError, OSError) as error:
        print(f"human-detector export: {error}", file=sys.stderr)
        return EXIT_FAILED
    except ConfigurationError as error:
        print(f"human-detector export: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    files, problems = export_all(document, options.format, folder, name_of(options.result))
    for path in files:
        print(path)
    for problem in problems:
        print(f"human-detector export: {problem}", file=sys.stderr)
    return EXIT_FAILED if problems else 0
