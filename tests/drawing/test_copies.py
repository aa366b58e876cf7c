"""Copies of a video with something drawn into every frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.drawing.copies import is_blurred_copy, write_annotated, write_blurred
from human_detector.errors import Interrupted
from sample_clip import sample_clip
from support.pictures import detail, picture


def test_only_the_wanted_detectors_are_blurred(tmp_path: Path) -> None:
    box = {"x_min": 0.0, "y_min": 0.0, "x_max": 1.0, "y_max": 1.0}
    everything = [{"label": "person", "score": 1.0, "box": box}]
    document = {
        "video": {"fps": 29.97},
        "frames": [{"index": 0, "timestamp": 0.0, "detections": {"HumanDetector": everything}}],
    }
    copies = {}
    for name in ("FaceDetector", "HumanDetector"):
        path = tmp_path / f"{name}.mp4"
        write_blurred(sample_clip(), document, path, [name], lambda _: None, lambda: False)
        copies[name] = detail(picture(path, 100), box)
        assert is_blurred_copy(path, [name])
        assert not is_blurred_copy(path, ["FaceDetector", "HumanDetector"])
    assert not is_blurred_copy(sample_clip(), ["FaceDetector"])
    assert copies["HumanDetector"] < 0.3 * copies["FaceDetector"]


@pytest.mark.parametrize("frames_before", [0, 10])
def test_a_copy_that_is_stopped_leaves_nothing(frames_before: int, tmp_path: Path) -> None:
    asked = iter([False] * frames_before)
    document = {"video": {"fps": 0}, "frames": []}
    with pytest.raises(Interrupted):
        write_annotated(
            sample_clip(), document, tmp_path / "copy.mp4", lambda _: None, lambda: next(asked, True)
        )
    assert list(tmp_path.iterdir()) == []
