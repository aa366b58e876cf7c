"""Who is covered, where, and when."""

from __future__ import annotations

from typing import Any

import pytest

from human_detector.drawing.anonymizing.kinds import check_detectors
from human_detector.drawing.anonymizing.regions import Regions, Scene
from human_detector.drawing.anonymizing.sightings import sighted_frames
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.errors import ConfigurationError
from support.people_in_a_result import FACE, LYING, STANDING, Box, document, found


def marks(result: dict[str, Any], **wishes: Any) -> list[list[tuple[str, str]]]:
    return [
        [(mark.kind, mark.of) for mark in frame.marks]
        for frame in Scene(result, AnonymizingWishes(**wishes)).marks()
    ]


def covers(region: Box, box: Box) -> bool:
    return region[0] <= box[0] and region[1] <= box[1] and region[2] >= box[2] and region[3] >= box[3]


PERSON, SEEN = found("person", STANDING), found("face", FACE)


def test_a_face_is_covered_and_the_head_of_who_has_none() -> None:
    assert marks(document([SEEN, PERSON], [PERSON])) == [[("face", "face:1")], [("head", "person:1")]]


def test_the_head_is_where_the_face_was() -> None:
    """Even if that is not where heads mostly are, and the person has moved on."""
    low: Box = (0.46, 0.26, 0.49, 0.34)
    moved: Box = (0.5, 0.2, 0.6, 0.8)
    frames = Scene(
        document([found("face", low), PERSON], [found("person", moved)]), AnonymizingWishes()
    ).marks()
    assert frames[1].marks[0].box == pytest.approx((0.56, 0.26, 0.59, 0.34))


def test_without_any_face_the_head_is_in_the_upper_part() -> None:
    (mark,) = Scene(document([PERSON]), AnonymizingWishes()).marks()[0].marks
    assert covers(mark.box, (0.43, 0.2, 0.47, 0.3))
    assert mark.box[3] < 0.4
    # Cut off at the chest, a head is nearly half of what is seen.
    close = found("person", (0.2, 0.0, 0.7, 1.0))
    (mark,) = Scene(document([close]), AnonymizingWishes()).marks()[0].marks
    assert mark.box[3] > 0.4


def test_who_lies_is_covered_as_a_whole() -> None:
    (mark,) = Scene(document([found("person", LYING)]), AnonymizingWishes()).marks()[0].marks
    assert (mark.kind, mark.box) == ("person", LYING)


def test_one_face_is_not_the_face_of_two() -> None:
    """Somebody behind somebody: both boxes reach to the head that is seen."""
    behind = found("person", (0.42, 0.18, 0.54, 0.8), track=2)
    assert marks(document([SEEN, PERSON, behind])) == [[("face", "face:1"), ("head", "person:2")]]


@pytest.mark.parametrize(
    ("what", "kinds"),
    [("faces", ["face", "head"]), ("heads", ["face", "head"]), ("people", ["face", "person", "person"])],
)
def test_each_wish_covers_more_than_the_one_before(what: str, kinds: list[str]) -> None:
    other = found("person", (0.7, 0.2, 0.8, 0.8), track=2)
    (frame,) = Scene(document([SEEN, PERSON, other]), AnonymizingWishes(what=what)).marks()
    assert [mark.kind for mark in frame.marks] == kinds
    face = frame.marks[0].box
    assert (face == FACE) == (what == "faces")
    assert covers(face, FACE)


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        ([], [("face", "face:1"), ("head", "person:2")]),
        (["person:1"], [("head", "person:2")]),
        (["face:1"], [("head", "person:2")]),
        (["person:2"], [("face", "face:1")]),
        (["person:1", "person:2"], []),
    ],
)
def test_who_is_kept_stays(keep: list[str], left: list[tuple[str, str]]) -> None:
    own, other = found("face", FACE, person=1), found("person", (0.7, 0.2, 0.8, 0.8), track=2)
    assert marks(document([own, PERSON, other]), keep=keep) == [left]


