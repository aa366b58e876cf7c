"""Exports a result file to the formats of other tools, with the pictures that belong to it.

human-detector export RESULT.json --format coco|yolo|... [--images] [--crops] [--video VIDEO] [--output DIR]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED
from human_detector.commands.given_files import folder_of, name_of, read_given_result, video_of
from human_detector.commands.lines import complain, print_place
from human_detector.errors import ConfigurationError, PermanentError, VideoError, in_words
from human_detector.results.exports.data_sets import PICTURES, picture_folder
from human_detector.results.exports.formats import EXPORTERS, check_formats, export_all
from human_detector.results.exports.yolo import yolo_folder
from human_detector.results.tracking import with_tracks

FORMATS_WITH_PICTURES = ("coco", "yolo", "cvat", "labelstudio")
EPILOG = """\
For example, tables for a spreadsheet and for pycocotools:

  human-detector export clip.json --format csv --format coco

A set to correct in CVAT, or to train on, with the analysed frames as JPEG; and the best picture of everybody:

  human-detector export clip.json --format cvat --images
  human-detector export clip.json --format yolo --images --video videos/clip.mp4
  human-detector export clip.json --crops

Exit status: 0 done, 1 something could not be done, 2 wrong arguments.
"""


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    folder: Path = options.output or folder_of(options.result)
    name = name_of(options.result)
    try:
        check_formats(options.format)
        document = read_given_result(options.result)
        video = _checked_video(options, document) if options.images or options.crops else None
        folder.mkdir(parents=True, exist_ok=True)
    except (PermanentError, OSError) as error:
        complain("human-detector export", error)
        return EXIT_FAILED
    except ConfigurationError as error:
        complain("human-detector export", error)
        return EXIT_CONFIGURATION
    files, problems = export_all(document, options.format, folder, name)
    if video:
        try:
            files += _write_pictures(options, video, document, folder, name)
        except Exception as error:  # the labels are there and stay
            problems.append(f"{video}: {in_words(error)}")
    for path in files:
        print_place(path)
    for problem in problems:
        complain("human-detector export", problem)
    return EXIT_FAILED if problems else 0


def _checked_video(options: argparse.Namespace, document: Mapping[str, Any]) -> Path:
    """The video that the pictures are taken from.

    Raises:
        ConfigurationError: nobody says where it is.
        PermanentError: it cannot be read, or is not the one of the result.
    """
    # Imported when asked for: a plain export needs no decoder.
    from human_detector.report.same_video import check_same_video

    video: Path = options.video or video_of(options.result, document)
    try:
        check_same_video(video, document)
    except VideoError as error:
        raise PermanentError(f"{video}: {error}") from error
    return video


def _write_pictures(
    options: argparse.Namespace, video: Path, document: Mapping[str, Any], folder: Path, name: str
) -> list[Path]:
    """Write frames and crops in one pass over the video; returns folders and tables."""
    from human_detector.drawing.best_crops import BestCrops
    from human_detector.drawing.frame_pictures import FramePictures, Take, take_pictures

    takers: list[Take] = []
    finish: list[Callable[[], Path]] = []
    folders = _picture_folders(options.format, folder, name) if options.images else []
    if folders:
        takers.append(FramePictures(folders, name).take)
    if options.crops:
        crops = BestCrops(folder / f"{name}.crops")
        takers.append(crops.take)
        finish.append(crops.write_table)
    take_pictures(video, with_tracks(document["frames"]), takers)
    return [*folders, *(write() for write in finish)]


def _picture_folders(formats: Sequence[str], folder: Path, name: str) -> list[Path]:
    """YOLO wants the pictures in the set itself, the others beside the labels."""
    wanted = dict.fromkeys(
        yolo_folder(folder, name) / PICTURES if each == "yolo" else folder / picture_folder(name)
        for each in formats
        if each in FORMATS_WITH_PICTURES
    )
    return list(wanted)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector export",
        description="Export a result file to the formats of other tools, with the pictures that they need.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("result", metavar="RESULT", help="a result file: a path, or s3://bucket/key")
    parser.add_argument(
        "--format", action="append", default=[], choices=EXPORTERS, help="may be given more than once"
    )
    parser.add_argument(
        "--images",
        action="store_true",
        help=f"write the analysed frames as JPEG as well, for {', '.join(FORMATS_WITH_PICTURES)}",
    )
    parser.add_argument(
        "--crops",
        action="store_true",
        help="write the best picture of every person and face, NAME.crops/, with a table of them",
    )
    parser.add_argument(
        "--video",
        type=Path,
        metavar="VIDEO",
        help="what the pictures are taken from (default: where it lay when it was analysed)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="the folder of the files; it is made if need be (default: beside the result, here for s3://)",
    )
    options = parser.parse_args(arguments)
    if not options.format and not options.crops:
        parser.error("nothing to do: valid is at least one --format, or --crops")
    if options.images and not set(options.format) & set(FORMATS_WITH_PICTURES):
        parser.error(f"--images: valid beside --format {', '.join(FORMATS_WITH_PICTURES)}")
    if options.video and not (options.images or options.crops):
        parser.error("--video: valid beside --images or --crops")
    return options
