"""Tables with one row per detection: CSV for spreadsheets, Parquet for data frames and Athena."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.results.detection_arrays import NO_TRACK, SIDES, Detections
from human_detector.results.writer import compact

TRACKS = ("track_id", "person_track_id")
COLUMNS = ("frame_index", "timestamp", "detector", "label", "score", *SIDES, *TRACKS)
"""Named and counted as in the result; the tracks are empty where nothing was followed."""


def export_csv(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.csv`: a line of names, then a line per detection. Frames without any have no line.

    Args:
        document: a result.
        folder: where to.
        name: of the file, without suffix.
    """
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(Detections.from_document(document)))
    return [path]


def export_parquet(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.parquet` with the same columns; everything of the result but its frames is its metadata.

    Args:
        document: a result.
        folder: where to.
        name: of the file, without suffix.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    pa, parquet = import_pyarrow()
    table = Detections.from_document(document)
    columns = [_column(table, column) for column in COLUMNS]
    arrays = [
        pa.array(column, mask=column == NO_TRACK if name in TRACKS else None)
        for name, column in zip(COLUMNS, columns, strict=True)
    ]
    header = {key: value for key, value in document.items() if key != "frames"}
    rows = pa.table(arrays, names=COLUMNS).replace_schema_metadata({"result": compact(header)})
    path = folder / f"{name}.parquet"
    parquet.write_table(rows, path)
    return [path]


def import_pyarrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet.

    Raises:
        ConfigurationError: they are not installed, or do not work here.
    """
    try:
        # Imported when asked for: the worker has no use for it, and 50 MB are much for an image.
        import pyarrow  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(
            f'the format parquet needs pyarrow: pip install "human-detector[parquet]" ({error})'
        ) from error
    return pyarrow, parquet


def _rows(table: Detections) -> Iterator[tuple[Any, ...]]:
    columns = {name: _column(table, name).tolist() for name in COLUMNS}
    for name in TRACKS:
        columns[name] = ["" if track_id == NO_TRACK else track_id for track_id in columns[name]]
    return zip(*columns.values(), strict=True)


def _column(table: Detections, name: str) -> Any:
    return table.box[:, SIDES.index(name)] if name in SIDES else getattr(table, name)
