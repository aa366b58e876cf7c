"""Files that were cut off or damaged: every frame that can be decoded, and `complete` is false."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from av.packet import Packet
from av.stream import Stream

from human_detector.values import VideoInfo
from human_detector.video.damage import Damage
from human_detector.video.file import VideoFile
from human_detector.video.integrity import IntegrityCheck
from human_detector.video.source import VideoSource
from support.formats import FORMATS
from support.media import (
    AV1,
    H264,
    H264_IN_ORDER,
    HEVC,
    NOISE,
    VP9,
    clip,
    cut,
    cut_in_packet,
    needs_ffmpeg,
    overwrite,
    packet_positions,
    put,
    run_ffmpeg,
    slice_positions,
)
from support.reading import one_by_one, read, stamps

pytestmark = [needs_ffmpeg, pytest.mark.usefixtures("decoder_threads")]

SENSELESS_SLICE_HEADER = b"\x80\x80\x03\x80"
"""Random bytes inside a slice may decode to a picture, and nobody notices; no decoder takes this for a header."""


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("h264.mp4", (*H264, "-movflags", "+faststart")),
        ("hevc.mp4", (*HEVC, "-pix_fmt", "yuv420p", "-movflags", "+faststart")),
        ("fragmented.mp4", FORMATS["fragmented.mp4"]),
        *[
            (name, FORMATS[name])
            for name in (
                "h264.mkv",
                "hevc_10_bit.mkv",
                "vp8.webm",
                "vp9.webm",
                "h264.ts",
                "mpeg2.ts",
                "mjpeg.avi",
            )
        ],
        ("hevc.ts", HEVC),
        ("raw.h264", H264_IN_ORDER),
        ("animation.gif", ()),
    ],
)
@pytest.mark.parametrize("packet", [30, 45])
def test_a_file_that_was_cut_off(tmp_path: Path, name: str, output: tuple[str, ...], packet: int) -> None:
    whole = clip(tmp_path / name, *output, frames=50, filters=NOISE)
    path = cut_in_packet(whole, tmp_path / f"cut_{name}", packet)
    frames, info = read(path)
    assert not info.complete
    # Nothing tells where a raw stream should end, or a fragmented file: they end in the middle of a frame.
    assert "the file ends early" in info.damage or "frame" in info.damage
    assert 0 < len(frames) < 50
    assert len(frames) == info.frame_count == one_by_one(path)
    assert stamps(frames) == sorted(stamps(frames))


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("whole.mp4", (*H264, "-movflags", "+faststart")),
        ("whole.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")),
        ("whole.mkv", H264),
    ],
)
def test_a_file_that_was_cut_between_two_frames(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    """No packet is damaged then: only the index or the size in the header tells."""
    whole = clip(tmp_path / name, *output, frames=50)
    position, size = packet_positions(whole)[29]
    frames, info = read(cut(whole, tmp_path / f"cut_{name}", position + size))
    assert 27 <= len(frames) <= 30
    assert not info.complete
    assert info.damage == "the file ends early"


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mov"])
@pytest.mark.parametrize("number", [0, 2])
def test_a_damaged_slice(tmp_path: Path, name: str, number: int) -> None:
    """The rest of its frame is whole: the frame is given, with the hole patched up."""
    whole = clip(tmp_path / f"whole_{name}", *H264_IN_ORDER, "-slices", "4", frames=50, filters=NOISE)
    slices = slice_positions(whole, packet=25)
    assert len(slices) == 4
    info = assert_damage_is_survived(put(whole, tmp_path / name, slices[number] + 1, SENSELESS_SLICE_HEADER))
    assert info.damage == "1 frame could be decoded in part only"


def test_a_damaged_packet(tmp_path: Path) -> None:
    """AV1 has no slices: the decoder drops the frame, and all that build on it."""
    whole = clip(tmp_path / "whole.mp4", *AV1, "-pix_fmt", "yuv420p", "-g", "10", frames=50, filters=NOISE)
    position, size = packet_positions(whole)[25]
    assert_damage_is_survived(put(whole, tmp_path / "damaged.mp4", position, b"\xff" * size))


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("mpeg4.avi", FORMATS["mpeg4.avi"]),
        ("h264.ts", H264_IN_ORDER),
        ("hevc.ts", (*HEVC, "-g", "10")),
        ("mpeg2.ts", FORMATS["mpeg2.ts"]),
        ("mpeg2.mpg", FORMATS["mpeg2.mpg"]),
    ],
)
def test_damage_from_the_middle_of_a_packet_on(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    """In a transport stream this takes the container's headers with it."""
    whole = clip(tmp_path / f"whole_{name}", *output, frames=50, filters=NOISE)
    positions = packet_positions(whole)
    position, size = positions[len(positions) // 2]
    path = overwrite(whole, tmp_path / name, [(position + size // 2, size // 2)])
    assert_damage_is_survived(path)


def assert_damage_is_survived(path: Path) -> VideoInfo:
    """Most of the 50 frames are there, up to the end, and the video is said to be incomplete."""
    frames, info = read(path)
    assert not info.complete
    assert len(frames) == one_by_one(path)
    assert len(frames) >= 35
    assert frames[-1].timestamp > 1.8
    return info


@pytest.mark.parametrize("output", [FORMATS["h264.mp4"], H264_IN_ORDER], ids=["with B-frames", "in order"])
@pytest.mark.parametrize("damaged", [(25,), (48,), (49,), (44, 48)])
def test_all_frames_around_an_undecodable_one(
    tmp_path: Path, damaged: tuple[int, ...], output: tuple[str, ...]
) -> None:
    """At the end, too, where decoder threads hold several frames."""
    whole = clip(tmp_path / "whole.mp4", *output, frames=50, filters=NOISE)
    places = [packet_positions(whole)[index] for index in damaged]
    path = overwrite(whole, tmp_path / "damaged.mp4", [(position, 5) for position, _ in places])
    frames, progress = [], []
    with VideoSource(path) as video:
        for frame in video.frames():
            frames.append(frame)
            progress.append(video.progress)
    assert not video.info().complete
    assert len(frames) == video.info().frame_count == one_by_one(path)
    assert 50 - 2 * len(damaged) <= len(frames) < 50
    # At the end, threads may report two at once.
    said = re.fullmatch(r"at least (\d) frames? could not be decoded", video.info().damage)
    assert said is not None
    assert 1 <= int(said[1]) <= len(damaged)
    assert stamps(frames) == sorted(set(stamps(frames)))
    assert progress == sorted(progress)


@pytest.mark.parametrize("damaged", [25, 48, 49])
def test_all_frames_around_an_undecodable_one_without_stamps(tmp_path: Path, damaged: int) -> None:
    whole = clip(tmp_path / "whole.h264", *H264_IN_ORDER, frames=50, filters=NOISE)
    position, _ = packet_positions(whole)[damaged]
    # The slice header lies behind the start code and the type.
    path = put(whole, tmp_path / "damaged.h264", position + 5, SENSELESS_SLICE_HEADER)
    frames, info = read(path)
    assert len(frames) == one_by_one(path)
    assert 48 <= len(frames) < 50
    assert not info.complete


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_a_short_clip_with_a_damaged_beginning(tmp_path: Path, frames: int) -> None:
    """All frames may be held by decoder threads when the error comes."""
    whole = clip(tmp_path / "whole.mp4", *H264_IN_ORDER, "-g", "1", frames=frames)
    position, _ = packet_positions(whole)[0]
    found, info = read(overwrite(whole, tmp_path / "damaged.mp4", [(position, 5)]))
    assert len(found) == info.frame_count == frames - 1
    assert not info.complete


def test_a_part_that_the_reader_jumps_over(tmp_path: Path) -> None:
    """VP9 conceals damage, and Matroska's reader goes on at the next cluster: the gap in the file tells."""
    whole = clip(tmp_path / "long.webm", *VP9, "-g", "25", "-b:v", "500k", frames=200, filters=NOISE, sound=8)
    position, size = packet_positions(whole)[80]
    frames, info = read(put(whole, tmp_path / "damaged.webm", position + size, bytes(300)))
    assert len(frames) < 200
    assert frames[-1].timestamp == pytest.approx(7.96)
    assert not info.complete
    assert info.damage == "a part of the file could not be understood and was passed over"


def test_bytes_that_are_no_gap(tmp_path: Path) -> None:
    """An alpha channel lies between the frames of a Matroska file."""
    alpha = "format=yuva420p,noise=c3s=100:c3f=t"
    path = clip(
        *(tmp_path / "alpha.webm", *VP9, "-pix_fmt", "yuva420p", "-b:v", "20M", "-vf", alpha),
        size="640x480",
        frames=5,
    )
    positions = packet_positions(path)
    gaps = [b[0] - a[0] - a[1] for a, b in pairwise(positions)]
    assert max(gaps) > 20_000
    assert read(path)[1].complete


def test_frames_that_share_a_block() -> None:
    """ "Lacing" puts several frames of sound behind one block header; all of them have its position."""
    file = SimpleNamespace(
        container=SimpleNamespace(format=SimpleNamespace(name="matroska,webm")),
        stream=SimpleNamespace(index=0),
        size=10**6,
        head=lambda count: b"",
    )
    check = IntegrityCheck(cast("VideoFile", file))
    for position in (1000, 1000, 1000, 31_020):
        packet = SimpleNamespace(
            stream_index=1, pos=position, size=10_000, dts=0, has_sidedata=lambda kind: False
        )
        check.watch(cast("Packet[Stream]", packet))
    damage = Damage()
    check.report(damage)
    assert damage == Damage()


def test_a_live_recording(tmp_path: Path) -> None:
    """Whoever cannot go back to the header leaves the size in it open."""
    path = tmp_path / "live.mkv"
    path.write_bytes(run_ffmpeg("-f", "lavfi", "-i", "testsrc2=duration=1", *H264, "-f", "matroska", "-"))
    assert read(path)[1].complete
