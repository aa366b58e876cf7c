"""The formats that a result can be exported to, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from human_detector.errors import in_words
from human_detector.results.exports.coco import export_coco
from human_detector.results.exports.csv_and_parquet import export_csv, export_parquet, import_pyarrow
from human_detector.results.exports.cvat import export_cvat
from human_detector.results.exports.label_studio import export_label_studio
from human_detector.results.exports.mot import export_mot
from human_detector.results.exports.rekognition import export_rekognition
from human_detector.results.exports.yolo import export_yolo

Exporter = Callable[[Mapping[str, Any], Path, str], list[Path]]
"""Takes a result, a folder, and the name of the files without suffix; returns the files it has written."""

EXPORTERS: Mapping[str, Exporter] = {
    "coco": export_coco,
    "yolo": export_yolo,
    "cvat": export_cvat,
    "labelstudio": export_label_studio,
    "mot": export_mot,
    "csv": export_csv,
    "rekognition": export_rekognition,
    "parquet": export_parquet,
}


def check_formats(formats: Iterable[str]) -> None:
    """Tell now what would fail later.

    Args:
        formats: names of `EXPORTERS` that will be asked for.

    Raises:
        ConfigurationError: a format needs a package that is not installed; says which.
    """
    if "parquet" in formats:
        import_pyarrow()


def export_all(
    document: Mapping[str, Any], formats: Iterable[str], folder: Path, name: str
) -> tuple[list[Path], list[str]]:
    """Write a result in several formats; one that fails costs none of the others.

    Args:
        document: a result.
        formats: names of `EXPORTERS`.
        folder: where to.
        name: of the files, without suffix.

    Returns:
        The files that were written, and a sentence for each format that failed.
    """
    files: list[Path] = []
    problems: list[str] = []
    for each in dict.fromkeys(formats):
        try:
            files += EXPORTERS[each](document, folder, name)
        except Exception as error:  # of one format; the others have other needs
            problems.append(f"export to {each}: {in_words(error)}")
    return files, problems
