"""A result as the report's page carries it: flat arrays in base64, a tenth of the size of the result file."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.drawing.annotation import COLOURS
from human_detector.results.detection_arrays import NO_TRACK, Detections
from human_detector.results.tracking import MIN_SIGHTINGS

SCORE_SCALE = 10_000
BOX_SCALE = 65_535


def pack(document: Mapping[str, Any]) -> dict[str, Any]:
    """The frames and detections for the page's script, which knows these names.

    Args:
        document: a result.
    """
    table = Detections.from_document(document)
    indices = np.array([frame["index"] for frame in document["frames"]], np.int64)
    times = np.array([frame["timestamp"] for frame in document["frames"]])
    return {
        "scoreScale": SCORE_SCALE,
        "boxScale": BOX_SCALE,
        "minSightings": MIN_SIGHTINGS,
        "times": _base64(times, "<f4"),
        "detectors": [
            {
                "name": name,
                "colour": "rgb({}, {}, {})".format(*COLOURS[place % len(COLOURS)]),
                **_pack_detector(table[table.detector == name], indices),
            }
            for place, name in enumerate(document["summary"]["detectors"])
        ],
    }


def _pack_detector(table: Detections, indices: NDArray[np.int64]) -> dict[str, Any]:
    """The detections of one detector; those of frame i are at `offsets[i]` to `offsets[i + 1]`."""
    offsets = np.append(np.searchsorted(table.frame_index, indices), len(table))
    labels, label_ids = np.unique(table.label, return_inverse=True)
    return {
        "offsets": _base64(offsets, "<u4"),
        "scores": _base64((table.score * SCORE_SCALE).round(), "<u2"),
        "boxes": _base64((table.box * BOX_SCALE).round(), "<u2"),
        "labels": labels.tolist(),
        "labelIds": _base64(label_ids, "<u2"),
        "tracks": _tracks(table.track_id),
        "people": _tracks(table.person_track_id),
    }


def _tracks(numbers: NDArray[np.int64]) -> str | None:
    return _base64(numbers, "<i4") if np.any(numbers != NO_TRACK) else None


def _base64(values: NDArray[Any] | Sequence[float], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode()
