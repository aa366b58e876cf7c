"""Where boxes are between the frames that were analysed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from human_detector.drawing.boxes_between_frames import BoxPaths


def frames(*boxes: float | None, step: float = 0.2) -> list[dict[str, Any]]:
    """Analysed frames with a box of width 0.2 at these places, or none."""
    return [
        {"index": 5 * i, "timestamp": step * i, "detections": {"F": [] if x is None else [found(x)]}}
        for i, x in enumerate(boxes)
    ]


def found(x: float) -> dict[str, Any]:
    return {"label": "face", "score": 0.9, "box": {"x_min": x, "y_min": 0.4, "x_max": x + 0.2, "y_max": 0.8}}


def places(analysed: Sequence[dict[str, Any]], times: Sequence[float]) -> Iterator[list[float]]:
    paths = BoxPaths(analysed)
    for time in times:
        yield [round(each["box"]["x_min"], 4) for each in paths.at(time)["F"]]


@pytest.mark.parametrize(
    ("analysed", "times", "expected"),
    [
        pytest.param(frames(0.1, 0.2), [0, 0.05, 0.1, 0.2, 0.3, 9], [0.1, 0.125, 0.15, 0.2, 0.2, 0.2], id="moves"),
        pytest.param(frames(0.1, None, 0.2), [0.1, 0.2, 0.3], [0.125, 0.15, 0.175], id="missed once"),
        pytest.param(frames(None, 0.1), [0, 0.1, 0.2], [None, 0.1, 0.1], id="held before"),
        pytest.param(frames(0.1, None), [0, 0.1, 0.2], [0.1, 0.1, None], id="held after"),
        pytest.param(frames(0.0, None, None, None, None, None, None, 0.8), [0.1, 0.3, 1.3, 1.4], [0.0, None, 0.8, 0.8], id="two people"),
        pytest.param(frames(0.1, 0.2, step=5.0), [2.5, 5], [0.15, 0.2], id="far apart"),
    ],
)  # fmt: skip
def test_boxes_are_carried_over_the_frames_between(
    analysed: list[dict[str, Any]], times: list[float], expected: list[float | None]
) -> None:
    assert list(places(analysed, times)) == [[] if x is None else [x] for x in expected]


def test_a_result_without_frames_has_no_boxes() -> None:
    assert BoxPaths([]).at(0) == {}


def test_carried_boxes_are_the_results_own() -> None:
    """Numbers of people appear in a picture only where the result has them."""
    assert "track_id" not in BoxPaths(frames(0.1, 0.2)).at(0.1)["F"][0]
