"""Exports a result file to the formats of other tools.

python src/export_result.py RESULT.json --format coco|mot|csv|rekognition|parquet [--output DIR]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path, PurePosixPath

from errors import ConfigurationError, PermanentError
from exporters import EXPORTERS
from result_reader import read_result


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="export_result.py", description="Export a result file to the formats of other tools."
    )
    parser.add_argument("result", metavar="RESULT", help="a result file: a path, or s3://bucket/key")
    parser.add_argument(
        "--format", required=True, action="append", choices=EXPORTERS, help="may be given more than once"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where to (default: beside the result, the current folder for s3://)",
    )
    options = parser.parse_args(arguments)
    try:
        document = read_result(options.result)
        folder = options.output or _folder_of(options.result)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.format:
            for path in EXPORTERS[name](document, folder, PurePosixPath(options.result).stem):
                print(path)
    except (PermanentError, OSError) as error:
        print(f"export_result.py: {error}", file=sys.stderr)
        return 1
    except ConfigurationError as error:
        print(f"export_result.py: {error}", file=sys.stderr)
        return 2
    return 0


def _folder_of(place: str) -> Path:
    return Path() if place.startswith("s3://") else Path(place).parent


if __name__ == "__main__":
    sys.exit(main())
