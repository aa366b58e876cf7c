"""Nothing can be recognised under a cover, nothing can be won back, and nothing else is touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from human_detector.drawing.anonymizing.covering import cover
from human_detector.drawing.anonymizing.wishes import STYLES
from human_detector.values import Image

REGION = (0.25, 0.2, 0.5, 0.6)
INSIDE = np.s_[20:60, 40:80]


def noise(seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (100, 160, 3), np.uint8)


@pytest.mark.parametrize("style", STYLES)
def test_nothing_else_is_touched(style: str) -> None:
    picture = noise(1)
    covered = cover(picture, [REGION], style)
    outside = np.ones(picture.shape[:2], bool)
    outside[INSIDE] = False
    assert (covered[outside] == picture[outside]).all()
    assert (picture == noise(1)).all()
    assert covered[INSIDE].std() < 0.2 * picture[INSIDE].std()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("second", [REGION, (0.4, 0.5, 0.9, 0.9), (0.5, 0.2, 0.6, 0.6)])
def test_what_is_painted_tells_nothing_of_what_was_there(
    second: tuple[float, float, float, float], style: str
) -> None:
    """Not of the neighbour either, whose pixels lie in the surroundings."""
    one, other = noise(1), noise(1)
    for x0, y0, x1, y1 in (REGION, second):
        part = np.s_[round(y0 * 100) : round(y1 * 100), round(x0 * 160) : round(x1 * 160)]
        other[part] = 255 - other[part] // 2
    assert not (one == other).all()
    assert (cover(one, [REGION, second], style) == cover(other, [REGION, second], style)).all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [16, 40, 120])
def test_a_recogniser_does_not_do_better_than_by_chance(size: int, style: str) -> None:
    """It has the very pictures, covers them itself, and looks for the nearest: as much as it could ever know."""
    people = 40
    faces = [_face(seed, size) for seed in range(people)]
    box = (0.25, 0.25, 0.75, 0.75)
    part = np.s_[size // 2 : -size // 2, size // 2 : -size // 2]
    shown = [cover(_in_a_room(face, 7), [box], style)[part].astype(float) for face in faces]
    gallery = [cover(_in_a_room(face, 8), [box], style)[part].astype(float) for face in faces]
    assert _hits(shown, gallery) <= 3
    # As good as it gets without a cover: the test knows a recogniser when it sees one.
    open_ones = [_in_a_room(face, 7)[part].astype(float) for face in faces]
    assert _hits(open_ones, [_in_a_room(face, 8)[part].astype(float) for face in faces]) == people


@pytest.mark.parametrize("style", STYLES)
def test_sharpening_brings_nothing_back(style: str) -> None:
    """Wiener deconvolution, with a kernel of any size, wins back an ordinary blur and not this."""
    size = 64
    box = (0.25, 0.25, 0.75, 0.75)
    part = np.s_[size // 2 : -size // 2, size // 2 : -size // 2]
    room = _in_a_room(_face(3, size), 7)
    covered = cover(room, [box], style)
    ordinary = cv2.GaussianBlur(room, (0, 0), 3)
    original = room[part].astype(float).mean(axis=2)
    assert max(_likeness(_sharpened(ordinary, sigma)[part], original) for sigma in (2, 3, 4)) > 0.85
    assert max(abs(_likeness(_sharpened(covered, s)[part], original)) for s in (1, 2, 3, 6, 12, 24)) < 0.5


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "region",
    [
        (0, 0, 0, 0),
        (1, 1, 1, 1),
        (-0.2, -0.2, 0.1, 0.1),
        (0.9, 0.9, 1.3, 1.2),
        (-1, -1, 2, 2),
        (1.1, 0, 1.2, 1),
    ],
)
def test_edges_and_whole_pictures(region: tuple[float, float, float, float], style: str) -> None:
    picture = noise(2)
    covered = cover(picture, [region], style)
    x0, y0, x1, y1 = (min(max(side, 0), 1) for side in region)
    part = np.s_[int(y0 * 100) : int(y1 * 100), int(x0 * 160) : int(x1 * 160)]
    if covered[part].size:
        assert covered[part].std() < 0.4 * picture[part].std()


def _face(seed: int, size: int) -> Image:
    """Somebody: large and small features, all different from person to person."""
    random = np.random.default_rng(seed)
    coarse = cv2.resize(random.uniform(0, 255, (5, 5, 3)).astype(np.float32), (size, size))
    fine = cv2.resize(random.uniform(-60, 60, (size // 2, size // 2, 3)).astype(np.float32), (size, size))
    return np.clip(coarse + fine, 0, 255).astype(np.uint8)


def _in_a_room(face: Image, seed: int) -> Image:
    size = len(face)
    room = np.random.default_rng(seed).integers(0, 256, (2 * size, 2 * size, 3), np.uint8)
    start = size // 2
    room[start : start + size, start : start + size] = face
    return room


def _hits(shown: list[NDArray[np.float64]], gallery: list[NDArray[np.float64]]) -> int:
    nearest = [int(np.argmin([np.abs(each - other).sum() for other in gallery])) for each in shown]
    return sum(place == i for i, place in enumerate(nearest))


def _sharpened(picture: Image, sigma: float) -> NDArray[np.float64]:
    grey = picture.astype(float).mean(axis=2)
    height, width = grey.shape
    y, x = np.mgrid[:height, :width]
    kernel = np.exp(-((y - height // 2) ** 2 + (x - width // 2) ** 2) / (2 * sigma**2))
    transfer = np.fft.fft2(np.fft.ifftshift(kernel / kernel.sum()))
    return np.real(np.fft.ifft2(np.fft.fft2(grey) * transfer.conj() / (np.abs(transfer) ** 2 + 1e-3)))


def _likeness(picture: NDArray[np.float64], original: NDArray[np.float64]) -> float:
    """Correlation; 0 for an even picture, which is like nothing."""
    if picture.std() < 1e-6:
        return 0
    return float(np.corrcoef(picture.ravel(), original.ravel())[0, 1])
