"""Reads labels, whatever format they are in."""

from __future__ import annotations

from pathlib import Path

from human_detector.report.evaluation.truth import Truth, TruthError
from human_detector.report.evaluation.truth_coco import read_coco
from human_detector.report.evaluation.truth_cvat import read_cvat
from human_detector.report.evaluation.truth_yolo import read_yolo

VALID = "valid is a COCO file (.json), a CVAT file (.xml) or a YOLO folder"


def read_truth(path: Path) -> Truth:
    """The labels of a file or a folder.

    Args:
        path: COCO's JSON, CVAT's XML, or the folder (or the data.yaml) of a YOLO data set.

    Raises:
        TruthError: it is none of these, or something in it is wrong; says what.
    """
    if path.is_dir():
        return _checked(read_yolo(path))
    if path.suffix.lower() in (".yaml", ".yml"):
        return _checked(read_yolo(path.parent))
    try:
        with path.open("rb") as file:
            beginning = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise TruthError(f"--truth {path} cannot be read: {error.strerror}") from error
    if beginning.startswith(b"{"):
        return _checked(read_coco(path))
    if beginning.startswith(b"<"):
        return _checked(read_cvat(path))
    what = "a ZIP file, which is to be unpacked first" if beginning.startswith(b"PK") else "something else"
    raise TruthError(f"--truth {path}: found {what}; {VALID}")


def _checked(truth: Truth) -> Truth:
    if not truth.frames:
        raise TruthError(f"--truth {truth.place}: there is not one labelled frame in it")
    if not truth.labels:
        raise TruthError(f"--truth {truth.place}: there is not one box in its {len(truth.frames)} frames")
    return truth
