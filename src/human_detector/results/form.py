"""The form of a result: files come from anywhere, and their readers count on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from human_detector.results.detection_arrays import SIDES
from human_detector.validation import (
    Boolean,
    ByName,
    Check,
    ListOf,
    Number,
    Section,
    WholeNumber,
    Words,
    problem,
)

MOST = 2**31
"""No count, number of a track or of pixels is larger."""
LONGEST_TEXT = 100_000


class _Box(Section):
    """Valid: the sides of a box, none beyond its opposite."""

    def problems(self, path: str, value: Any) -> list[str]:
        """See `Check`."""
        if problems := super().problems(path, value):
            return problems
        is_in_order = value["x_min"] <= value["x_max"] and value["y_min"] <= value["y_max"]
        return [] if is_in_order else [problem(path, value, "a box whose min are no larger than its max")]


class _Detector(Check):
    """Valid: a name, and its arguments if it has any."""

    def __call__(self, value: Any) -> str | None:
        """See `Check`."""
        kinds = [str, dict][: len(value)] if isinstance(value, list) and 1 <= len(value) <= 2 else []
        is_valid = bool(kinds) and all(map(isinstance, value, kinds))
        return None if is_valid else "[name, arguments]"


def _object(needed: Mapping[str, Check], may_have: Mapping[str, Check] | None = None) -> Section:
    """An object with these keys, and whatever a later version adds."""
    return Section({**needed, **(may_have or {})}, required=tuple(needed), shared=True)


_COUNT, _TIME, _TEXT = WholeNumber(0, MOST), Number(-MOST, MOST), Words(LONGEST_TEXT)
_DETECTION = _object(
    {
        "label": _TEXT,
        "score": Number(0, 1),
        "box": _Box(dict.fromkeys(SIDES, Number(0, 1)), SIDES, shared=True),
    },
    dict.fromkeys(("track_id", "person_track_id"), _COUNT),
)
_FRAME = _object(
    {
        "index": _COUNT,
        "timestamp": _TIME,
        "detections": ByName(ListOf(_DETECTION, "a list of detections"), "lists by detector"),
    },
    {"carried": Boolean()},
)
RESULT = _object(
    {
        "video": _object(
            {
                **dict.fromkeys(("width", "height", "frame_count"), _COUNT),
                **dict.fromkeys(("fps", "duration"), _TIME),
                "complete": Boolean(),
            },
            dict.fromkeys(("bucket", "key", "etag", "file", "damage"), _TEXT),
        ),
        "engine": _object(dict.fromkeys(("name", "version", "device"), _TEXT)),
        "human_detection": _object({"detectors": ListOf(_Detector(), "a list of detectors")}),
        "summary": _object(
            {
                "analyzed_frames": _COUNT,
                "detectors": ByName(ByName(_COUNT, "counts by name"), "counts by detector"),
            },
            {"carried_frames": _COUNT},
        ),
        "frames": ListOf(_FRAME, "a list of frames"),
    }
)
"""A result, apart from its version, which is looked at before."""
