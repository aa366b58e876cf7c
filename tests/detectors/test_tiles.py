"""Tiles: every picture's place, batches, and things that lie across seams."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.detectors.detector import Detector
from human_detector.detectors.factory import create_detector
from human_detector.detectors.seams import merged
from human_detector.detectors.tiles import TiledDetector, in_tiles, pictures_per_frame
from human_detector.errors import ConfigurationError
from human_detector.values import Box, Detection, Image, ScaledImage
from human_detector.video.writer import VideoWriter
from human_detector.video_analyzer import VideoAnalyzer

HEIGHT, WIDTH = 270, 480
LABELS = {1: "person", 2: "bicycle"}


class BlobDetector(Detector):
    """Finds rectangles, if they are neither small nor large in the picture that it is given.

    Red ones are people and green ones bicycles: what is seen of one that is cut off looks like a smaller one.
    """

    smallest, largest = 0.0, 1.0

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.batches: list[Sequence[Image]] = []

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        self.batches.append(images)
        return [[*self._found(image)] for image in images]

    def _found(self, image: Image) -> Any:
        height, width = image.shape[:2]
        for channel, label in enumerate(("person", "bicycle")):
            _, _, blobs, _ = cv2.connectedComponentsWithStats((image[..., channel] > 128).astype(np.uint8))
            for x, y, across, down, _ in blobs[1:].tolist():
                share = max(across / width, down / height)
                if self.smallest <= share <= self.largest:
                    box = Box(x / width, y / height, (x + across) / width, (y + down) / height)
                    yield Detection(label, 0.5 + share / 2, box)


def picture(*rectangles: tuple[int, int, int, int], channel: int = 0) -> Image:
    """Black, with rectangles: left, top, right, bottom in pixels."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for left, top, right, bottom in rectangles:
        image[top:bottom, left:right, channel] = 255
    return image


def pixels(found: Sequence[Detection]) -> list[tuple[int, ...]]:
    """The boxes in pixels."""
    scale = (WIDTH, HEIGHT, WIDTH, HEIGHT)
    sides = [(each.box.x_min, each.box.y_min, each.box.x_max, each.box.y_max) for each in found]
    return sorted(tuple(round(a * b) for a, b in zip(box, scale, strict=True)) for box in sides)


class NearSighted(BlobDetector):
    """Does not see what is small."""

    smallest = 0.2


class OnlySmall(BlobDetector):
    """Does not see what is larger than half of a picture's width or height, as whole or cut off."""

    largest = 0.45


# With 2x2 and an overlap of 20 %, a tile has 267x150 pixels: it begins at 0 or 213, and at 0 or 120.
SEAMS = {
    "inside a tile": (20, 20, 60, 80),
    "in the strip, whole in both": (220, 30, 260, 100),
    "whole in one tile, cut in the other": (230, 30, 330, 90),
    "cut in two tiles side by side": (190, 30, 300, 100),
    "cut in two tiles one above the other": (30, 100, 70, 170),
    "cut in all four": (180, 90, 310, 180),
    "wider than a tile": (40, 40, 440, 100),
    "the whole frame": (0, 0, WIDTH, HEIGHT),
}


@pytest.mark.parametrize("place", SEAMS.values(), ids=SEAMS)
@pytest.mark.parametrize("sees", [BlobDetector, OnlySmall])
def test_each_thing_is_found_once(sees: type[BlobDetector], place: tuple[int, int, int, int]) -> None:
    """Also where only parts of it are seen, in tiles of which none has it all."""
    detector = sees(tiles="2x2")
    found = in_tiles(detector).detect([picture(place)])[0]
    if sees is OnlySmall and (place[2] - place[0] > 0.45 * WIDTH):
        # Its parts are too large for this detector as well.
        return
    assert len(found) == 1
    assert np.allclose(pixels(found)[0], place, atol=2)


def test_without_the_whole_frame_parts_are_joined() -> None:
    tiles = {Box(0, 0, 0.6, 1): Box(0.5, 0.2, 1, 0.8), Box(0.4, 0, 1, 1): Box(0, 0.25, 0.4, 0.8)}
    found = merged([(tile, [Detection("person", 0.7, box)]) for tile, box in tiles.items()])
    assert [(each.label, each.score) for each in found] == [("person", 0.7)]
    assert found[0].box == Box(0.3, 0.2, 0.64, 0.8)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_a_thing_across_three_tiles_is_one(order: tuple[int, ...]) -> None:
    tiles = [Box(0, 0, 0.4, 1), Box(0.3, 0, 0.7, 1), Box(0.6, 0, 1, 1)]
    parts = [Box(0.5, 0.4, 1, 0.6), Box(0, 0.4, 1, 0.6), Box(0, 0.4, 0.5, 0.6)]
    found = merged([(tiles[i], [Detection("person", 0.5 + i / 10, parts[i])]) for i in order])
    assert len(found) == 1
    assert found[0].score == 0.7
    sides = [found[0].box.x_min, found[0].box.y_min, found[0].box.x_max, found[0].box.y_max]
    assert sides == pytest.approx([0.2, 0.4, 0.8, 0.6])


def test_the_better_of_two_views_of_a_thing_stays() -> None:
    """Small faces come out a few pixels apart in the frame and in a tile: these overlap by 0.43."""
    whole, tile = Box(0, 0, 1, 1), Box(0, 0, 0.5, 0.5)
    in_frame = Detection("face", 0.5, Box(0.20, 0.20, 0.24, 0.24))
    in_tile = Detection("face", 0.8, Box(0.418, 0.418, 0.498, 0.498))
    found = merged([(whole, [in_frame]), (tile, [in_tile])])
    assert [each.score for each in found] == [0.8]
    elsewhere = Detection("face", 0.8, Box(0.46, 0.46, 0.54, 0.54))
    assert len(merged([(whole, [in_frame]), (tile, [elsewhere])])) == 2


