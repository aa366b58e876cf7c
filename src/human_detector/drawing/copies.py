"""Copies of a video with something drawn into every frame: the boxes that were found, or a blur over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.drawing.annotation import annotate
from human_detector.drawing.blurring import blur_boxes
from human_detector.drawing.box_paths import BoxPaths
from human_detector.errors import Interrupted
from human_detector.values import Image
from human_detector.video.source import VideoSource
from human_detector.video.writer import VideoWriter

Draw = Callable[[Image, Mapping[str, Sequence[Mapping[str, Any]]]], Image]
Progress = Callable[[float], None]


def write_annotated(
    video: Path, document: Mapping[str, Any], copy: Path, progress: Progress, stop: Callable[[], bool]
) -> None:
    """Write a copy of a video with boxes, labels and scores. It has no sound.

    Args:
        video: what was analysed.
        document: its result.
        copy: where the copy goes, an MP4.
        progress: called with the share that is done, 0 to 1.
        stop: asked before every frame.

    Raises:
        VideoError: the video can no longer be read.
        Interrupted: `stop` said so; there is no copy.
    """
    _write_copy(video, document, copy, annotate, progress, stop)


def write_blurred(
    video: Path,
    document: Mapping[str, Any],
    copy: Path,
    detectors: Collection[str],
    progress: Progress,
    stop: Callable[[], bool],
) -> None:
    """The same with everybody blurred whom certain detectors found.

    It has no sound, as voices tell people apart as well, and the copy carries none of the file's metadata.

    Args:
        video: see `write_annotated`.
        document: see `write_annotated`.
        copy: see `write_annotated`.
        detectors: names of the detectors whose boxes are blurred.
        progress: see `write_annotated`.
        stop: see `write_annotated`.

    Raises:
        VideoError: see `write_annotated`.
        Interrupted: see `write_annotated`.
    """

    def blur(image: Image, detections: Mapping[str, Sequence[Mapping[str, Any]]]) -> Image:
        return blur_boxes(image, [found["box"] for name in detectors for found in detections.get(name, ())])

    _write_copy(video, document, copy, blur, progress, stop)


def _write_copy(
    video: Path,
    document: Mapping[str, Any],
    copy: Path,
    draw: Draw,
    progress: Progress,
    stop: Callable[[], bool],
) -> None:
    paths = BoxPaths(document["frames"])
    with VideoSource(video) as source, VideoWriter(copy, document["video"]["fps"]) as writer:
        for frame in source.frames():
            if stop():
                raise Interrupted("stopped while the copy was written")
            writer.write(draw(frame.image, paths.at(frame.timestamp)), frame.timestamp)
            progress(source.progress)
