"""The sampled frames of a video, in the sizes that the detectors want, whoever decodes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from human_detector.analysis.sampling import FrameSampler
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.values import Image, ScaledImage, VideoInfo
from human_detector.video.limits import NO_LIMITS, VideoLimits
from human_detector.video.source import VideoSource

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
    """

    frame_ratio: float
    first: int
    sizes: Sequence[Size]
    held: int


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One frame that is to be analysed.

    Attributes:
        index: counts decoded frames from 0.
        timestamp: seconds from the first frame.
        images: the frame in each size that is wanted.
    """

    index: int
    timestamp: float
    images: Mapping[Size, Image | ScaledImage]


class FrameFeed(Protocol):
    """The sampled frames of one video. A context manager; `info` and `progress` stay valid after it.

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

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


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
        return index >= wanted.first and is_sampled(index)

    source = VideoSource(video, is_sampled=is_wanted, limits=limits)
    return source


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
        self._as_it_is = None in wanted.sizes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        for frame in self._source.frames():
            images: dict[Size, Image | ScaledImage] = {
                size: scaler.scale(frame.image) for size, scaler in self._scalers.items()
            }
            if self._as_it_is:
                images[None] = frame.image
            yield SampledFrame(frame.index, frame.timestamp, images)
