"""Makes the page to look at a result with, from a video and its result file.

human-detector report VIDEO RESULT.json [--output PAGE.html]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from human_detector.errors import PermanentError
from human_detector.report.page import write_report
from human_detector.results.reader import read_result


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="human-detector report", description="Make the page to look at a result with: one HTML file."
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the video that was analysed")
    parser.add_argument("result", metavar="RESULT", help="its result file: a path, or s3://bucket/key")
    parser.add_argument("--output", type=Path, metavar="PAGE", help="(default: NAME.report.html, here)")
    parser.add_argument("--title", default="", help="heading of the page (default: the video's name)")
    parser.add_argument(
        "--address",
        help="where the page finds a video that is too large to be in it (default: the place of VIDEO)",
    )
    options = parser.parse_args(arguments)
    page = options.output or Path(f"{PurePosixPath(options.result).stem}.report.html")
    try:
        document = read_result(options.result)
        write_report(options.video, document, page, title=options.title, address=options.address)
    except (PermanentError, OSError) as error:
        print(f"human-detector report: {error}", file=sys.stderr)
        return 1
    print(page)
    return 0
