"""The real clips that are changed: each container and each codec, small and made in a moment."""

from __future__ import annotations

from pathlib import Path

from support.formats import FORMATS
from support.media import H264, VP9, clip, run_ffmpeg

_NAMES = (
    *(
        "h264.mp4",
        "fragmented.mp4",
        "hevc.mp4",
        "av1.mp4",
        "h264.mov",
        "prores.mov",
        "h264.mkv",
        "hevc_10_bit.mkv",
    ),
    *("vp8.webm", "vp9.webm", "mpeg4.avi", "mjpeg.avi", "h264.avi", "h264.ts", "mpeg2.ts", "animation.gif"),
)
_MORE = {
    "png.mkv": ("-c:v", "png", "-pred", "mixed"),
    "ffv1.mkv": ("-c:v", "ffv1"),
    "mpeg4.mp4": ("-c:v", "mpeg4"),
    "mjpeg.mov": FORMATS["mjpeg.avi"],
}
_GROWING = {
    "grows.mkv": (*VP9, "-pix_fmt", "yuv420p"),
    "grows.avi": FORMATS["mjpeg.avi"],
    "grows.ts": H264,
}
"""The size of the frames changes in the middle."""
_SIZES = ("80x64", "320x240")
FRAMES = 12


def make_clips(folder: Path) -> dict[str, bytes]:
    """Makes the clips.

    Args:
        folder: for the files on the way.

    Returns:
        Contents by name.
    """
    outputs = {name: FORMATS[name] for name in _NAMES} | _MORE
    made = {
        name: clip(folder / name, *output, size=_SIZES[0], frames=FRAMES) for name, output in outputs.items()
    }
    made |= {name: _growing(folder, name, output) for name, output in _GROWING.items()}
    return {name: path.read_bytes() for name, path in made.items()}


def _growing(folder: Path, name: str, output: tuple[str, ...]) -> Path:
    parts = [
        clip(folder / f"{size}_{name}", *output, size=size, frames=FRAMES // 2)
        for size in (*_SIZES, _SIZES[0])
    ]
    listed = folder / f"{name}.txt"
    listed.write_text("".join(f"file '{part}'\n" for part in parts))
    run_ffmpeg("-f", "concat", "-safe", "0", "-i", listed, "-c", "copy", folder / name)
    return folder / name
