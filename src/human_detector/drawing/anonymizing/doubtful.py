"""doubtful.json and the page of doubtful moments, on which somebody decides what else is to be covered."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from human_detector.drawing.annotation import scale_to_width, to_address
from human_detector.drawing.anonymizing.moments import LOW_SCORE, NO_HEAD, TRACK_BEGINS, TRACK_ENDS, Moment
from human_detector.drawing.anonymizing.region import Region
from human_detector.drawing.anonymizing.regions import MarkedFrame
from human_detector.results.detection_arrays import SIDES
from human_detector.utils import fill_page, script_data, write_whole
from human_detector.values import Image

PICTURE_WIDTH = 420
AROUND, LEAST_SHARE = 5.0, 0.3
"""How much of a frame is shown: that many times the box, and at least that share of the frame."""
BRIGHT, DARK = (255, 220, 0), (20, 20, 20)
SCHEMA_VERSION = "1.0"
WORDS: Mapping[str, str] = {
    LOW_SCORE: "Perhaps somebody: the detector is not sure. Not covered.",
    NO_HEAD: "A person whose head could be anywhere in the box. Covered as a whole.",
    TRACK_BEGINS: "Seen from the next moments on. Was it here before? Not covered here.",
    TRACK_ENDS: "Seen until just before. Is it still here? Not covered here.",
}
_FOLDER = Path(__file__).resolve().parent


def summary_of(
    frames: Sequence[MarkedFrame], moments: Sequence[Moment], decisions: Mapping[str, str]
) -> dict[str, int]:
    """The counts of a copy: frames, faces, heads that were placed by the person, moments to look at."""
    kinds = Counter(mark.kind for frame in frames for mark in frame.marks)
    return {
        "frames": len(frames),
        "faces": kinds["face"],
        "heads_by_person": kinds["head"],
        "whole_people": kinds["person"],
        "moments_to_look_at": sum(moment.name not in decisions for moment in moments),
        "moments_decided": sum(moment.name in decisions for moment in moments),
    }


def sentence_of(summary: Mapping[str, int]) -> str:
    """The counts for a person."""
    parts = [
        _count(summary["frames"], "frame"),
        _count(summary["faces"], "face"),
        f"{_count(summary['heads_by_person'], 'head')} by person",
        f"{_count(summary['moments_to_look_at'], 'moment')} to look at",
    ]
    if summary["whole_people"]:
        parts.insert(3, f"{_count(summary['whole_people'], 'whole person', 'whole people')}")
    if summary["moments_decided"]:
        parts.append(f"{summary['moments_decided']} decided")
    return ", ".join(parts)


class MomentPictures:
    """Takes the pictures of moments while the video goes by: of each the middle one.

    Args:
        frames: the analysed frames.
        moments: what is in doubt.
    """

    def __init__(self, frames: Sequence[MarkedFrame], moments: Sequence[Moment]) -> None:
        self._wanted: dict[int, list[tuple[str, Region]]] = {}
        for moment in moments:
            i, box = moment.places[len(moment.places) // 2]
            self._wanted.setdefault(frames[i].index, []).append((moment.name, box))
        self.addresses: dict[str, str] = {}

    def look(self, index: int, image: Image) -> None:
        """Take what is wanted of a frame of the original video."""
        for name, box in self._wanted.get(index, ()):
            self.addresses[name] = to_address(_closer(image, box))


def doubtful_document(
    document: Mapping[str, Any],
    frames: Sequence[MarkedFrame],
    moments: Sequence[Moment],
    decisions: Mapping[str, str],
    metadata_left_out: Sequence[str],
) -> dict[str, Any]:
    """What doubtful.json says.

    Args:
        document: the result.
        frames: what is covered.
        moments: what is in doubt.
        decisions: by the name of the moment.
        metadata_left_out: what the video told about itself.
    """
    return {
        "doubtful_schema_version": SCHEMA_VERSION,
        "video": {key: document["video"][key] for key in ("file", "etag") if key in document["video"]},
        "summary": summary_of(frames, moments, decisions),
        "metadata_left_out": list(metadata_left_out),
        "moments": [_moment(moment, frames, decisions) for moment in moments],
    }


def write_doubtful(document: Mapping[str, Any], title: str, pictures: Mapping[str, str], page: Path) -> None:
    """Write doubtful.json and the page beside each other; both appear whole.

    Args:
        document: from `doubtful_document`.
        title: name of the video.
        pictures: `data:` addresses by the name of the moment.
        page: NAME.doubtful.html.
    """
    write_whole(page.with_suffix(".json"), json.dumps(document, indent=1, allow_nan=False) + "\n")
    moments = [{**each, "picture": pictures.get(each["moment"], "")} for each in document["moments"]]
    data = {**document, "title": title, "sentence": sentence_of(document["summary"]), "moments": moments}
    parts = {
        "title": html.escape(title),
        "css": _read("doubtful.css"),
        "js": _read("doubtful.js"),
        "data": script_data(data),
    }
    write_whole(page, fill_page(_read("doubtful.html"), parts))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _closer(image: Image, box: Region) -> Image:
    """The part of a picture around a box, which is drawn in."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    shown_width = min(width, max(AROUND * max(x1 - x0, y1 - y0), LEAST_SHARE * width))
    shown_height = min(height, shown_width * height / width)
    left = min(max(0, (x0 + x1 - shown_width) / 2), width - shown_width)
    top = min(max(0, (y0 + y1 - shown_height) / 2), height - shown_height)
    part = image[int(top) : int(top + shown_height), int(left) : int(left + shown_width)]
    picture = scale_to_width(part, PICTURE_WIDTH)
    scale = PICTURE_WIDTH / part.shape[1]
    corners = [
        (round((x - int(left)) * scale), round((y - int(top)) * scale)) for x, y in ((x0, y0), (x1, y1))
    ]
    for colour, thickness in ((DARK, 4), (BRIGHT, 2)):
        cv2.rectangle(picture, corners[0], corners[1], colour, thickness)
    return picture


def _moment(moment: Moment, frames: Sequence[MarkedFrame], decisions: Mapping[str, str]) -> dict[str, Any]:
    first, last = frames[moment.places[0][0]], frames[moment.places[-1][0]]
    _, box = moment.places[len(moment.places) // 2]
    return {
        "moment": moment.name,
        "kind": moment.kind,
        "of": moment.of,
        "score": round(moment.score, 4),
        "covered": moment.is_covered,
        "from": first.timestamp,
        "to": last.timestamp,
        "first_frame": first.index,
        "last_frame": last.index,
        "box": {side: round(value, 4) for side, value in zip(SIDES, box, strict=True)},
        "words": WORDS[moment.kind],
        "decision": decisions.get(moment.name),
    }


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
