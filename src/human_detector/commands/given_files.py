"""Files that a person names on the command line: what they are, and where what is made of them goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from human_detector.commands.videos import videos
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.results.reader import read_header, read_local_result, read_result
from human_detector.video.probe import STILL_PICTURE

S3 = "s3://"
VALID_RESULT = "valid is a result file, such as the NAME.json of human-detector analyze, or s3://bucket/key"


def read_given_result(place: str) -> dict[str, Any]:
    """The document of a result file.

    Args:
        place: a path, or `s3://bucket/key`.

    Raises:
        PermanentError: it is none; says what it is, and what is valid.
    """
    if not place.startswith(S3) and (found := _what_else(Path(place))):
        raise PermanentError(f"RESULT: found {place}, {found}; {VALID_RESULT}")
    return read_result(place)


def read_given_results(places: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """The documents of result files and of folders of them, each with its place.

    Args:
        places: paths of files and folders, or `s3://bucket/key`.

    Raises:
        PermanentError: one is no result, or there is none in a folder.
    """
    results = []
    for place in places:
        if place.startswith(S3) or not Path(place).is_dir():
            results.append((place, read_given_result(place)))
            continue
        found = [path for path in sorted(Path(place).glob("*.json")) if is_result(path)]
        if not found:
            raise PermanentError(f"RESULT: there is no result in the folder {place}; {VALID_RESULT}")
        results += [(str(path), read_local_result(path)) for path in found]
    return results


def is_result(path: Path) -> bool:
    """Whether a JSON file is a result; others are made from one, and lie beside it."""
    try:
        read_header(path)
    except PermanentError:
        return False
    return True


def check_order(video: Path, result: str) -> None:
    """Return unless what should be a video is a result.

    Raises:
        PermanentError: it is; says so.
    """
    if not (video.is_file() and _begins_like_json(video)):
        return
    if not result.startswith(S3) and _what_else(Path(result)) == "a video":
        raise PermanentError(f"found the result {video} and then the video {result}; valid is VIDEO RESULT")
    raise PermanentError(f"VIDEO: found {video}, a JSON file; valid is the video that the result is of")


def folder_of(result: str) -> Path:
    """Where the files go that are made of a result, if nobody says: beside it; of one in S3, here."""
    return Path() if result.startswith(S3) else Path(result).parent


def name_of(result: str) -> str:
    """Their name without suffix: that of the result, also where only a part of it is there."""
    return PurePosixPath(PurePosixPath(result).name.removesuffix(".partial")).stem


def video_of(result: str, document: Mapping[str, Any]) -> Path:
    """Where the video of a result lies, as the result says.

    Raises:
        ConfigurationError: it does not say, or only where it lies in S3.
    """
    video = document["video"]
    if "file" in video and not result.startswith(S3):
        return folder_of(result) / str(video["file"])
    place = f"in s3://{video['bucket']}/{video['key']}" if "key" in video else "nowhere that it says"
    raise ConfigurationError(f"--video is missing: the video of {result} lies {place}; valid is a local file")


def _what_else(path: Path) -> str | None:
    """What a local file is, if it is certainly no result."""
    if path.is_dir():
        return "a folder"
    if not path.is_file() or _begins_like_json(path):
        return None
    match videos().why_no_video(path):
        case None:
            return "a video"
        case reason if reason == STILL_PICTURE:
            return "a picture"
        case _:
            return "which is not JSON"


def _begins_like_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith((b"{", b"["))
    except OSError:
        return True  # Whoever reads it says what is wrong.
