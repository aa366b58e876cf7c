"""The sampled frames of a video, in the sizes that the detectors want, whoever decodes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from human_detector.analysis.sampling import FrameSampler
from human_detector.analysis.still_scenes import StillScenes
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.values import Image, ScaledImage, VideoInfo
from human_detector.video.limits import NO_LIMITS, VideoLimits
from human_detector.video.source import Frame, VideoSource

Size = tuple[int, int] | None
"""Height and width of the pictures that a detector wants; None for frames as they are."""

Progress = Callable[[float], None]
"""Called with the share of the video that is done, 0 to 1; what it raises ends the analysis."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which frames of a video are wanted, and how.

    Attributes:
        frame_ratio: the share that is sampled, see FrameSampler.
        first: index of the first frame that is wanted; those before it are only decoded.
        sizes: each once.
        held: how many the analysis has in hand at a time, at the most.
        skip_still: leave out the pictures of frames in which nothing has changed, see StillScenes.
    """

    frame_ratio: float
    first: int
    sizes: Sequence[Size]
    held: int
    skip_still: bool = False


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One frame that is to be analysed, or in which nothing has changed since the last one that was.

    Attributes:
        index: counts decoded frames from 0.
        timestamp: seconds from the first frame.
        images: the frame in each size that is wanted; none where nothing has changed.
    """

    index: int
    timestamp: float
    images: Mapping[Size, Image | ScaledImage]

    @property
    def is_still(self) -> bool:
        """Whether nothing has changed."""
        return not self.images


class FrameFeed(Protocol):
    """The sampled frames of one video. `info` and `progress` stay valid once it is closed.

    Attributes:
        progress: the share of the file that has been read, 0 to 1. It never falls; 1.0 is the end.
    """

    @property
    def progress(self) -> float: ...

    def frames(self) -> Iterator[SampledFrame]:
        """The frames, in order.

        Raises:
            VideoError: the file is no video that can be analysed.
            DecoderCrashed: whoever decodes it is gone.
        """
        ...

    def info(self) -> VideoInfo:
        """The facts about what was decoded so far."""
        ...

    def close(self) -> None:
        """Let go of the video."""
        ...


OpenVideo = Callable[[Path | str, Wanted, Progress], FrameFeed]
"""Opens a local file. Raises VideoError where it is no video."""


def open_source(
    video: Path | str | int, wanted: Wanted, progress: Progress, limits: VideoLimits
) -> VideoSource:
    """The frames that are wanted of a video, still as they are.

    Args:
        video: the file, or its descriptor.
        wanted: which frames.
        progress: called for every frame that is decoded: long stretches may pass without one that is wanted.
        limits: what a video may ask for.
    """
    is_sampled = FrameSampler(wanted.frame_ratio).is_sampled

    def is_wanted(index: int) -> bool:
        progress(source.progress)
        # Whether a frame is still depends on all before it: so an analysis that goes on after an interruption
        # gives the same result as one without.
        return (index >= wanted.first or wanted.skip_still) and is_sampled(index)

    source = VideoSource(video, is_sampled=is_wanted, limits=limits)
    return source


def wanted_frames(source: VideoSource, wanted: Wanted) -> Iterator[tuple[Frame, bool]]:
    """The frames that are wanted of a video, and of each whether it needs no look.

    Args:
        source: opened by `open_source`.
        wanted: the same.
    """
    scenes = StillScenes()
    for frame in source.frames():
        is_still = wanted.skip_still and scenes.is_still(frame.image, frame.timestamp)
        if frame.index >= wanted.first:
            yield frame, is_still


class LocalFeed:
    """Decodes in this process: for a machine without a cage, and for Python programs.

    Args:
        path: a local file.
        wanted: which frames, and how.
        progress: see `open_source`.
    """

    def __init__(self, path: Path | str, wanted: Wanted, progress: Progress) -> None:
        self._source = open_source(path, wanted, progress, NO_LIMITS)
        self._scalers = {size: FrameScaler(*size) for size in wanted.sizes if size}
        self._wanted = wanted

    def close(self) -> None:
        """See `FrameFeed`."""
        self._source.close()

    @property
    def progress(self) -> float:
        """See `FrameFeed`."""
        return self._source.progress

    def info(self) -> VideoInfo:
        """See `FrameFeed`."""
        return self._source.info()

    def frames(self) -> Iterator[SampledFrame]:
        """See `FrameFeed`."""
        for frame, is_still in wanted_frames(self._source, self._wanted):
            yield SampledFrame(frame.index, frame.timestamp, {} if is_still else self._images(frame.image))

    def _images(self, image: Image) -> Mapping[Size, Image | ScaledImage]:
        images: dict[Size, Image | ScaledImage] = {
            size: scaler.scale(image) for size, scaler in self._scalers.items()
        }
        return {**images, None: image} if None in self._wanted.sizes else images
