"""Reads labels as CVAT exports them: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/.

`CVAT for images 1.1` has the boxes of each picture, `CVAT for video 1.1` the tracks of a whole video.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from human_detector.report.evaluation.frame_names import VALID_NAMES, frame_index, names_of_video
from human_detector.report.evaluation.truth import Truth, TruthBox, TruthError, TruthFrame, truth_box

SIDES = ("xtl", "ytl", "xbr", "ybr")
OTHER_SHAPES = ("cuboid", "ellipse", "mask", "polygon", "polyline")
_STEP = re.compile(r"step\s*=\s*(\d+)")

Element = ElementTree.Element


def read_cvat(path: Path) -> Truth:
    """The labels of a file.

    Args:
        path: annotations.xml of either kind.

    Raises:
        TruthError: it is something else, or something in it is wrong; says what.
    """
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 (a file of the user's own; expat bounds entities)
    except ElementTree.ParseError as error:
        raise TruthError(f"--truth {path} is not XML: {error}") from error
    if root.tag != "annotations":
        raise TruthError(f"--truth {path} is no CVAT file: found <{root.tag}>, valid is <annotations>")
    try:
        _check_shapes(root)
        tracks = root.findall("track")
        tasks = _tasks(root)
        return Truth(path, _frames_of_tracks(tracks, tasks) if tracks else _frames_of_images(root, tasks))
    except TruthError as error:
        raise TruthError(f"--truth {path}: {error}") from error


def _frames_of_images(root: Element, tasks: Mapping[str, _Task]) -> list[TruthFrame]:
    frames = []
    for image in root.findall("image"):
        name = image.get("name", "")
        index = frame_index(name)
        if index is None:
            raise TruthError(
                f"the image {name} has no number of a frame at the end of its name; {VALID_NAMES}"
            )
        size = _number(image, "width"), _number(image, "height")
        boxes = (_box(box, box.get("label", ""), size) for box in image.findall("box"))
        names = (*names_of_video(name), *_task_of(image, tasks).names)
        frames.append(TruthFrame(names, index, tuple(filter(None, boxes))))
    return frames


def _frames_of_tracks(tracks: Sequence[Element], tasks: Mapping[str, _Task]) -> list[TruthFrame]:
    boxes: dict[tuple[str, int], list[TruthBox]] = defaultdict(list)
    for track in tracks:
        task = _task_of(track, tasks)
        for index, element in _shown(track, task.frames.stop):
            if box := _box(element, track.get("label", ""), task.size):
                boxes[task.number, index].append(box)
    return [
        TruthFrame(task.names, index, tuple(boxes[task.number, index]))
        for task in tasks.values()
        for index in task.frames
    ]


@dataclass(frozen=True)
class _Task:
    """What people were given to label at a time; a project has several.

    Attributes:
        number: its `id`.
        names: of the video.
        element: what CVAT says of it.
    """

    number: str
    names: tuple[str, ...]
    element: Element

    @property
    def frames(self) -> range:
        """Those that were shown to people, by the video's own numbers."""
        if self.element.findtext("mode") == "annotation":
            raise TruthError("it is of pictures, whose names it does not have; valid is CVAT for images 1.1")
        if self.element.find("stop_frame") is None:
            raise TruthError("it does not say which frames were labelled (meta, start_frame and stop_frame)")
        step = _STEP.search(self.element.findtext("frame_filter") or "")
        first, last = (int(_content(self.element, f"{end}_frame")) for end in ("start", "stop"))
        return range(first, last + 1, int(step[1]) if step else 1)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the frames, pixels."""
        size = self.element.find("original_size")
        if size is None:
            raise TruthError("it does not say how large the frames are (meta, original_size)")
        return _content(size, "width"), _content(size, "height")


def _tasks(root: Element) -> dict[str, _Task]:
    """By their number."""
    source_of_all = root.findtext("meta/source")
    elements = root.findall("meta//task") or root.findall("meta/job") or [Element("task")]
    tasks = {}
    for element in elements:
        source = element.findtext("source") or source_of_all
        number = element.findtext("id") or ""
        tasks[number] = _Task(number, (PurePosixPath(source).stem,) if source else (), element)
    return tasks


def _task_of(element: Element, tasks: Mapping[str, _Task]) -> _Task:
    """The task of a picture or a track; in the labels of a single one nothing says it."""
    if len(tasks) == 1:
        return next(iter(tasks.values()))
    number = element.get("task_id", "")
    if number not in tasks:
        raise TruthError(f"found the task_id {number!r}, valid is one of {', '.join(tasks)}")
    return tasks[number]


def _shown(track: Element, end: int) -> Iterator[tuple[int, Element]]:
    """The boxes of a track, frame by frame: between two that are given it moves evenly, as in CVAT."""
    given = sorted(track.findall("box"), key=lambda box: _number(box, "frame"))
    for box, following in pairwise([*given, None]):
        assert box is not None
        if box.get("outside") == "1":
            continue
        first = int(_number(box, "frame"))
        last = end if following is None else int(_number(following, "frame"))
        moves = following is not None and following.get("outside") != "1"
        for index in range(first, last):
            share = (index - first) / (last - first)
            yield index, _between(box, following, share) if moves and following is not None else box


def _between(box: Element, following: Element, share: float) -> Element:
    sides = {side: str((1 - share) * _number(box, side) + share * _number(following, side)) for side in SIDES}
    return ElementTree.Element("box", {**box.attrib, **sides})


def _box(element: Element, label: str, size: tuple[float, float]) -> TruthBox | None:
    left, top, right, bottom = (_number(element, side) for side in SIDES)
    if angle := math.radians(float(element.get("rotation", 0))):
        # The upright box around the turned one.
        across, down = right - left, bottom - top
        half_width = (abs(across * math.cos(angle)) + abs(down * math.sin(angle))) / 2
        half_height = (abs(across * math.sin(angle)) + abs(down * math.cos(angle))) / 2
        x, y = (left + right) / 2, (top + bottom) / 2
        left, top, right, bottom = x - half_width, y - half_height, x + half_width, y + half_height
    width, height = size
    if not (width > 0 and height > 0):
        raise TruthError(f"found frames of {width:g}x{height:g} pixels")
    return truth_box(label, (left / width, top / height, right / width, bottom / height))


def _check_shapes(root: Element) -> None:
    for shape in OTHER_SHAPES:
        if (found := root.find(f".//{shape}")) is not None:
            raise TruthError(f"found a {shape} ({found.get('label', 'of a track')}), valid are boxes")


def _content(element: Element, name: str) -> float:
    return _to_number(element.findtext(name), name)


def _number(element: Element, name: str) -> float:
    return _to_number(element.get(name), f"{element.tag} {name}")


def _to_number(text: str | None, name: str) -> float:
    try:
        return float(text or "")
    except ValueError as error:
        raise TruthError(f"{name}: found {text!r}, valid is a number") from error
