"""Makes small video files with the ffmpeg command, damages them, and asks ffprobe and ffmpeg about them.

The files have the same bytes on every processor. Encoders choose their instructions by what the processor has, and
with them the roundings: above all x264, where it weighs one way to code a block against another. So FFmpeg's own code
runs without such instructions, x264 is told to be independent of them, and each has one thread.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="the ffmpeg command is not installed"
)

# Fine noise makes frames large enough that damage hits one.
NOISE = "noise=alls=15:allf=t:all_seed=1"

X264 = ("-c:v", "libx264", "-x264-params", "cpu-independent=1")
H264 = (*X264, "-pix_fmt", "yuv420p")
# Without B-frames. One that is damaged may be handed out by one decoder thread before another has marked it.
H264_IN_ORDER = (*H264, "-bf", "0")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=none:pools=none:frame-threads=1")
VP8 = ("-c:v", "libvpx", "-auto-alt-ref", "1")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
AV1 = ("-c:v", "libsvtav1", "-svtav1-params", "lp=1", "-preset", "12")
"""How to call the encoders that are not FFmpeg's own: options of the output."""

_INDEPENDENT = {"libx264": X264[2:], "libx265": HEVC[2:], "libsvtav1": AV1[2:4]}
"""What makes these independent of the processor; `clip` adds it, whether or not its caller thinks of it."""

_TAKE_X264 = (".mp4", ".mov", ".mkv")
"""The containers for which FFmpeg chooses that encoder by itself."""

shared_folder: Path | None = None
"""Where `clip` keeps what it has made, for all processes of a run; None where it keeps nothing. See conftest.py."""


def run_ffmpeg(*arguments: str | Path) -> bytes:
    """Runs ffmpeg and returns what it prints."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-cpuflags", "0", *map(str, arguments)]
    # SVT-AV1 tells its settings to everybody, whatever ffmpeg was told.
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "SVT_LOG": "1"})
    assert done.returncode == 0, f"{command}: {done.stderr.decode(errors='replace')}"
    return done.stdout


@cache
def _encoders() -> str:
    command = ["ffmpeg", "-v", "error", "-encoders"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def clip(
    path: Path,
    *output: str | Path,
    size: str = "160x120",
    rate: int = 25,
    frames: int = 25,
    filters: str = "null",
    sound: float = 0,
) -> Path:
    """Makes a test video of moving colours and numbers.

    Args:
        path: where; the suffix tells the container.
        output: options of the output: codec, pixel format, ...
        size: pixels, 'WIDTHxHEIGHT'.
        rate: frames per second.
        frames: how many.
        filters: FFmpeg's filter chain, applied last.
        sound: seconds of a tone next to the video; 0 is no sound.
    """
    codec = "libx264" if path.suffix in _TAKE_X264 else ""
    if "-c:v" in output:
        codec = str(output[output.index("-c:v") + 1])
        if f" {codec} " not in _encoders():
            pytest.skip(f"this ffmpeg cannot encode {codec}")
    source = f"testsrc2=size={size}:rate={rate}:duration={frames / rate},{filters}"
    inputs = ["-f", "lavfi", "-i", source]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=duration={sound}"]
    arguments = [*inputs, "-threads", "1", *_INDEPENDENT.get(codec, ()), *map(str, output)]
    if shared_folder is None:
        run_ffmpeg(*arguments, path)
    else:
        shutil.copyfile(_made_once(shared_folder, arguments, path.suffix), path)
    return path


def _made_once(folder: Path, arguments: list[str], suffix: str) -> Path:
    """The file of these arguments; two processes that make it at once make the same."""
    made = folder / (hashlib.sha256(repr(arguments).encode()).hexdigest() + suffix)
    if not made.exists():
        part = folder / f"{os.getpid()}-{made.name}"
        run_ffmpeg(*arguments, part)
        part.replace(made)
    return made


def probe_stamps(path: Path) -> list[float | None]:
    """Returns ffprobe's best-effort stamp of each video frame, in seconds, the first frame at 0."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries"]
    shown = subprocess.run(
        [*command, "frame=best_effort_timestamp_time", path], capture_output=True, text=True, check=True
    )
    stamps = [frame.get("best_effort_timestamp_time") for frame in json.loads(shown.stdout)["frames"]]
    seconds = [None if stamp in (None, "N/A") else float(stamp) for stamp in stamps]
    return [None if stamp is None or seconds[0] is None else stamp - seconds[0] for stamp in seconds]


