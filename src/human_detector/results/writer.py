"""Writes a result file frame by frame, so that memory does not grow with the length of the video."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from human_detector.values import FrameDetections


def lines_path(result_path: Path) -> Path:
    """Where the frames of a result are collected before the document is put together."""
    return result_path.with_name(result_path.name + ".frames")


class ResultFileWriter:
    """Collects frames in a file beside the result, one JSON line each, and puts the document together last.

    The frames must be written before the header, because the header has the counts. The lines are also what
    is left of an analysis that was cut off: where there are some already, the analysis goes on after them.

    Args:
        path: the result file. It appears when `finish` is called, complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines_path = lines_path(path)
        self._lines = self._lines_path.open("ab+")
        self._drop_broken_line()

    def written(self) -> Iterator[dict[str, Any]]:
        """The frames that are there already, as the result file has them."""
        with self._lines_path.open("rb") as lines:
            yield from map(json.loads, lines)

    def write(self, frame: FrameDetections) -> None:
        """Add one frame; it is in the file when this returns."""
        self._lines.write(compact(frame.to_dict()).encode() + b"\n")
        self._lines.flush()

    def finish(self, header: Mapping[str, Any]) -> None:
        """Write the document: the header's keys, then `frames`.

        Args:
            header: the document without its frames, from `AnalysisHeader.to_dict`.
        """
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as document, self._lines_path.open("rb") as lines:
            document.write(compact(dict(header)).encode()[:-1] + b',"frames":[')
            separator = b"\n"
            for line in lines:
                document.write(separator + line.rstrip(b"\n"))
                separator = b",\n"
            document.write(b"\n]}\n")
        part.replace(self.path)
        self._lines_path.unlink()

    def _drop_broken_line(self) -> None:
        """Cut off a last line that was being written when everything stopped."""
        end = 0
        with self._lines_path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    end += len(line)
        self._lines.truncate(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()


def compact(document: Any) -> str:
    """JSON without spaces; NaN and infinity, which JSON lacks, are refused."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)
