"""Tracks: in made-up movements, in a clip with hand-made labels, and in the result document."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.analysis.analyzer_arguments import ARGUMENTS
from human_detector.errors import ConfigurationError
from human_detector.results import tracking
from human_detector.results.detection_arrays import Detections
from human_detector.results.made_of import made_of
from human_detector.results.tracking import Tracker, with_tracks
from human_detector.results.writer import lines_path
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import sample_clip
from support.clips import ClipUnavailable
from support.labelled_clip import make_clip, score

INSTANT = ["support.fake_detectors:InstantDetector", {}]


def box(x: float, y: float = 0.3, size: float = 0.1) -> list[float]:
    return [x, y, x + size, y + 2 * size]


def follow(*frames: list[list[float]], step: float = 0.2) -> list[list[int]]:
    """The track ids of each frame."""
    tracker = Tracker()
    return [
        tracker.update(step * i, np.array(boxes).reshape(-1, 4), ["person"] * len(boxes))
        for i, boxes in enumerate(frames)
    ]


def test_people_keep_their_numbers_in_whatever_order_they_come() -> None:
    assert follow([box(0.1), box(0.5)], [box(0.52), box(0.11)], [box(0.12), box(0.54)]) == [
        [1, 2],
        [2, 1],
        [1, 2],
    ]


def test_two_who_pass_each_other_do_not_change_numbers() -> None:
    left = [0.1 + 0.05 * i for i in range(15)]
    frames = [[box(x, 0.3), box(0.9 - x, 0.38)] for x in left]
    assert set(map(tuple, follow(*frames))) == {(1, 2)}


def test_who_moves_by_more_than_a_width_is_still_known() -> None:
    """A plain overlap of boxes would lose everybody between two samples."""
    assert set(itertools.chain(*follow(*([box(0.12 * i)] for i in range(7))))) == {1}


def test_somebody_else_far_away_is_somebody_else() -> None:
    assert follow([box(0.1)], [box(0.7)]) == [[1], [2]]


@pytest.mark.parametrize(("missed", "number"), [(4, 1), (5, 2)])
def test_a_gap_of_a_second_is_bridged(missed: int, number: int) -> None:
    assert follow([box(0.1)], *[[]] * missed, [box(0.1)])[-1] == [number]


def test_seconds_count_and_not_frames() -> None:
    assert follow([box(0.1)], *[[]] * 9, [box(0.1)], step=0.1)[-1] == [1]


def test_samples_that_are_far_apart_are_joined() -> None:
    assert follow([box(0.1)], [box(0.12)], [box(0.1)], step=10.0) == [[1], [1], [1]]


def test_a_person_never_becomes_a_bicycle() -> None:
    """Not even where the bicycle now is exactly where the person was."""
    tracker = Tracker()
    rider = np.array([box(0.3), box(0.3)])
    assert tracker.update(0.0, rider, ["person", "bicycle"]) == [1, 2]
    assert tracker.update(0.2, rider, ["bicycle", "person"]) == [2, 1]
    assert tracker.update(0.4, rider[:1], ["car"]) == [3]


def test_a_prediction_through_a_gap() -> None:
    """Who walks behind a pillar comes out where the walk leads."""
    frames = [[box(0.1 + 0.08 * i)] for i in range(5)] + [[], []] + [[box(0.1 + 0.08 * 7)]]
    assert follow(*frames)[-1] == [1]


def test_boxes_without_area_are_no_error() -> None:
    assert follow([[0.5, 0.5, 0.5, 0.5]] * 2, [[0.5, 0.5, 0.5, 0.5]]) == [[1, 2], [3]]


def test_what_was_seen_once_is_nobody() -> None:
    tracker = Tracker()
    for i in range(3):
        tracker.update(0.2 * i, np.array([box(0.1), box(0.2 + 0.3 * i, 0.7, 0.02)]), ["person"] * 2)
    assert tracker.distinct == 1


@pytest.mark.usefixtures("models")
def test_labelled_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven people, a camera that pans, two who walk past in front. Measured: IDF1 0.86, 3 changes of number.

    Two of the three are people who were hidden for longer than a second.
    """
    try:
        make_clip(tmp_path / "clip.mp4")
    except ClipUnavailable as error:
        pytest.skip(str(error))
    analyzer = VideoAnalyzer(detectors=[["FaceDetector", {}]], frame_ratio=0.2, tracker=True)
    result = analyzer.analyze(tmp_path / "clip.mp4").to_dict()
    scored = score(result["frames"], "FaceDetector")
    assert scored["found"] > 0.75, "the detector sees enough for tracks to be judged"
    assert scored["idf1"] >= 0.83
    assert scored["switches"] <= 4
    assert abs(result["summary"]["detectors"]["FaceDetector"]["distinct"] - 7) <= 1

    # The measure can tell a poor tracker: the plain overlap of boxes.
    monkeypatch.setattr(tracking, "STAGES", ((0.0, 0.3),))
    plain = score(with_tracks(_without_tracks(result["frames"])), "FaceDetector")
    assert plain["idf1"] < scored["idf1"] - 0.1


