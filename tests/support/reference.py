"""What the product's boxes are compared with: clips with people, and the plainest loop over their frames."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import tensorflow as tf

from human_detector.inference.model_files import find_model
from human_detector.values import Box, Detection
from sample_clip import BIKES, sample_clip
from support.media import H264, run_ffmpeg

HUMANS = "ssdlite_pedestrian"
FACES = "mobilenet_ssd_widerface"

RGB = (2, 1, 0)
BGR = (0, 1, 2)
"""Orders of the channels of a picture that OpenCV has read as blue, green, red."""

FoundInClip = Mapping[int, Sequence[Detection]]
"""The detections of each analysed frame, by the frame's index."""


@dataclass(frozen=True)
class Tolerance:
    """How far the product may be from the reference.

    Attributes:
        iou: the least intersection over union of two boxes that count as the same.
        score: the most that their scores may differ.
        margin: a detection whose score is no further above the threshold may be missing on either side.
    """

    iou: float
    score: float
    margin: float


def carphone(folder: Path) -> Path:
    """A man in a car, close up: 176x144, 35 frames."""
    clip = folder / "carphone.mp4"
    _ffmpeg(clip, "trim=start_frame=40,setpts=PTS-STARTPTS", sample_clip())
    return clip


def bikes(folder: Path) -> Path:
    """People on bicycles who come and go: 640x272, 35 frames."""
    clip = folder / "bikes.mp4"
    _ffmpeg(clip, "trim=start_frame=103,setpts=PTS-STARTPTS", sample_clip(BIKES))
    return clip


def couple(folder: Path) -> Path:
    """Two people beside each other, the second mirrored and later: 800x400, 35 frames."""
    clip = folder / "couple.mp4"
    _ffmpeg(
        clip,
        "scale=352:288,split[a][b];[b]hflip,trim=start_frame=40,setpts=PTS-STARTPTS[c];"
        "[a][c]hstack,pad=800:400:60:40",
        sample_clip(),
    )
    return clip


CLIPS: Sequence[Callable[[Path], Path]] = (carphone, bikes, couple)
"""Each makes or fetches one clip; what it makes, it puts into the given folder."""


def _ffmpeg(clip: Path, filters: str, source: Path) -> None:
    run_ffmpeg(
        "-i", source, "-filter_complex", filters, "-frames:v", "35", "-an", "-threads", "1", *H264, clip
    )


@cache
def load_reference(model: str) -> Callable[[Any], Any]:
    """The unmodified frozen graph: uint8 RGB [1, height, width, 3] in; boxes, scores and classes out."""
    graph_def = tf.compat.v1.GraphDef.FromString(find_model(model).read_bytes())
    graph = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_def, name=""), [])
    outputs = ("detection_boxes:0", "detection_scores:0", "detection_classes:0")
    return graph.prune("image_tensor:0", list(map(graph.graph.get_tensor_by_name, outputs)))


def detect_in_clip(
    clip: Path, graph: Callable[[Any], Any], every: int, channels: tuple[int, int, int] = RGB
) -> FoundInClip:
    """Run the graph on some of the frames, one at a time; everything of class 1 is kept.

    Args:
        clip: the video.
        graph: from `load_reference`.
        every: 5 analyses frames 0, 5, 10, ...
        channels: the order in which the graph gets the channels that OpenCV reads.
    """
    video, found, index = cv2.VideoCapture(str(clip)), {}, 0
    while (frame := video.read()[1]) is not None:
        if index % every == 0:
            images = tf.constant(frame[None, :, :, channels])
            boxes, scores, classes = (output.numpy()[0] for output in graph(images))
            found[index] = [
                Detection("", float(score), Box.clipped(x_min, y_min, x_max, y_max))
                for (y_min, x_min, y_max, x_max), score, number in zip(boxes, scores, classes, strict=True)
                if number == 1
            ]
        index += 1
    return found


def differences(
    product: FoundInClip, reference: FoundInClip, threshold: float, tolerance: Tolerance
) -> list[str]:
    """Every detection of one side that the other side lacks, and every frame that only one side analysed."""
    problems = [f"frame {index}: analysed by one side only" for index in product.keys() ^ reference.keys()]
    for index in product.keys() & reference.keys():
        for side, these, those in (
            ("reference", reference[index], product[index]),
            ("product", product[index], reference[index]),
        ):
            problems += [
                f"frame {index}: only the {side} has {detection}"
                for detection in these
                if detection.score > threshold + tolerance.margin
                and not _is_among(those, detection, tolerance)
            ]
    return problems


def _is_among(detections: Iterable[Detection], wanted: Detection, tolerance: Tolerance) -> bool:
    return any(
        abs(detection.score - wanted.score) <= tolerance.score
        and detection.box.overlap(wanted.box) >= tolerance.iou
        for detection in detections
    )
