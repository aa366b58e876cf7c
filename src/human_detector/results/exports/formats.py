"""The formats that a result can be exported to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from human_detector.results.exports.coco import export_coco
from human_detector.results.exports.mot import export_mot
from human_detector.results.exports.rekognition import export_rekognition
from human_detector.results.exports.tables import export_csv, export_parquet

Exporter = Callable[[Mapping[str, Any], Path, str], list[Path]]
"""Takes a result, a folder, and the name of the files without suffix; returns the files it has written."""

EXPORTERS: Mapping[str, Exporter] = {
    "coco": export_coco,
    "mot": export_mot,
    "csv": export_csv,
    "rekognition": export_rekognition,
    "parquet": export_parquet,
}
