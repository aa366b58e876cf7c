"""Whether `human-detector anonymize` leaves a face uncovered, and how much it covers needlessly.

    benchmarks/anonymizing.py [--face-model M] [--people-model M]

On the labelled frames (labelled_frames.py), each with the frames around it, as the command sees them. A face
is uncovered if less than 80 % of its label lies in the regions. Needless is what is covered and in no label.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from measuring import ROOT

# isort: split
# measuring has seen to it that the packages are there.
import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.analysis.analyzer_arguments import create_detectors
from human_detector.commands.anonymize import DETECTORS
from human_detector.detectors.detector import Detector
from human_detector.drawing.anonymizing.moments import COVERED_SHARE, share_covered
from human_detector.drawing.anonymizing.region import Region
from human_detector.drawing.anonymizing.regions import Regions, Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from labelled_frames import CLIPS, Clip, Unavailable, fetch, name_of

AROUND = 8
"""Frames before and after each labelled one: more than a region is held."""
FPS = 25
USUAL = AnonymizingWishes()
VARIANTS: Mapping[str, AnonymizingWishes] = {
    "as it is": USUAL,
    "faces from 0.1": replace(USUAL, sure_face=0.1),
    "faces from 0.3": replace(USUAL, sure_face=0.3),
    "faces from 0.5": replace(USUAL, sure_face=0.5),
    "no heads by person": replace(USUAL, sure_person=2.0),
    "people from 0.2": replace(USUAL, sure_person=0.2),
    "people from 0.3": replace(USUAL, sure_person=0.3),
    "margin 0": replace(USUAL, margin=0),
    "margin 0.15": replace(USUAL, margin=0.15),
    "margin 0.4": replace(USUAL, margin=0.4),
    "heads": replace(USUAL, what="heads"),
    "people": replace(USUAL, what="people"),
}
GRID = 200
"""Points along each side of a frame at which areas are counted."""


@dataclass
class Score:
    """What was found on some labelled frames.

    Attributes:
        frames: how many.
        faces: in them.
        uncovered: frame and share that is covered, for each face that is not.
        covered: the sum of the shares of the frames that are covered.
        needless: the sum of the shares that are covered and no face.
    """

    frames: int = 0
    faces: int = 0
    uncovered: list[str] = field(default_factory=list)
    covered: float = 0.0
    needless: float = 0.0

    def add(self, name: str, faces: Sequence[Region], regions: Sequence[Region]) -> None:
        """Take one frame into account."""
        self.frames += 1
        self.faces += len(faces)
        shares = [share_covered(face, regions) for face in faces]
        self.uncovered += [f"{name}: {share:.2f}" for share in shares if share < COVERED_SHARE]
        covered, labelled = _painted(regions), _painted(faces)
        self.covered += float(covered.mean())
        self.needless += float((covered & ~labelled).mean())


def main() -> int:
    """Print a row for each variant, and the faces that are uncovered as it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    (_, faces), (_, people) = DETECTORS
    parser.add_argument("--face-model", default=faces["model"])
    parser.add_argument("--people-model", default=people["model"])
    options = parser.parse_args()
    models = (options.face_model, options.people_model)
    arguments = [
        [name, {**given, "model": model}] for (name, given), model in zip(DETECTORS, models, strict=True)
    ]
    detectors, problems = create_detectors(arguments)
    assert not problems, problems
    labels = labelled_faces()
    scores = {name: Score() for name in VARIANTS}
    for clip in CLIPS:
        try:
            windows = list(windows_of(clip))
        except Unavailable as reason:
            print(f"left out: {reason}", file=sys.stderr)
            continue
        for index, first, images in windows:
            result = result_of(first, images, detectors, arguments)
            for name, wishes in VARIANTS.items():
                regions = Regions(Scene(result, wishes).marks(), wishes.margin)
                covered = regions.at(index / FPS)
                scores[name].add(name_of(clip, index), labels[name_of(clip, index)], covered)
    print(f"{'':20} frames  faces  uncovered  covered area  needless area")
    for name, score in scores.items():
        counts = f"{score.frames:6} {score.faces:6} {len(score.uncovered):10}"
        areas = f"{score.covered / score.frames:13.2%} {score.needless / score.frames:14.2%}"
        print(f"{name:20} {counts} {areas}")
    print("\nuncovered as it is:", *scores["as it is"].uncovered, sep="\n  ")
    return 0


def labelled_faces() -> dict[str, list[Region]]:
    """The labelled faces of each frame, in fractions of it."""
    document = json.loads((ROOT / "benchmarks" / "labels.json").read_text(encoding="utf-8"))
    (face,) = (each["id"] for each in document["categories"] if each["name"] == "face")
    images = {each["id"]: each for each in document["images"]}
    faces: dict[str, list[Region]] = {each["file_name"]: [] for each in images.values()}
    for each in document["annotations"]:
        if each["category_id"] == face and not each.get("iscrowd"):
            image = images[each["image_id"]]
            x, y, width, height = each["bbox"]
            box = (
                x / image["width"],
                y / image["height"],
                (x + width) / image["width"],
                (y + height) / image["height"],
            )
            faces[image["file_name"]].append(box)
    return faces


def windows_of(clip: Clip) -> Iterator[tuple[int, int, list[NDArray[np.uint8]]]]:
    """Each labelled frame's index, that of the first frame around it, and the frames around it, RGB."""
    capture = cv2.VideoCapture(str(fetch(clip)))
    images: dict[int, NDArray[np.uint8]] = {}
    needed = {i for index in clip.frames for i in range(index - AROUND, index + AROUND + 1)}
    for i in range(max(needed) + 1):
        read, image = capture.read()
        if not read:
            break
        if i in needed:
            images[i] = np.ascontiguousarray(image[..., ::-1])
    for index in clip.frames:
        around = [i for i in range(index - AROUND, index + AROUND + 1) if i in images]
        yield index, around[0], [images[i] for i in around]


def result_of(
    first: int, images: Sequence[NDArray[np.uint8]], detectors: Sequence[Detector], arguments: Sequence[Any]
) -> dict[str, Any]:
    """The result of these frames."""
    frames: list[dict[str, Any]] = [
        {"index": first + i, "timestamp": (first + i) / FPS, "detections": {}} for i in range(len(images))
    ]
    for detector in detectors:
        size = detector.max_batch_size
        batches = [images[i : i + size] for i in range(0, len(images), size)]
        found = [each for batch in batches for each in detector.detect(batch)]
        for frame, there in zip(frames, found, strict=True):
            kept = [each.to_dict() for each in there if each.score >= detector.min_detection_score]
            frame["detections"][detector.name] = kept
    height, width = images[0].shape[:2]
    return {
        "video": {"width": width, "height": height, "fps": FPS},
        "human_detection": {"detectors": arguments},
        "frames": frames,
    }


def _painted(regions: Sequence[Region]) -> NDArray[np.bool_]:
    picture = np.zeros((GRID, GRID), bool)
    for region in regions:
        x0, y0, x1, y1 = (round(min(max(side, 0), 1) * GRID) for side in region)
        picture[y0:y1, x0:x1] = True
    return picture


if __name__ == "__main__":
    sys.exit(main())
