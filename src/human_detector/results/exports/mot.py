"""MOTChallenge (https://motchallenge.net/instructions): ten columns of text, everything counted from 1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from human_detector.harmless_text import file_name
from human_detector.results.detection_arrays import Detections
from human_detector.results.labels import labels_apart

DIGITS = 4
"""Of a pixel. With them the fractions of the result, which have 5 digits, come back exactly."""


def export_mot(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.<detector>.mot.txt` for each detector, since the format knows one kind of thing only.

    A detector that looks for several has a file for each, `<name>.<detector>.<label>.mot.txt`.

    frame, id, left, top, width, height, confidence, -1, -1, -1: pixels, the upper left one is (1, 1), and
    frames from 1. The id is the `track_id`, or -1 in a result without tracks: then it is a file of
    detections. Frames between the analysed ones have no rows.

    Args:
        document: a result.
        folder: where to.
        name: of the files, without suffix.
    """
    document = labels_apart(document, between=".")
    table = Detections.from_document(document)
    paths = []
    for detector in document["summary"]["detectors"]:
        # The name of a detector is anybody's choice, and so is a label.
        path = folder / f"{name}.{file_name(detector)}.mot.txt"
        path.write_text("".join(_lines(table[table.detector == detector])))
        paths.append(path)
    return paths


def _lines(table: Detections) -> list[str]:
    lines = []
    for row, (x_min, y_min, x_max, y_max) in enumerate(table.pixels.tolist()):
        sides = (x_min + 1, y_min + 1, x_max - x_min, y_max - y_min)
        numbers = ",".join(f"{round(side, DIGITS):.10g}" for side in sides)
        lines.append(
            f"{table.frame_index[row] + 1},{table.track_id[row]},{numbers},{table.score[row]:g},-1,-1,-1\n"
        )
    return lines
