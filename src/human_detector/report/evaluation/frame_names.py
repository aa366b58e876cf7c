"""What the name of a picture says: of which video it is, and which frame of it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

PICTURE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
VALID_NAMES = "valid are names such as clip_000123.jpg or clip/frame_000123.jpg"

# Roboflow makes clip_000123_jpg.rf.0a1b2c.jpg of clip_000123.jpg.
_ROBOFLOW = re.compile(r"_(?:bmp|jpe?g|png|webp)\.rf\.\w+$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<video>.*?)[ _.-]?(?:frame[ _-]?)?(?P<index>\d+)", re.IGNORECASE)
_SAYS_NOTHING = {
    *(
        "",
        "data",
        "images",
        "img",
        "labels",
        "obj_train_data",
        "obj_valid_data",
        "train",
        "val",
        "valid",
        "test",
    ),
}
"""Folders that data sets have anyway, and no name at all."""


def names_of_video(picture: str) -> tuple[str, ...]:
    """The names that the video of a picture may have, the likeliest first.

    Args:
        picture: its name, with or without folders and suffix.
    """
    path = _without_suffix(picture)
    numbered = _NUMBERED.fullmatch(path.name)
    names = [numbered["video"] if numbered else path.name, *reversed(path.parent.parts)]
    return tuple(dict.fromkeys(name for name in names if name.lower() not in _SAYS_NOTHING))


def frame_index(picture: str) -> int | None:
    """The frame that a picture is of; None if its name does not end in a number.

    Args:
        picture: its name, with or without folders and suffix.
    """
    numbered = _NUMBERED.fullmatch(_without_suffix(picture).name)
    return int(numbered["index"]) if numbered else None


def _without_suffix(picture: str) -> PurePosixPath:
    path = PurePosixPath(picture.replace("\\", "/"))
    if path.suffix.lower() in PICTURE_SUFFIXES:
        path = path.with_suffix("")
    return path.with_name(_ROBOFLOW.sub("", path.name)) if path.name else path
