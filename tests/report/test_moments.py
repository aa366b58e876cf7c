"""The strongest moments, and their pictures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from human_detector.errors import Interrupted
from human_detector.report.moments import PER_DETECTOR, strongest_moments
from human_detector.report.page import write_report
from sample_clip import sample_clip
from support.report_page import page_data
from support.sample_results import sample_result


def test_moments_are_the_strongest_and_lie_apart() -> None:
    document = sample_result(200)
    moments = strongest_moments(document)
    assert [moment.frame["timestamp"] for moment in moments] == sorted(
        moment.frame["timestamp"] for moment in moments
    )
    for detector in document["summary"]["detectors"]:
        own = [moment for moment in moments if moment.detector == detector]
        strengths = [
            sum(each["score"] for each in frame["detections"][detector]) for frame in document["frames"]
        ]
        assert len(own) == PER_DETECTOR
        assert max(sum(moment.scores) for moment in own) == pytest.approx(max(strengths))
        times = [moment.frame["timestamp"] for moment in own]
        assert min(b - a for a, b in pairwise(times)) >= 1


def test_a_result_without_detections_has_a_report(tmp_path: Path) -> None:
    document = sample_result(3)
    for frame in document["frames"]:
        frame["detections"] = {detector: [] for detector in frame["detections"]}
    write_report(sample_clip(), document, tmp_path / "page.html")
    data = page_data(tmp_path / "page.html")
    assert data["moments"] == []
    assert data["source"].startswith("data:video/mp4;base64,")


def test_a_stop_leaves_no_page(document: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        write_report(sample_clip(), document, tmp_path / "page.html", stop=lambda: True)
    assert list(tmp_path.iterdir()) == []