def _without_tracks(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stripped = json.loads(json.dumps(frames))
    for frame in stripped:
        for found in frame["detections"].values():
            for each in found:
                del each["track_id"]
    return stripped


# ---- in the result ----


def test_the_document_with_and_without() -> None:
    without = VideoAnalyzer(detectors=[INSTANT]).analyze(sample_clip()).to_dict()
    tracked = VideoAnalyzer(detectors=[INSTANT], tracker=True).analyze(sample_clip())
    document = tracked.to_dict()
    assert document["human_detection"].pop("tracker") is True
    assert document["summary"]["detectors"]["InstantDetector"].pop("distinct") == 1
    assert set(tracked.detections().track_id) == {1}
    assert _without_tracks(document["frames"]) == without["frames"]
    assert {**document, "frames": without["frames"]} == without


def test_the_same_tracks_come_from_the_document() -> None:
    document = VideoAnalyzer(detectors=[INSTANT], tracker=True).analyze(sample_clip()).to_dict()
    assert with_tracks(_without_tracks(document["frames"])) == document["frames"]
    assert with_tracks(document["frames"]) == document["frames"]


def test_an_analysis_that_was_cut_off_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    """The lines that are left have the numbers, and the tracker learns them anew."""
    analyzer = VideoAnalyzer(detectors=[INSTANT], tracker=True)
    analyzer.analyze_to_file(sample_clip(), tmp_path / "whole.json")
    whole = json.loads((tmp_path / "whole.json").read_text())
    left = _renumbered(whole["frames"][:10], 3)
    lines = [made_of({}, analyzer.arguments), *map(json.dumps, left)]
    lines_path(tmp_path / "rest.json").write_text("".join(f"{line}\n" for line in lines))
    analyzer.analyze_to_file(sample_clip(), tmp_path / "rest.json")
    rest = json.loads((tmp_path / "rest.json").read_text())
    assert rest["frames"][:10] == left
    assert set(Detections.from_document(rest).track_id) == {3}
    assert rest["summary"] == whole["summary"]


def _renumbered(frames: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    changed = json.loads(json.dumps(frames))
    for frame in changed:
        for found in frame["detections"].values():
            for each in found:
                each["track_id"] = number
    return changed


def test_the_argument_is_checked() -> None:
    with pytest.raises(ConfigurationError, match='tracker: found "yes", valid is true or false'):
        VideoAnalyzer(detectors=[INSTANT], tracker="yes")  # type: ignore[arg-type]
    assert ARGUMENTS.problems("human_detection", {"detectors": [INSTANT], "tracker": True}) == []
    problems = ARGUMENTS.problems("human_detection", {"detectors": [INSTANT], "tracker": 1})
    assert problems == ["human_detection.tracker: found 1, valid is true or false"]


def test_an_analysis_can_be_stopped() -> None:
    seen: list[float] = []
    analyzer = VideoAnalyzer(
        detectors=[["support.fake_detectors:InstantDetector", {"max_batch_size": 1}]], frame_ratio=1
    )
    whole = analyzer.analyze(sample_clip(), stop=lambda: False)
    assert whole.header.video.complete
    part = analyzer.analyze(sample_clip(), seen.append, stop=lambda: len(seen) > 60)
    assert not part.header.video.complete
    assert 0 < len(part.frames) < 120
    assert part.frames == whole.frames[: len(part.frames)]
    assert seen[-1] < 1
