"""Writes the copy of a video in which nobody can be recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from human_detector.drawing.anonymizing.covering import cover
from human_detector.drawing.anonymizing.regions import MarkedFrame, Regions
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.errors import Interrupted, VideoError
from human_detector.values import Image
from human_detector.video.file import VideoFile
from human_detector.video.sound import MP4_SOUND, Sound
from human_detector.video.source import VideoSource
from human_detector.video.writer import VideoWriter

NOT_TELLING = ("encoder", "major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id")
"""Metadata that every file has, whoever made it."""
PICTURES_AND_SOUND = ("video", "audio")


def write_anonymized(
    video: Path,
    document: Mapping[str, Any],
    frames: Sequence[MarkedFrame],
    wishes: AnonymizingWishes,
    copy: Path,
    progress: Callable[[float], None],
    stop: Callable[[], bool],
    look: Callable[[int, Image], None] = lambda _index, _image: None,
) -> None:
    """Write the copy. It has none of the metadata of the video, no subtitles and no other data.

    Args:
        video: what was analysed.
        document: its result.
        frames: what is covered in each analysed frame.
        wishes: how.
        copy: where the copy goes, an MP4; it appears when it is whole.
        progress: called with the share that is done, 0 to 1.
        stop: asked before every frame.
        look: gets the index and the picture of every frame of the original.

    Raises:
        VideoError: the video can no longer be read.
        Interrupted: `stop` said so; there is no copy.
    """
    regions = Regions(frames, wishes.margin)
    with (
        VideoSource(video) as source,
        nullcontext() if wishes.mute else Sound(source, MP4_SOUND) as sound,
        VideoWriter(copy, document["video"]["fps"], sound, comment=wishes.comment()) as writer,
    ):
        for frame in source.frames():
            if stop():
                raise Interrupted("stopped while the copy was written")
            look(frame.index, frame.image)
            writer.write(cover(frame.image, regions.at(frame.timestamp), wishes.style), frame.timestamp)
            progress(source.progress)


def is_copy_of_wishes(copy: Path, wishes: AnonymizingWishes) -> bool:
    """Whether a file is a copy that was made with these wishes."""
    try:
        with VideoFile(copy) as file:
            return file.container.metadata.get("comment") == wishes.comment()
    except VideoError:
        return False


def telling_metadata(video: Path) -> list[str]:
    """Names of what a video says about place, time and device, and of tracks that are no picture or sound.

    None of it is in a copy.

    Raises:
        VideoError: the video can no longer be read.
    """
    with VideoFile(video) as file:
        container = file.container
        names = [*container.metadata]
        for stream in container.streams:
            names += [name for name in stream.metadata if name != "language"]
            if stream.type not in PICTURES_AND_SOUND:
                names.append(f"{stream.type} track")
    return sorted({name.lower() for name in names if name.lower() not in NOT_TELLING})
