"""Pixels: colours, rotation, a change of size. What ffmpeg and OpenCV show is the reference."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from human_detector.video.source import VideoSource
from support.media import (
    H264,
    X264,
    clip,
    ffmpeg_image,
    needs_ffmpeg,
    set_display_matrix,
    set_exif_orientation,
)
from support.reading import read

pytestmark = [needs_ffmpeg, pytest.mark.usefixtures("decoder_threads")]


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("plain.mp4", ("-pix_fmt", "yuv420p")),
        ("bt709.mp4", ("-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_range", "tv")),
        ("full.mp4", ("-pix_fmt", "yuvj420p")),
        ("chroma.mp4", ("-pix_fmt", "yuv444p")),
    ],
)
def test_the_same_pixels_as_opencv(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    path = clip(tmp_path / name, *X264, *output, size="176x144")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames, _ = read(path)
    for frame in frames:
        assert np.array_equal(frame.image, capture.read()[1][..., ::-1])
    assert not capture.read()[0]


def test_red_is_the_first_channel(tmp_path: Path) -> None:
    path = clip(tmp_path / "red.mp4", *H264, filters="drawbox=color=red:thickness=fill", frames=2)
    assert read(path)[0][0].image[60, 80].tolist() == pytest.approx([254, 0, 0], abs=3)


def quadrants(path: Path) -> Path:
    """Red, green, blue and white quarters: no turn and no mirroring looks like another."""
    boxes = [
        f"drawbox=x={x}:y={y}:w=48:h=32:color={color}:thickness=fill"
        for x, y, color in [(0, 0, "red"), (48, 0, "green"), (0, 32, "blue"), (48, 32, "white")]
    ]
    return clip(
        path, *(() if path.suffix == ".jpg" else H264), size="96x64", frames=1, filters=",".join(boxes)
    )


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        pytest.param((1, 0, 0, 1), "red", id="upright"),
        pytest.param((0, 1, -1, 0), "blue", id="90 clockwise"),
        pytest.param((-1, 0, 0, -1), "white", id="180"),
        pytest.param((0, -1, 1, 0), "green", id="90 counter-clockwise"),
        pytest.param((-1, 0, 0, 1), "green", id="mirrored"),
        pytest.param((1, 0, 0, -1), "blue", id="upside down"),
        pytest.param((0, 1, 1, 0), "red", id="mirrored and turned"),
        pytest.param((0, -1, -1, 0), "white", id="mirrored and turned the other way"),
    ],
)
def test_rotation(tmp_path: Path, matrix: tuple[int, int, int, int], corner: str) -> None:
    path = set_display_matrix(quadrants(tmp_path / "source.mp4"), tmp_path / "turned.mp4", matrix)
    frames, info = read(path)
    size = (64, 96) if matrix[0] == 0 else (96, 64)
    assert (info.width, info.height) == size
    image = frames[0].image
    assert image.shape == (size[1], size[0], 3)
    assert image.flags.c_contiguous
    colors = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
    assert image[8, 8].tolist() == pytest.approx(colors[corner], abs=6)
    difference = np.abs(image.astype(int) - ffmpeg_image(path, *size))
    assert difference.mean() < 3, "ffmpeg shows it another way round"


def test_rotation_of_a_photo(tmp_path: Path) -> None:
    path = set_exif_orientation(quadrants(tmp_path / "source.jpg"), tmp_path / "turned.jpg", 6)
    frames, info = read(path)
    assert (info.width, info.height) == (64, 96)
    difference = np.abs(frames[0].image.astype(int) - ffmpeg_image(path, 64, 96))
    assert difference.mean() < 3


def test_a_change_of_size_in_the_middle(tmp_path: Path) -> None:
    small = clip(tmp_path / "small.h264", *H264, size="64x48", frames=10)
    large = clip(tmp_path / "large.h264", *H264, size="128x96", frames=10)
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    frames, info = read(path)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 20
    assert (info.width, info.height) == (64, 48)
    # Both show the same pattern, so a scaled frame of the second part resembles the small one.
    assert np.abs(frames[10].image.astype(int) - ffmpeg_image(large, 128, 96)[::2, ::2]).mean() < 20


@pytest.mark.parametrize(
    "output",
    [
        H264,
        ("-c:v", "png", "-pix_fmt", "rgb24"),
        ("-c:v", "qtrle", "-pix_fmt", "rgb24"),
    ],
)
def test_images_belong_to_the_caller(tmp_path: Path, output: tuple[str, ...]) -> None:
    """A caller may draw on an image: the next frames stay as they are, also where a decoder works in RGB."""
    path = clip(tmp_path / "film.mov", *output, size="64x48")  # rows without padding need no copy
    expected, _ = read(path)
    with VideoSource(path) as video:
        for frame in video.frames():
            assert np.array_equal(frame.image, expected[frame.index].image)
            frame.image[:] = 0
    assert expected[0].image.any()
