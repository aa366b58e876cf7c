"""How large a video may be: what a stranger's file may cost in memory and in time."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_FRAME_PIXELS = 2**31 - 1
"""FFmpeg knows no more."""


@dataclass(frozen=True)
class VideoLimits:
    """What a video may ask for. The names are those of the keys in the configuration's section `worker`.

    Attributes:
        max_frame_pixels: width times height of a frame.
        max_frames: frames in the video.
    """

    max_frame_pixels: int = 8192 * 8192
    max_frames: int = 5_000_000

    def why_frame_too_large(self, width: int, height: int) -> str | None:
        """None for a frame that may be decoded, else the reason why not."""
        if width * height <= self.max_frame_pixels:
            return None
        return (
            f"the video's frames are {width} x {height} pixels, {width * height} in all;"
            f" worker.max_frame_pixels allows {self.max_frame_pixels}"
        )

    def why_too_many_frames(self, count: int) -> str | None:
        """None for a number of frames that may be decoded, else the reason why not."""
        if count <= self.max_frames:
            return None
        return f"the video has {count} frames or more; worker.max_frames allows {self.max_frames}"


DEFAULT_LIMITS = VideoLimits()
"""A worker's, where its configuration says nothing else."""

NO_LIMITS = VideoLimits(LARGEST_FRAME_PIXELS, 10**12)
"""Where memory alone bounds a video: on one's own machine, and of videos that a worker has let in."""
