"""Tells whether browsers play a video, by what is in the file: names and suffixes say little."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from human_detector.video.file import VideoFile

_EIGHT_BITS = {"yuv420p", "yuvj420p"}
_MORE = {"yuv420p", "yuva420p", "yuv420p10le"}  # decoders that browsers bring along themselves
_PLAYED = {
    "MP4": {"h264": _EIGHT_BITS, "vp9": _MORE, "av1": _MORE},
    "WebM": {"vp8": _MORE, "vp9": _MORE, "av1": _MORE},
}
"""What current releases of Chromium, Firefox and Safari play on every system: pixel formats by container and
codec. Some play more: HEVC or Matroska, say, with the help of the system or the graphics card."""
_MEDIA_TYPES = {"MP4": "video/mp4", "WebM": "video/webm"}
_CONTAINERS = {"mov": "MP4", "matroska": "Matroska", "mpegts": "MPEG-TS"}
_WEBM_MARK = b"webm"  # the document type in the first element of a Matroska file
_HEAD = 64  # bytes; that element ends before


@dataclass(frozen=True)
class VideoFormat:
    """What a video file is made of.

    Attributes:
        container: `MP4` (QuickTime as well, which differs in name only), `WebM`, `Matroska`, `AVI`, ...
        codec: FFmpeg's name.
        pixels: FFmpeg's name of the pixel format.
    """

    container: str
    codec: str
    pixels: str

    @property
    def media_type(self) -> str | None:
        """What browsers know it by; None if they do not play it."""
        is_played = self.pixels in _PLAYED.get(self.container, {}).get(self.codec, ())
        return _MEDIA_TYPES[self.container] if is_played else None

    def __str__(self) -> str:
        return f"{self.codec.upper()} ({self.pixels}) in {self.container}"


def video_format(video: Path) -> VideoFormat:
    """Looks into a file.

    Raises:
        VideoError: it is no video.
    """
    with VideoFile(video) as file:
        codec = file.stream.codec_context
        return VideoFormat(_container(file), codec.codec.canonical_name, codec.pix_fmt or "unknown pixels")


def _container(file: VideoFile) -> str:
    name = file.container.format.name.split(",")[0]
    if name == "matroska" and _WEBM_MARK in file.head(_HEAD):
        return "WebM"
    return _CONTAINERS.get(name, name.upper())