def test_people_side_by_side_stay_two() -> None:
    """One goes on at the right of the left tile, the other at the left of the right tile, and they do not meet."""
    found = merged(
        [
            (Box(0, 0, 0.6, 1), [Detection("person", 0.8, Box(0.9, 0.2, 1, 0.8))]),
            (Box(0.4, 0, 1, 1), [Detection("person", 0.7, Box(0, 0.2, 0.1, 0.8))]),
        ]
    )
    assert len(found) == 2


def test_a_person_and_a_bicycle_are_never_joined() -> None:
    rider = picture((190, 30, 300, 100)) + picture((190, 30, 300, 100), channel=1)
    found = in_tiles(OnlySmall(tiles="2x2")).detect([rider])[0]
    assert sorted(each.label for each in found) == ["bicycle", "person"]


def test_a_crowd_in_one_tile_stays_a_crowd() -> None:
    """The model has decided that these are two, although their boxes overlap."""
    crowd = [
        Detection("person", 0.9, Box(0.1, 0.1, 0.5, 0.5)),
        Detection("person", 0.8, Box(0.1, 0.1, 0.5, 0.45)),
    ]
    assert merged([(Box(0, 0, 0.6, 0.6), crowd)])[0].score == 0.9
    assert len(merged([(Box(0, 0, 0.6, 0.6), crowd)])) == 2


def test_what_is_small_is_found_only_with_tiles_and_what_is_large_in_the_whole_frame() -> None:
    class Choosy(BlobDetector):
        smallest = 0.1

    image = picture((10, 10, 40, 30), (120, 60, 460, 260))
    assert pixels(Choosy().detect([image])[0]) == [(120, 60, 460, 260)]
    assert pixels(in_tiles(Choosy(tiles="2x2")).detect([image])[0]) == [(10, 10, 40, 30), (120, 60, 460, 260)]


def test_batches_stay_within_their_size_and_have_pictures_of_one_size() -> None:
    detector = BlobDetector(tiles="3x2", max_batch_size=4)
    images = [picture((20 * i, 20, 20 * i + 15, 60)) for i in range(5)]
    found = in_tiles(detector).detect(images)
    assert [pixels(each) for each in found] == [[(20 * i, 20, 20 * i + 15, 60)] for i in range(5)]
    assert max(len(batch) for batch in detector.batches) == 4
    assert all(len({image.shape for image in batch}) == 1 for batch in detector.batches)
    assert sum(len(batch) for batch in detector.batches) == 5 * pictures_per_frame(detector) == 35


def test_pictures_are_scaled_once_to_what_the_detector_wants() -> None:
    class Scaled(Detector):
        input_size = (32, 48)

        def start(self, images: Sequence[Image | ScaledImage]) -> Callable[[], list[list[Detection]]]:
            assert {(image.shape, image.dtype.name) for image in images} == {((32, 48, 3), "float32")}
            return lambda: [[] for _ in images]

        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            raise AssertionError("start is what is called")

    tiled = in_tiles(Scaled(tiles="2x2"))
    assert tiled.input_size is None
    assert tiled.detect([picture()]) == [[]]


@pytest.mark.long
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 5), (1080, 1920)])
def test_tiles_cover_every_pixel_of_any_frame(size: tuple[int, int]) -> None:
    class Places(Detector):
        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            seen.extend(images)
            return [[] for _ in images]

    seen: list[Image] = []
    numbered = np.arange(size[0] * size[1] * 3, dtype=np.uint32).reshape(*size, 3)
    TiledDetector(Places(max_batch_size=100), "3x4").detect([numbered])  # type: ignore[list-item]
    frame, *tiles = seen
    assert frame.shape[:2] == size
    assert len(tiles) == 12
    assert set(np.unique(np.concatenate([tile.ravel() for tile in tiles]))) == set(numbered.ravel().tolist())


def test_an_analysis_looks_into_tiles_and_says_so(tmp_path: Path) -> None:
    """A clip with something that the detector sees in tiles only."""
    clip = tmp_path / "clip.mp4"
    with VideoWriter(clip, 10.0, None) as writer:
        for i in range(6):
            writer.write(picture((200, 40, 230, 80)), i / 10)
    found = {}
    for arguments in ({}, {"tiles": "4x4", "max_batch_size": 3}):
        detector = ["detectors.test_tiles:NearSighted", arguments]
        found[bool(arguments)] = VideoAnalyzer([detector], frame_ratio=1).analyze(clip).to_dict()
    assert found[False]["summary"]["detectors"]["NearSighted"]["detections"] == 0
    assert found[True]["summary"]["detectors"]["NearSighted"]["frames_with_detections"] == 6
    assert found[True]["summary"]["detectors"]["NearSighted"]["max_per_frame"] == 1
    assert found[True]["human_detection"]["detectors"][0][1]["tiles"] == "4x4"


@pytest.mark.parametrize("tiles", ["0x2", "2", "2x", "9x1", 4, [2, 2], ""])
def test_other_values_are_refused(tiles: Any) -> None:
    with pytest.raises(ConfigurationError, match='valid is COLUMNSxROWS with 1 to 8 of each, such as "2x2"'):
        create_detector("FaceDetector", {"tiles": tiles})


def test_arguments_in_effect_have_tiles_only_where_there_are_some() -> None:
    assert "tiles" not in create_detector("FaceDetector").arguments
    assert create_detector("FaceDetector", {"tiles": "3x2"}).arguments["tiles"] == "3x2"