def test_a_strangers_face_in_front_of_who_is_kept_is_covered() -> None:
    """In this frame it is where the other one's face would be; over the video it is somebody else's."""
    stranger = found("face", FACE, track=5, person=2)
    assert marks(document([stranger, PERSON]), keep=["person:1"]) == [[("face", "face:5")]]


def test_a_track_counts_by_its_best_score() -> None:
    weak, strong, other = (
        found("face", FACE, track, score) for track, score in ((1, 0.1), (1, 0.3), (2, 0.1))
    )
    assert marks(document([weak], [strong], [other])) == [[("face", "face:1")], [("face", "face:1")], []]
    assert marks(document([other]), sure_face=0) == [[("face", "face:2")]]


def regions(result: dict[str, Any], time: float, margin: float = 0.0) -> list[Box]:
    return Regions(Scene(result, AnonymizingWishes()).marks(), margin).at(time)


@pytest.mark.parametrize(
    ("time", "count"), [(0.09, 0), (0.1, 1), (0.3, 1), (0.35, 1), (0.4, 1), (0.6, 1), (0.61, 0)]
)
def test_a_region_holds_before_and_after_and_over_gaps(time: float, count: int) -> None:
    assert len(regions(document([], [], [], [SEEN], [], [], [], []), time)) == count * (time <= 0.5)
    assert len(regions(document([], [], [], [SEEN], [SEEN], [], [], []), time)) == count


def test_a_region_follows_the_track_between_two_sightings() -> None:
    moved = found("face", (0.63, 0.22, 0.67, 0.3))
    (region,) = regions(document([SEEN], [], [], [], [moved]), 0.2)
    assert region == pytest.approx((0.53, 0.22, 0.57, 0.3))


def test_a_head_that_comes_back_after_its_face_is_a_new_one() -> None:
    """Not drawn in a line over the seconds in which its face was covered."""
    there = found("person", (0.1, 0.2, 0.2, 0.8))
    turned = found("person", (0.8, 0.2, 0.9, 0.8))
    walking = [
        [found("person", (0.1 + 0.02 * i, 0.2, 0.2 + 0.02 * i, 0.8)), found("face", (0.13 + 0.02 * i, 0.22, 0.17 + 0.02 * i, 0.3))]
        for i in range(35)
    ]  # fmt: skip
    result = document([there], *walking, [turned])
    assert len(regions(result, 1.8)) == 1


def test_the_margin_is_a_share_of_the_size() -> None:
    (region,) = regions(document([SEEN]), 0, margin=0.5)
    assert region == pytest.approx((0.41, 0.18, 0.49, 0.34))


def test_detectors_are_known_by_class_or_label() -> None:
    result = document([found("face", FACE), found("person", STANDING, 2), found("bicycle", LYING, 3)])
    both = [*result["frames"][0]["detections"]["FaceDetector"]]
    both += result["frames"][0]["detections"]["HumanDetector"] + [found("bicycle", LYING, 3)]
    result["human_detection"]["detectors"] = [
        ["my:All", {"name": "All", "label": ["face", "person", "bicycle"]}]
    ]
    result["frames"][0]["detections"] = {"All": both}
    (frame,) = sighted_frames(result)
    assert [each.name for each in (*frame.faces, *frame.people)] == ["face:1", "person:2"]
    # A label of somebody's own.
    result["human_detection"]["detectors"] = [["FaceDetector", {"name": "All", "label": "Gesicht"}]]
    result["frames"][0]["detections"] = {"All": [found("Gesicht", FACE)]}
    assert [each.name for each in sighted_frames(result)[0].faces] == ["face:1"]


@pytest.mark.parametrize(
    ("what", "needed"), [("faces", "FaceDetector"), ("heads", "FaceDetector"), ("people", "HumanDetector")]
)
def test_what_is_to_be_covered_needs_a_detector(what: str, needed: str) -> None:
    others = [
        ["HumanDetector" if needed == "FaceDetector" else "FaceDetector", {}],
        ["my:Own", {"label": "thing"}],
    ]
    with pytest.raises(ConfigurationError, match=f"--what {what} needs a {needed}, and none is configured"):
        check_detectors(f"--what {what}", what, others)
    check_detectors("", what, [*others, [needed, {"label": "somebody"}]])
