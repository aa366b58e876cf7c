"""Turns what a person names on the command line into video files: files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

WhyNoVideo = Callable[[Path], str | None]

VIDEO_SUFFIXES = {
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".mxf", ".ogv", ".vob", ".webm", ".wmv"),
}
"""What counts as a video in a folder by its name alone, so that a broken one is told of. Others are opened to
see: `.ts`, for one, is also TypeScript. A file that is named itself may have any suffix."""

COPY_SUFFIXES = (".annotated.mp4", ".anonymized.mp4", ".blurred.mp4", ".playable.mp4")
"""Copies that human-detector wrote; a folder that holds some is not analysed twice."""
OWN_SUFFIXES = (
    *(*COPY_SUFFIXES, ".report.html", ".json.frames", ".json.partial"),
    *(".doubtful.html", ".doubtful.json", ".decisions.json"),
    *(".coco.json", ".coco_results.json", ".mot.txt"),
    *(".face_detection.json", ".person_tracking.json", ".label_detection.json"),
)
OWN_BEGINNINGS = {".json": b'{"schema_version":', ".csv": b"frame_index,timestamp,detector,"}
"""Of its files whose suffix others use as well."""

_OWN = "made by human-detector"


@dataclass
class Found:
    """What there is under the places that were named.

    Attributes:
        videos: all video files, each once, in the order in which they are named; those of a folder sorted.
        refused: places that give nothing, and why.
        skipped: files that were found but not named, and why they are left out.
    """

    videos: list[Path] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)


def find_videos(places: Iterable[str], why_no_video: WhyNoVideo) -> Found:
    """Look for videos.

    Args:
        places: files, folders (with their subfolders) and patterns such as `day_*/*.mp4`.
        why_no_video: opens a file whose name does not say whether it is a video, see probe.py.
    """
    search = _Search(why_no_video)
    for place in places:
        search.look_at(place)
    return search.result()


class _Search:
    """Looks at one place after another."""

    def __init__(self, why_no_video: WhyNoVideo) -> None:
        self._why_no_video = why_no_video
        self._found = Found()
        self._by_target: dict[Path, Path] = {}

    def look_at(self, place: str) -> None:
        """Note what a file, a folder or a pattern gives."""
        paths = list(_expand(place))
        if not paths:
            is_pattern = glob.escape(place) != place
            why = "no file fits the pattern" if is_pattern else "the file does not exist"
            self._found.refused.append((Path(place), why))
        for path in paths:
            if path.is_dir():
                self._look_through(path)
            elif why_not := _why_unreadable(path):
                self._found.refused.append((path, why_not))
            else:
                self._take(path)

    def result(self) -> Found:
        """What all places together give."""
        originals = {path.stem for path in self._by_target.values()}
        for path in self._by_target.values():
            # `*.mp4` names the copies of an earlier run, too, and `*` everything that it wrote.
            if _original_of(path) in originals or (_original_of(path) is None and _is_own(path)):
                self._found.skipped.append((path, _OWN))
            else:
                self._found.videos.append(path)
        return self._found

    def _look_through(self, folder: Path) -> None:
        is_empty = True
        for path, why_not in sorted(self._walk(folder), key=lambda each: each[0]):
            if why_not:
                self._found.skipped.append((path, why_not))
            else:
                self._take(path)
                is_empty = False
        if is_empty:
            self._found.refused.append((folder, "there is no video in this folder"))

    def _walk(self, folder: Path) -> Iterator[tuple[Path, str | None]]:
        """All files below a folder, each with the reason why it is no video, if there is one."""
        unreadable: list[tuple[Path, str]] = []

        def note(error: OSError) -> None:
            unreadable.append((Path(error.filename), f"the folder cannot be read: {error.strerror}"))

        for parent, folders, files in os.walk(folder, onerror=note):
            hidden = {name for name in folders if name.startswith(".")}
            yield from ((Path(parent, name), "a hidden folder") for name in hidden)
            folders[:] = set(folders) - hidden
            for path in (Path(parent, name) for name in files):
                yield path, self._why_left_out(path)
        yield from unreadable

    def _why_left_out(self, path: Path) -> str | None:
        if path.name.startswith("."):
            return "a hidden file"
        if why_not := _why_unreadable(path):
            return why_not
        if _is_own(path):
            return _OWN
        return None if path.suffix.lower() in VIDEO_SUFFIXES else self._why_no_video(path)

    def _take(self, path: Path) -> None:
        self._by_target.setdefault(path.resolve(), path)


def _expand(place: str) -> Iterator[Path]:
    if os.path.lexists(place):
        yield Path(place)
    else:
        # Path.glob takes no pattern that begins at the root.
        yield from map(Path, sorted(glob.glob(place, recursive=True)))  # noqa: PTH207


def _why_unreadable(path: Path) -> str | None:
    if not path.exists():
        return "the link leads nowhere"
    if not path.is_file():
        return "no ordinary file"
    return None if os.access(path, os.R_OK) else "the file cannot be opened: Permission denied"


def _is_own(path: Path) -> bool:
    """Whether a file is one that this product writes: a result, an export, a page, a copy."""
    if path.name.endswith(OWN_SUFFIXES):
        return True
    beginning = OWN_BEGINNINGS.get(path.suffix)
    if beginning is None:
        return False
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


def _original_of(path: Path) -> str | None:
    """The name without suffix of the video that a file is a copy of; None if it is no copy of ours."""
    return next((path.name.removesuffix(own) for own in COPY_SUFFIXES if path.name.endswith(own)), None)
