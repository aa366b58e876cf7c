"""The frames of videos that a model is quantised with, and those that it is then tried on, as files."""

from __future__ import annotations

import hashlib
import runpy
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2

from human_detector.analysis.frame_feed import Wanted
from human_detector.commands.videos import videos
from human_detector.errors import ConfigurationError, VideoError
from human_detector.inference.get_model import Display
from human_detector.inference.model_files import clone
from human_detector.values import Image

EVERY_TRIED = 3
"""Of so many frames one is kept back, so that the network is tried on what it was not made with."""
_GUESSED_RATIO = 0.1


@dataclass(frozen=True, slots=True)
class CalibrationPictures:
    """Pictures in files.

    Attributes:
        used: for the quantisation.
        tried: the others.
        checksum: of those that are used.
    """

    used: Sequence[Path]
    tried: Sequence[Path]
    checksum: str


def take_calibration_pictures(
    files: Sequence[Path], frames: int, folder: Path, display: Display
) -> CalibrationPictures:
    """Take frames that are spread evenly over videos, the same number of each.

    Args:
        files: the videos.
        frames: how many of all together, at the most.
        folder: where to.
        display: shows progress.

    Raises:
        VideoError: a file is no video; names it.
    """
    used: list[Path] = []
    tried: list[Path] = []
    digest = hashlib.sha256()
    share = max(EVERY_TRIED, frames // len(files))
    for file in files:
        display.start(f"{file.name}: frames")
        for number, image in enumerate(_frames(file, share, display)):
            is_tried = number % EVERY_TRIED == EVERY_TRIED - 1
            path = folder / f"{len(used) + len(tried):06d}.png"
            cv2.imwrite(str(path), image[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
            (tried if is_tried else used).append(path)
            if not is_tried:
                digest.update(repr(image.shape).encode() + image.tobytes())
    return CalibrationPictures(used, tried, digest.hexdigest())


def _frames(file: Path, count: int, display: Display) -> Iterator[Image]:
    opened = videos()
    try:
        _, frames = opened.declared_length(file)
        ratio = min(1.0, count / frames) if frames else _GUESSED_RATIO
        with closing(opened.open(file, Wanted(ratio, 0, (None,), 1), display.update)) as feed:
            for frame in islice(feed.frames(), count):
                yield frame.images[None]  # type: ignore[misc]
    except VideoError as error:
        raise VideoError(f"{file}: {error}") from error


def demo_clips() -> list[Path]:
    """The clips that the demo shows, in a clone of the repository.

    Raises:
        ConfigurationError: this is no clone, or they cannot be had.
    """
    here = clone()
    if here is None:
        raise ConfigurationError(
            "--calibrate: missing; name videos like those that the model will see (only a clone of the "
            "repository has some of its own)"
        )
    demo = runpy.run_path(str(here / "demo" / "sample_clip.py"))
    try:
        return [demo["sample_clip"](demo[name]) for name in ("CARPHONE", "BIKES")]
    except RuntimeError as error:
        raise ConfigurationError(f"--calibrate: missing, and {error}; name videos of yours") from error
