"""Copies of a video: with the boxes that were found, or one that browsers play."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.drawing.annotation import annotate
from human_detector.drawing.boxes_between_frames import BoxPaths
from human_detector.errors import Interrupted
from human_detector.values import Image
from human_detector.video.sound import BROWSER_SOUND, MP4_SOUND, Sound
from human_detector.video.source import VideoSource
from human_detector.video.writer import VideoWriter

Detections = Mapping[str, Sequence[Mapping[str, Any]]]
Draw = Callable[[Image, Detections], Image]
Progress = Callable[[float], None]


def write_annotated(
    video: Path, document: Mapping[str, Any], copy: Path, progress: Progress, stop: Callable[[], bool]
) -> None:
    """Write a copy of a video with boxes, labels and scores, and with its sound.

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
    _write_copy(video, document, copy, annotate, MP4_SOUND, progress, stop)


def write_playable(
    video: Path, document: Mapping[str, Any], copy: Path, progress: Progress, stop: Callable[[], bool]
) -> None:
    """Write a copy of a video that browsers play, with its sound.

    Args:
        video: see `write_annotated`.
        document: see `write_annotated`.
        copy: see `write_annotated`.
        progress: see `write_annotated`.
        stop: see `write_annotated`.

    Raises:
        VideoError: see `write_annotated`.
        Interrupted: see `write_annotated`.
    """
    _write_copy(video, document, copy, lambda image, _: image, BROWSER_SOUND, progress, stop)


def _write_copy(
    video: Path,
    document: Mapping[str, Any],
    copy: Path,
    draw: Draw,
    copied_sound: Collection[str],
    progress: Progress,
    stop: Callable[[], bool],
) -> None:
    paths = BoxPaths(document["frames"])
    with (
        VideoSource(video) as source,
        Sound(source, copied_sound) as sound,
        VideoWriter(copy, document["video"]["fps"], sound) as writer,
    ):
        for frame in source.frames():
            if stop():
                raise Interrupted("stopped while the copy was written")
            writer.write(draw(frame.image, paths.at(frame.timestamp)), frame.timestamp)
            progress(source.progress)
