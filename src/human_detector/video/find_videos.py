"""Turns what a person names on the command line into video files: files, folders and patterns."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

VIDEO_SUFFIXES = {
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"),
    *(".ogv", ".ts", ".vob", ".webm", ".wmv"),
}
"""What counts as a video in a folder. A file that is named itself may have any suffix."""

OWN_SUFFIXES = (".annotated.mp4", ".blurred.mp4", ".playable.mp4")
"""Copies that human-detector analyze wrote; a folder that holds some is not analysed twice."""


def find_videos(places: Iterable[str]) -> list[Path]:
    """All video files, each once, in the order in which they are named; those of a folder sorted.

    Args:
        places: files, folders (with their subfolders) and patterns such as `day_*/*.mp4`. What does not exist
            is given back as it is: opening it says what is wrong.
    """
    found: dict[Path, Path] = {}
    for place in places:
        for path in _expand(place):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def name_outputs(videos: Sequence[Path]) -> list[str]:
    """A name without suffix for the files of each video; videos of the same name get a number.

    Args:
        videos: different files.
    """
    names: list[str] = []
    for video in videos:
        name, number = video.stem, 2
        while name in names:
            name, number = f"{video.stem}-{number}", number + 1
        names.append(name)
    return names


def _expand(place: str) -> list[Path]:
    path = Path(place)
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if _is_video(each))
    if path.exists():
        return [path]
    # Path.glob takes no pattern that begins at the root.
    matches = [Path(match) for match in sorted(glob.glob(place, recursive=True))]  # noqa: PTH207
    return [match for match in matches if match.is_file()] or [path]


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.endswith(OWN_SUFFIXES) and path.is_file()
