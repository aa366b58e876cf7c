"""What tiles gain and cost in a large frame: how much of small people and faces is found, and in what time.

    benchmarks/tiles.py FOLDER

FOLDER has classroom.gif and face-demographics-walking.gif of intel-iot-devkit/sample-videos (CC BY 4.0,
480x270). docs/choosing_models.md shows what came out.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import command_line

# isort: split
# measuring has seen to it that the packages are there.
import cv2
import numpy as np

from human_detector.video.source import VideoSource
from human_detector.video.writer import VideoWriter
from human_detector.video_analyzer import VideoAnalyzer

WIDTH, HEIGHT, FRAMES = 1920, 1080, 20
PLACES = ((40, 40), (40, 420), (1440, 40), (640, 780))
"""Where the copies of the room are: the second and the last lie across seams of 2x2."""
SMALL = {
    "HumanDetector": ((46, 142, 116, 222), (112, 123, 156, 176), (216, 122, 262, 175), (288, 142, 349, 229)),
    "FaceDetector": ((63, 145, 87, 174), (127, 126, 143, 147), (231, 126, 246, 145), (307, 146, 329, 178)),
}
"""The four people of the room and their faces, labelled by hand in its first frame: they hardly move."""
MODELS = (
    ("HumanDetector", "ssdlite_pedestrian", 0.4),
    ("HumanDetector", "centernet_mobilenetv3", 0.3),
    ("FaceDetector", "mobilenet_ssd_widerface", 0.3),
    ("FaceDetector", "centerface", 0.3),
)
TILES = (None, "2x2", "3x2", "4x3")
FOUND_IOU = 0.3

Box = Sequence[float]


def main() -> None:
    """Print a line for every model and number of tiles."""
    parser = command_line(__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the two clips lie")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as scratch:
        clip = Path(scratch) / "large.mp4"
        _make_clip(folder, clip)
        for detector, model, score in MODELS:
            for tiles in TILES:
                arguments = {"model": model, "min_detection_score": score, "engine": "openvino"}
                _measure(clip, detector, {**arguments, **({"tiles": tiles} if tiles else {})})


def _make_clip(folder: Path, clip: Path) -> None:
    """The walking people as large as the frame, and copies of the room as they are on top."""
    large, small = (_frames(folder / f"{name}.gif") for name in ("face-demographics-walking", "classroom"))
    with VideoWriter(clip, 10.0, None) as writer:
        for i in range(FRAMES):
            frame = cv2.resize(large[i], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
            for x, y in PLACES:
                frame[y : y + small[i].shape[0], x : x + small[i].shape[1]] = small[i]
            writer.write(np.asarray(frame, np.uint8), i / 10)


def _frames(video: Path) -> list[Any]:
    with VideoSource(video) as source:
        return [frame.image for frame in source.frames()]


def _measure(clip: Path, detector: str, arguments: dict[str, Any]) -> None:
    analyzer = VideoAnalyzer([[detector, arguments]], frame_ratio=1)
    analyzer.load()
    began = time.process_time()  # of all cores, so that other work on the machine does not count
    frames = analyzer.analyze(clip).to_dict()["frames"]
    milliseconds = 1000 * (time.process_time() - began) / FRAMES
    counts = [_count(frame["detections"][detector], box) for frame in frames for box in _truth(detector)]
    found, twice = sum(count > 0 for count in counts), sum(count > 1 for count in counts)
    print(
        f"{arguments['model']:24} tiles {arguments.get('tiles', 'off'):4} found {found} of {len(counts)}, "
        f"twice {twice}, {milliseconds:.0f} ms of a core per frame",
        flush=True,
    )


def _truth(detector: str) -> list[Box]:
    return [(x + a, y + b, x + c, y + d) for x, y in PLACES for a, b, c, d in SMALL[detector]]


def _count(found: Sequence[dict[str, Any]], truth: Box) -> int:
    """How many of the boxes that were found are this one."""
    scale = (WIDTH, HEIGHT, WIDTH, HEIGHT)
    boxes = [[side * size for side, size in zip(each["box"].values(), scale, strict=True)] for each in found]
    return sum(_iou(box, truth) >= FOUND_IOU for box in boxes)


def _iou(first: Box, second: Box) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return common / (areas - common)


if __name__ == "__main__":
    main()
