"""Names for the files of each video in one folder: no two share one, whichever run they are of."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from human_detector.errors import PermanentError
from human_detector.results.reader import read_header
from human_detector.results.writer import lines_path, partial_path
from human_detector.utils import parse_json

LONGEST_STEM_BYTES = 210
"""Disks take names of 255 bytes, and some of ours end in `-2.anonymized.json.frames`."""
Header = Mapping[str, Any]
"""A result without its frames; empty where a file is there and does not say what it is of."""
IsOwn = Callable[[Header], bool]


class OutputNames:
    """Chooses names without suffix.

    Args:
        folder: where the files go.
        result_kind: how the names of the results end.
    """

    def __init__(self, folder: Path, result_kind: str = "json") -> None:
        self._folder = folder
        self._result_kind = result_kind
        self._taken: set[str] = set()

    def choose(self, stem: str, *is_own: IsOwn) -> str:
        """A name for the files of one more video: that of its earlier files, or else one that is free.

        Args:
            stem: of the video, which is the name unless another video has it (that one gets a number), or it
                is so long that nothing fits behind it.
            *is_own: whether what is there is of this very video; the surest sign first.
        """
        stem = _that_fits(stem)
        there = {}
        for name in chain([stem], (f"{stem}-{number}" for number in count(2))):
            if name in self._taken:
                continue
            header = self._header(name)
            if header is None:
                break
            there[name] = header
        own = (each for sign in is_own for each, header in there.items() if sign(header))
        chosen = next(own, name)
        self._taken.add(chosen)
        return chosen

    def _header(self, name: str) -> Header | None:
        """What the files of a name are of; None if there are none."""
        result = self._folder / f"{name}.{self._result_kind}"
        if result.exists():
            return _read(result)
        if partial_path(result).exists():
            return _read(partial_path(result))
        return _read_lines(lines_path(result)) if lines_path(result).exists() else None


def own_of_local(source: Mapping[str, str]) -> tuple[IsOwn, IsOwn]:
    """How to tell the files of a video of this disk.

    Args:
        source: of the video, from `local_source`.
    """

    def is_of_the_place(header: Header) -> bool:
        return bool(header.get("video", {}).get("file") == source["file"])

    def is_of_the_content(header: Header) -> bool:
        video = header.get("video", {})
        # What does not say whose it is counts as our own; whether it may be replaced is seen later.
        return "etag" not in video or video["etag"] == source["etag"] or not video.keys() & {"file", "key"}

    return is_of_the_place, is_of_the_content


def own_of_record(video_id: int) -> IsOwn:
    """How to tell the result of a record.

    Args:
        video_id: its key.
    """
    return lambda header: header.get("video_id") == video_id


def _that_fits(stem: str) -> str:
    while len(os.fsencode(stem)) > LONGEST_STEM_BYTES:
        stem = stem[:-1]
    return stem


def _read(result: Path) -> Header:
    try:
        return read_header(result)
    except PermanentError:
        return {}


def _read_lines(lines: Path) -> Header:
    """The frames of an analysis that was cut off: their first line says what they are of."""
    try:
        with lines.open("rb") as file:
            return {"video": parse_json(file.readline())["made_of"]["source"]}
    except (ValueError, KeyError, TypeError):
        return {}
