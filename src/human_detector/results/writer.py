"""Writes a result file frame by frame, so that memory does not grow with the length of the video."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from human_detector.results.faces_of_people import Owners, with_owners
from human_detector.values import FrameDetections

FRAMES_FOLLOW = b',"frames":[\n'
"""Ends the first line of a result, which has everything but the frames."""


def lines_path(result_path: Path) -> Path:
    """Where the frames of a result are collected before the document is put together."""
    return result_path.with_name(result_path.name + ".frames")


def partial_path(result_path: Path) -> Path:
    """Where the document of an analysis goes that was stopped: it never takes the place of a whole one."""
    return result_path.with_name(result_path.name + ".partial")


def frames_left(result_path: Path, made_of: str) -> int:
    """How many frames an analysis of the same has left that was cut off.

    Args:
        result_path: where its result would be.
        made_of: what the result depends on, from `results.made_of`.
    """
    try:
        with lines_path(result_path).open("rb") as lines:
            is_same = lines.readline() == made_of.encode() + b"\n"
            return sum(line.endswith(b"\n") for line in lines) if is_same else 0
    except FileNotFoundError:
        return 0


class ResultFileWriter:
    """Collects frames in a file beside the result, one JSON line each, and puts the document together last.

    The frames must be written before the header, because the header has the counts. The lines are also what
    is left of an analysis that was cut off. The first of them says what they were made of: where lines of the
    same are there already, the analysis goes on after them; others are dropped.

    Args:
        path: the result file. It appears when `finish` is called, complete.
        made_of: what the result depends on, from `results.made_of`.
    """

    def __init__(self, path: Path, made_of: str) -> None:
        self.path = path
        self._lines_path = lines_path(path)
        self._first_line = made_of.encode() + b"\n"
        self._lines = self._lines_path.open("ab+")
        self._keep_usable_lines()

    def written(self) -> Iterator[dict[str, Any]]:
        """The frames that are there already, as the result file has them."""
        with self._lines_path.open("rb") as lines:
            yield from map(json.loads, islice(lines, 1, None))

    def write(self, frame: FrameDetections) -> None:
        """Add one frame; it is in the file when this returns."""
        self._lines.write(compact(frame.to_dict()).encode() + b"\n")
        self._lines.flush()

    def finish(self, header: Mapping[str, Any], owners: Owners | None = None) -> None:
        """Write the document: the header's keys, then `frames`.

        Args:
            header: the document without its frames, from `AnalysisHeader.to_dict`.
            owners: whose the faces are: known only now, so the lines do not say it.
        """
        self._put_together(header, self.path, owners or {})
        partial_path(self.path).unlink(missing_ok=True)
        self._lines_path.unlink()

    def stop(self, header: Mapping[str, Any], owners: Owners | None = None) -> None:
        """Write the document of the frames so far beside the result; the lines stay, to go on after them.

        Args:
            header: see `finish`.
            owners: see `finish`.
        """
        self._put_together(header, partial_path(self.path), owners or {})

    def _put_together(self, header: Mapping[str, Any], path: Path, owners: Owners) -> None:
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as document, self._lines_path.open("rb") as lines:
            document.write(compact(dict(header)).encode()[:-1] + FRAMES_FOLLOW)
            separator = b""
            for line in islice(lines, 1, None):
                document.write(separator + _with_owners(line.rstrip(b"\n"), owners))
                separator = b",\n"
            document.write(b"\n]}\n")
        part.replace(path)

    def _keep_usable_lines(self) -> None:
        """Cut off a last line that was only begun when everything stopped, or all lines of something else."""
        end = 0
        with self._lines_path.open("rb") as lines:
            if lines.readline() == self._first_line:
                end = len(self._first_line) + sum(len(line) for line in lines if line.endswith(b"\n"))
        self._lines.truncate(end)
        if not end:
            self._lines.write(self._first_line)
            self._lines.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()


def _with_owners(line: bytes, owners: Owners) -> bytes:
    return compact(with_owners(json.loads(line), owners)).encode() if owners else line


def compact(document: Any) -> str:
    """JSON without spaces; NaN and infinity, which JSON lacks, are refused."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)
