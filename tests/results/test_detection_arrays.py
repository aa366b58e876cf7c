"""The detections of a result as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from human_detector.results.detection_arrays import NO_TRACK, Detections
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import sample_clip
from support.sample_results import HEIGHT, WIDTH, sample_result


def test_rows_are_those_of_the_document() -> None:
    document = sample_result(tracks=True)
    table = Detections.from_document(document)
    flat = [
        (frame["index"], frame["timestamp"], name, each["label"], each["score"], each["track_id"])
        for frame in document["frames"]
        for name, found in frame["detections"].items()
        for each in found
    ]
    columns = ("frame_index", "timestamp", "detector", "label", "score", "track_id")
    assert list(zip(*(getattr(table, name).tolist() for name in columns), strict=True)) == flat
    first = next(found[0] for found in document["frames"][0]["detections"].values() if found)
    assert table.box[0].tolist() == list(first["box"].values())
    assert table.pixels[0].tolist() == pytest.approx(
        [side * size for side, size in zip(first["box"].values(), (WIDTH, HEIGHT) * 2, strict=True)]
    )


def test_choosing_rows() -> None:
    table = Detections.from_document(sample_result())
    strong = table[(table.label == "face") & (table.score > 0.8)]
    assert 0 < len(strong) < len(table)
    assert set(strong.label) == {"face"}
    assert strong.score.min() > 0.8
    assert len(table[3]) == 1
    assert table[3] == table[[3]] == table[3:4]
    assert table.in_frame(5) == table[table.frame_index == 5]
    assert len(table.in_frame(1)) == 0
    assert table[::-1] != table


def test_from_the_analyzer() -> None:
    result = VideoAnalyzer(
        detectors=[["support.fake_detectors:InstantDetector", {}]], frame_ratio=0.1
    ).analyze(sample_clip())
    table = result.detections()
    assert table.frame_index.tolist() == [frame.index for frame in result.frames]
    assert (table.width, table.height) == (176, 144)
    assert (table.track_id == NO_TRACK).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"score": [0.5, 1.5]}, "score"),
        ({"score": [0.5, np.nan]}, "score"),
        ({"score": [0.5]}, "score: found the shape"),
        ({"box": [[0, 0, 1, 1]]}, "box: found the shape"),
        ({"box": [[0, 0, 1, 1], [0, 0, 64, 64]]}, "box: valid are fractions"),
        ({"box": [[0, 0, 1, 1], [0.5, 0, 0.4, 1]]}, "box: valid are fractions"),
        ({"label": [["a", "b"]]}, "label: found the shape"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], sentence: str) -> None:
    valid: dict[str, Any] = {
        "frame_index": [0, 1],
        "timestamp": [0, 0.1],
        "detector": ["A", "A"],
        "label": ["a", "b"],
        "score": [0.5, 1],
        "box": [[0, 0, 1, 1]] * 2,
        "track_id": [-1, -1],
    }
    assert len(Detections(10, 10, **valid)) == 2
    with pytest.raises(ValueError, match=sentence):
        Detections(10, 10, **{**valid, **change})


def test_arrays_cannot_be_written_to() -> None:
    table = Detections.from_document(sample_result())
    with pytest.raises(ValueError, match="read-only"):
        table.score[0] = 2


def test_nothing_found() -> None:
    document = sample_result(1)
    document["frames"] = []
    table = Detections.from_document(document)
    assert (len(table), table.box.shape, table.pixels.shape) == (0, (0, 4), (0, 4))


@pytest.mark.parametrize("tracks", [False, True])
def test_supervision_gets_the_same(tracks: bool) -> None:
    supervision = pytest.importorskip("supervision")
    document = sample_result(tracks=tracks)
    table = Detections.from_document(document).in_frame(10)
    converted = table.to_supervision(["cat", "face", "person"])
    assert isinstance(converted, supervision.Detections)
    assert converted.xyxy == pytest.approx(table.pixels, abs=1e-3)
    assert converted.confidence == pytest.approx(table.score)
    assert [["cat", "face", "person"][i] for i in converted.class_id] == table.label.tolist()
    assert converted.data["class_name"].tolist() == table.label.tolist()
    assert (converted.tracker_id is not None) == tracks
    # Its own operations work on what it got.
    assert len(converted[converted.confidence > 0.6]) == int((table.score > 0.6).sum())
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert supervision.BoxAnnotator().annotate(image, converted).any()


def test_supervision_of_nothing_and_of_unknown_labels() -> None:
    pytest.importorskip("supervision")
    table = Detections.from_document(sample_result())
    assert len(table.in_frame(1).to_supervision()) == 0
    with pytest.raises(ValueError, match=r"there are detections of \['cat'\] too"):
        table.to_supervision()