def ffmpeg_image(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    """Returns the first frame as ffmpeg shows it: RGB [height, width, 3], rotation applied."""
    raw = run_ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def sound_onset(path: Path, track: int = 0) -> float:
    """Returns when a track that begins with silence is first heard, in seconds from the first picture."""
    with av.open(str(path)) as container:
        first_picture = next(container.decode(video=0)).time
    assert first_picture is not None
    with av.open(str(path)) as container:
        for frame in container.decode(audio=track):
            samples = frame.to_ndarray()
            if frame.format.name.startswith("s16"):
                samples = samples / 32768
            if not frame.format.is_planar:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            loud = np.flatnonzero(np.abs(samples).max(axis=0) > 0.1)
            if len(loud):
                assert frame.time is not None
                return frame.time + float(loud[0]) / frame.sample_rate - first_picture
    raise AssertionError(f"{path} is silent")


def streams(path: Path, kind: str) -> list[dict[str, Any]]:
    """Returns what ffprobe tells of the streams of a kind: `v` or `a`."""
    command = ["ffprobe", "-v", "error", "-select_streams", kind, "-of", "json", "-show_streams", path]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(shown.stdout)["streams"]
    return found


def packet_hashes(path: Path, stream: str) -> list[str]:
    """Returns a hash of the contents of each packet of a stream, such as `a:0`."""
    command = ["ffprobe", "-v", "error", "-select_streams", stream, "-of", "json", "-show_packets"]
    shown = subprocess.run(
        [*command, "-show_data_hash", "md5", path], capture_output=True, text=True, check=True
    )
    return [packet["data_hash"] for packet in json.loads(shown.stdout)["packets"]]


def packet_positions(path: Path, stream: str = "v:0") -> list[tuple[int, int]]:
    """Returns (position in the file, bytes) of each packet of a stream of which the reader knows it.

    In a transport stream and in MPEG-PS a packet begins behind its position and reaches further than its bytes,
    since headers lie before and in it.
    """
    command = ["ffprobe", "-v", "error", "-select_streams", stream, "-of", "json", "-show_packets"]
    shown = subprocess.run([*command, path], capture_output=True, text=True, check=True)
    packets = json.loads(shown.stdout)["packets"]
    return [(int(packet["pos"]), int(packet["size"])) for packet in packets if "pos" in packet]


def slice_positions(path: Path, packet: int) -> list[int]:
    """Returns where the H.264 slices of a packet of an MP4 begin: at the byte that tells their type."""
    data, slices = path.read_bytes(), []
    position, size = packet_positions(path)[packet]
    end = position + size
    while position < end:  # ISO 14496-15: four bytes with the length of each unit, then the unit
        if data[position + 4] & 31 in _SLICE_TYPES:
            slices.append(position + 4)
        position += 4 + int.from_bytes(data[position : position + 4], "big")
    return slices


_SLICE_TYPES = (1, 5)  # ITU-T H.264, table 7-1


def cut(source: Path, target: Path, end: int) -> Path:
    """Writes so many bytes of the beginning of a file."""
    target.write_bytes(source.read_bytes()[:end])
    return target


def cut_in_packet(source: Path, target: Path, packet: int) -> Path:
    """Writes a file up to the middle of a video packet."""
    position, size = packet_positions(source)[packet]
    return cut(source, target, position + size // 2)


def overwrite(source: Path, target: Path, places: Sequence[tuple[int, int]]) -> Path:
    """Writes a copy with random bytes at each (position, number of bytes)."""
    data = bytearray(source.read_bytes())
    numbers = random.Random(1)
    for position, count in places:
        data[position : position + count] = numbers.randbytes(count)
    target.write_bytes(data)
    return target


def put(source: Path, target: Path, position: int, content: bytes) -> Path:
    """Writes a copy that has these bytes at a position instead of its own."""
    data = bytearray(source.read_bytes())
    data[position : position + len(content)] = content
    target.write_bytes(data)
    return target


def set_display_matrix(source: Path, target: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Writes a copy of an MP4 with the numbers a, b, c, d in the display matrix of its first track."""
    data = bytearray(source.read_bytes())
    place = data.index(b"tkhd") + 44  # ISO 14496-12: after version, times, track, duration, layer and volume
    a, b, c, d = (number << 16 for number in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    target.write_bytes(data)
    return target


def set_exif_orientation(source: Path, target: Path, orientation: int) -> Path:
    """Writes a copy of a JPEG file with an EXIF block that says how to turn it."""
    data = source.read_bytes()
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    target.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:])
    return target
