"""Copies of a video with something drawn into every frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.drawing.copies import write_annotated
from human_detector.errors import Interrupted
from sample_clip import sample_clip


@pytest.mark.parametrize("frames_before", [0, 10])
def test_a_copy_that_is_stopped_leaves_nothing(frames_before: int, tmp_path: Path) -> None:
    asked = iter([False] * frames_before)
    document = {"video": {"fps": 0}, "frames": []}
    with pytest.raises(Interrupted):
        write_annotated(
            sample_clip(), document, tmp_path / "copy.mp4", lambda _: None, lambda: next(asked, True)
        )
    assert list(tmp_path.iterdir()) == []
