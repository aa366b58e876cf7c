"""Writes a result file frame by frame, so that memory does not grow with the length of the video."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from results import FrameDetections


class ResultFileWriter:
    """Collects frames in a file beside the result, one JSON line each, and puts the document together last.

    The frames must be written before the header, because the header has the counts; the lines are also what
    is left of an analysis that was cut off: every line is complete but perhaps the last.

    Args:
        path: the result file. It appears when `finish` is called, complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines_path = path.with_name(path.name + ".frames")
        self._lines = self._lines_path.open("w", encoding="utf-8")

    def write(self, frame: FrameDetections) -> None:
        """Add one frame."""
        self._lines.write(compact(frame.to_dict()) + "\n")

    def finish(self, header: Mapping[str, Any]) -> None:
        """Write the document: the header's keys, then `frames`.

        Args:
            header: the document without its frames, from `AnalysisHeader.to_dict`.
        """
        self._lines.close()
        part = self.path.with_name(self.path.name + ".part")
        with part.open("w", encoding="utf-8") as document, self._lines_path.open(encoding="utf-8") as lines:
            document.write(compact(dict(header))[:-1] + ',"frames":[')
            separator = ""
            for line in lines:
                document.write(separator + "\n" + line.rstrip("\n"))
                separator = ","
            document.write("\n]}\n")
        shutil.move(part, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._lines_path.unlink(missing_ok=True)


def compact(document: Any) -> str:
    """JSON without spaces; NaN and infinity, which JSON lacks, are refused."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)
