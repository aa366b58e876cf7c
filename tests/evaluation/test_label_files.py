"""What is written for labelling tools comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.evaluation.label_files import WRITERS, Proposal
from human_detector.evaluation.read_truth import read_truth
from support.evaluating import HEIGHT, WIDTH, result

NAME = 'a "clip" & more'


@pytest.mark.parametrize("name", WRITERS)
def test_proposals_are_read_back(name: str, tmp_path: Path) -> None:
    boxes = [("person", 0.9, (100, 50, 300, 250)), ("<face>: 1", 0.4, (12.34, 0, 56.78, 500))]
    frames = result({3: {"D": boxes}, 12: {"D": []}})["frames"]
    (tmp_path / "images").mkdir()
    proposals = []
    for frame in frames:
        picture = f"{NAME}_{frame['index']:06d}.jpg"
        (tmp_path / "images" / picture).write_bytes(b"")
        proposals.append(Proposal(picture, frame["index"], (WIDTH, HEIGHT), frame["detections"]["D"]))
    written = WRITERS[name](proposals, ["<face>: 1", "person"], tmp_path)
    first, second = read_truth(written).frames
    assert [(each.videos, each.index) for each in (first, second)] == [((NAME,), 3), ((NAME,), 12)]
    assert second.boxes == ()
    assert [box.label for box in first.boxes] == ["person", "<face>: 1"]
    for box, found in zip(first.boxes, frames[0]["detections"]["D"], strict=True):
        assert box.box.to_dict() == pytest.approx(found["box"], abs=2e-5)
