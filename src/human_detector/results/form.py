"""Whether a document has the form of a result: files come from anywhere, and their readers count on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from human_detector.results.detection_arrays import SIDES

MOST = 2**31
"""No count, number of a track or of pixels is larger."""

IsValid = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and abs(value) < MOST


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_detector(value: Any) -> bool:
    kinds = [str, dict][: len(value)] if isinstance(value, list) and 1 <= len(value) <= 2 else ()
    return bool(kinds) and all(map(isinstance, value, kinds))


_VIDEO: Mapping[str, IsValid] = {
    **dict.fromkeys(("width", "height", "frame_count"), _is_count),
    **dict.fromkeys(("fps", "duration"), _is_number),
    "complete": lambda value: isinstance(value, bool),
}
_VIDEO_MAY_SAY = dict.fromkeys(("bucket", "key", "etag", "file", "damage"), _is_text)
_ENGINE = dict.fromkeys(("name", "version", "device"), _is_text)
_SUMMARY: Mapping[str, IsValid] = {"analyzed_frames": _is_count, "detectors": _is_map}
_FRAME: Mapping[str, IsValid] = {"index": _is_count, "timestamp": _is_number, "detections": _is_map}
_FRAME_MAY_SAY: Mapping[str, IsValid] = {"carried": lambda value: isinstance(value, bool)}
_DETECTION: Mapping[str, IsValid] = {"label": _is_text, "score": _is_share}
_DETECTION_MAY_SAY = dict.fromkeys(("track_id", "person_track_id"), _is_count)
_BOX = dict.fromkeys(SIDES, _is_share)


def odd_place(document: Mapping[str, Any]) -> str | None:
    """The first place of a document where something has another form than in a result; None if there is none.

    Args:
        document: has the keys of a result.
    """
    detectors = document["human_detection"].get("detectors") if _is_map(document["human_detection"]) else None
    summary = document["summary"]
    if (place := _odd_in(document["video"], _VIDEO, _VIDEO_MAY_SAY)) is not None:
        return f"video{place}"
    if (place := _odd_in(document["engine"], _ENGINE)) is not None:
        return f"engine{place}"
    if not isinstance(detectors, list) or not all(map(_is_detector, detectors)):
        return "human_detection.detectors"
    if (place := _odd_in(summary, _SUMMARY, {"carried_frames": _is_count})) is not None:
        return f"summary{place}"
    if not all(
        _is_map(each) and all(map(_is_count, each.values())) for each in summary["detectors"].values()
    ):
        return "summary.detectors"
    if not isinstance(document["frames"], list):
        return "frames"
    odd = ((i, _odd_in_frame(frame)) for i, frame in enumerate(document["frames"]))
    return next((f"frames[{i}]{place}" for i, place in odd if place is not None), None)


def _odd_in_frame(frame: Any) -> str | None:
    place = _odd_in(frame, _FRAME, _FRAME_MAY_SAY)
    if place is not None:
        return place
    for name, found in frame["detections"].items():
        if not isinstance(found, list):
            return f".detections.{name}"
        for i, each in enumerate(found):
            place = _odd_in(each, _DETECTION, _DETECTION_MAY_SAY)
            box = each.get("box") if place is None else {}
            if place is None and (place := _odd_in(box, _BOX)) is not None:
                place = f".box{place}"
            if place is None and (box["x_min"] > box["x_max"] or box["y_min"] > box["y_max"]):
                place = ".box"
            if place is not None:
                return f".detections.{name}[{i}]{place}"
    return None


def _odd_in(
    part: Any, needed: Mapping[str, IsValid], may_say: Mapping[str, IsValid] | None = None
) -> str | None:
    """What of a part is missing or of another form, as the rest of a path; empty if it is no object."""
    if not _is_map(part):
        return ""
    for key, is_valid in needed.items():
        if key not in part or not is_valid(part[key]):
            return f".{key}"
    for key, is_valid in (may_say or {}).items():
        if key in part and not is_valid(part[key]):
            return f".{key}"
    return None
