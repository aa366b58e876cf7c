"""Makes the page to look at a result with, from a video and its result file.

human-detector report VIDEO RESULT.json [--output FOLDER | --output PAGE.html]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from human_detector.commands.exit_statuses import EXIT_FAILED
from human_detector.commands.given_files import check_order, folder_of, name_of, read_given_result
from human_detector.commands.lines import complain, print_place
from human_detector.errors import PermanentError, VideoError
from human_detector.report.local_report import PAGE_SUFFIX, describe_copy, write_local_report
from human_detector.report.page import write_report
from human_detector.report.same_video import check_same_video

PAGE_ENDINGS = (".html", ".htm")
EPILOG = """\
For example, clip.report.html beside clip.json, from a video and its result:

  human-detector report clip.mp4 clip.json

Of a video that browsers do not play (AVI, HEVC, GIF, ...) it writes clip.playable.mp4 as well, which the page
plays.

Exit status: 0 done, 1 a sentence says why there is no page, 2 wrong arguments.
"""


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    try:
        print_place(_run(options))
    except (PermanentError, OSError) as error:
        complain("human-detector report", error)
        return EXIT_FAILED
    return 0


def _run(options: argparse.Namespace) -> Path:
    """Make the page; returns its path."""
    video: Path = options.video
    page = _page_path(options.output, options.result)
    check_order(video, options.result)
    document = read_given_result(options.result)
    try:
        check_same_video(video, document)
        page.parent.mkdir(parents=True, exist_ok=True)
        if options.no_copy:
            write_report(video, document, page, title=options.title, address=options.address)
        elif copy := write_local_report(video, document, page, title=options.title, address=options.address):
            complain("human-detector report", describe_copy(video, copy))
    except VideoError as error:
        raise PermanentError(f"{video}: {error}") from error
    return page


def _page_path(output: Path | None, result: str) -> Path:
    if output is not None and output.suffix.lower() in PAGE_ENDINGS and not output.is_dir():
        return output
    return (output or folder_of(result)) / f"{name_of(result)}{PAGE_SUFFIX}"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector report",
        description="Make the page to look at a result with: one HTML file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the video that was analysed")
    parser.add_argument("result", metavar="RESULT", help="its result file: a path, or s3://bucket/key")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PLACE",
        help="the folder of NAME.report.html, or the page itself, whose name ends in .html; a folder is "
        "made if need be (default: beside the result, here for s3://)",
    )
    parser.add_argument("--title", default="", help="heading of the page (default: the video's name)")
    parser.add_argument(
        "--address",
        help="where the page finds a video that is too large to be in it (default: the place of VIDEO, or of "
        "its copy)",
    )
    parser.add_argument(
        "--no-copy",
        action="store_true",
        help="make no copy of a video that browsers do not play; the page shows pictures in its place",
    )
    return parser.parse_args(arguments)
