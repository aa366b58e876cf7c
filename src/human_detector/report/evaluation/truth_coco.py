"""Reads labels in COCO's format: https://cocodataset.org/#format-data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from human_detector.report.evaluation.frame_names import VALID_NAMES, frame_index, names_of_video
from human_detector.report.evaluation.truth import Truth, TruthBox, TruthError, TruthFrame, truth_box
from human_detector.utils import parse_json
from human_detector.validation import found

LISTS = ("images", "annotations", "categories")
INDEX_KEYS = ("frame_index", "frame_id")
"""Where an image says which frame it is of: human-detector's own exports do, and sets of videos."""


def read_coco(path: Path) -> Truth:
    """The labels of a file.

    Args:
        path: JSON with images, annotations and categories; human-detector's own export is such a file.

    Raises:
        TruthError: it is something else, or something in it is wrong; says what.
    """
    try:
        data = parse_json(path.read_bytes())
    except ValueError as error:
        raise TruthError(f"--truth {path} is not JSON: {error}") from error
    if not isinstance(data, dict) or not all(isinstance(data.get(name), list) for name in LISTS):
        raise TruthError(
            f"--truth {path} is no COCO file: valid is an object with the lists {', '.join(LISTS)}"
        )
    try:
        return Truth(path, _frames(data))
    except TruthError as error:
        raise TruthError(f"--truth {path}: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise TruthError(f"--truth {path} is no COCO file: something has another form: {error}") from error


def _frames(data: Mapping[str, Any]) -> list[TruthFrame]:
    categories = {_get(each, "id", f"categories[{i}]"): each for i, each in enumerate(data["categories"])}
    videos = {each["id"]: str(each["name"]) for each in data.get("videos", [])}
    images = {_get(each, "id", f"images[{i}]"): each for i, each in enumerate(data["images"])}
    boxes: dict[Any, list[TruthBox]] = defaultdict(list)
    for i, annotation in enumerate(data["annotations"]):
        place = f"annotations[{i}]"
        image = images.get(_get(annotation, "image_id", place))
        category = categories.get(_get(annotation, "category_id", place))
        if image is None or category is None:
            raise TruthError(f"{place} is of an image or a category that is not there")
        if box := _box(annotation, image, str(category.get("name")), place):
            boxes[image["id"]].append(box)
    return [_frame(image, videos, tuple(boxes[number])) for number, image in images.items()]


def _frame(image: Mapping[str, Any], videos: Mapping[Any, str], boxes: tuple[TruthBox, ...]) -> TruthFrame:
    name = str(_get(image, "file_name", f"the image {image['id']}"))
    index = next((image[key] for key in INDEX_KEYS if isinstance(image.get(key), int)), frame_index(name))
    if index is None:
        raise TruthError(f"the image {name} has no number of a frame at the end of its name; {VALID_NAMES}")
    named = [PurePosixPath(videos[key]).stem for key in [image.get("video_id")] if key in videos]
    return TruthFrame((*named, *names_of_video(name)), index, boxes)


def _box(annotation: Mapping[str, Any], image: Mapping[str, Any], label: str, place: str) -> TruthBox | None:
    sides = _get(annotation, "bbox", place)
    width, height = (_get(image, side, f"the image {image['id']}") for side in ("width", "height"))
    try:
        x, y, w, h = map(float, sides)
        area = float(annotation.get("area", w * h)) / (width * height)
        fractions = (x / width, y / height, (x + w) / width, (y + h) / height)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TruthError(f"{place}: found the bbox {found(sides)}, valid is [x, y, width, height]") from error
    return truth_box(label, fractions, area=area, crowd=bool(annotation.get("iscrowd", 0)))


def _get(entry: Any, key: str, place: str) -> Any:
    if not isinstance(entry, dict) or key not in entry:
        raise TruthError(f"{place} has no {key}")
    return entry[key]
