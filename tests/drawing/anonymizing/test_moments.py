"""What somebody should look at, and what becomes of the decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from human_detector.drawing.anonymizing.decisions import (
    Decisions,
    check_names,
    decisions_about,
    read_decisions,
)
from human_detector.drawing.anonymizing.moments import (
    LOW_SCORE,
    NO_HEAD,
    TRACK_BEGINS,
    TRACK_ENDS,
    Doubts,
    Moment,
    with_decided,
)
from human_detector.drawing.anonymizing.regions import Regions, Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.errors import ConfigurationError, PermanentError
from support.people_in_a_result import FACE, LYING, STANDING, document, found

SEEN, PERSON = found("face", FACE), found("person", STANDING)
WEAK = found("face", FACE, track=9, score=0.12)


def moments(result: dict[str, Any], **wishes: Any) -> list[Moment]:
    scene = Scene(result, AnonymizingWishes(**wishes))
    return Doubts(scene, scene.marks()).moments()


def facts(result: dict[str, Any], **wishes: Any) -> list[tuple[str, str, int, int]]:
    return [(each.kind, each.of, each.places[0][0], each.places[-1][0]) for each in moments(result, **wishes)]


def test_a_face_all_the_way_is_no_doubt() -> None:
    assert facts(document(*[[SEEN, PERSON]] * 20)) == []


def test_a_track_that_never_counts_is_shown() -> None:
    assert facts(document([WEAK], [], [WEAK])) == [(LOW_SCORE, "face:9", 0, 2)]


def test_a_weak_person_is_shown_where_the_head_would_be() -> None:
    weak = [found("person", STANDING, score=0.3)]
    (moment,) = moments(document(weak, weak))
    assert (moment.kind, moment.of, moment.score) == (LOW_SCORE, "person:1", 0.3)
    assert moment.places[0][1][3] < 0.4
    # Whose face is covered has nothing that could be seen.
    assert facts(document([*weak, SEEN], [*weak, SEEN])) == []
    (moment,) = moments(document(weak, weak), what="people")
    assert moment.places[0][1] == STANDING


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([[WEAK], []], id="a single frame"),
        pytest.param([[WEAK, SEEN], [WEAK, SEEN]], id="covered by another"),
    ],
)
def test_what_needs_no_eyes_is_not_shown(frames: list[list[dict[str, Any]]]) -> None:
    assert facts(document(*frames)) == []


def test_who_is_kept_is_no_doubt() -> None:
    assert facts(document([WEAK], [WEAK]), keep=["face:9"]) == []


def test_who_lies_is_shown_and_covered() -> None:
    lying = found("person", LYING, track=4)
    (moment,) = moments(document([lying], [lying]))
    assert (moment.kind, moment.of, moment.is_covered) == (NO_HEAD, "person:4", True)
    assert facts(document([lying]), what="people") == []


def test_a_track_that_breaks_in_the_middle_of_the_picture_is_shown() -> None:
    """From where it is no longer held, for a second."""
    result = document(*[[]] * 15, *[[SEEN]] * 5, *[[]] * 15)
    assert facts(result) == [(TRACK_BEGINS, "face:1", 3, 12), (TRACK_ENDS, "face:1", 22, 31)]


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([[found("face", (0.0, 0.2, 0.05, 0.3))]] * 5 + [[]] * 9, id="out of the picture"),
        pytest.param([[SEEN]] * 2 + [[]] * 9, id="a flicker"),
        pytest.param([[SEEN, PERSON]] * 5 + [[PERSON]] * 9, id="the head goes on without a face"),
        pytest.param([[SEEN]] * 5 + [[]] * 2, id="the video ends"),
    ],
)
def test_a_track_that_ends_for_a_reason_is_not_shown(frames: list[list[dict[str, Any]]]) -> None:
    assert facts(document(*frames)) == []


def test_a_decision_covers_the_moment() -> None:
    result = document(*[[WEAK]] * 3)
    scene = Scene(result, AnonymizingWishes())
    frames = scene.marks()
    (moment,) = Doubts(scene, frames).moments()
    assert Regions(frames, 0).at(0.1) == []
    assert Regions(with_decided(frames, [moment]), 0).at(0.1) == [pytest.approx(FACE)]


def test_names_are_the_same_for_the_same_result() -> None:
    result = document([WEAK], [WEAK])
    assert [each.name for each in moments(result)] == ["low score, face:9, 0"]
    check_names({"low score, face:9, 0": "blur"}, moments(result))
    with pytest.raises(PermanentError, match="'low score, face:8, 0' is no moment of this video"):
        check_names({"low score, face:8, 0": "blur"}, moments(result))


def test_decisions_are_about_one_video() -> None:
    given = [
        Decisions(Path("a"), "1", {"x": "blur", "y": "fine"}),
        Decisions(Path("b"), "2", {"z": "blur"}),
        Decisions(Path("c"), "1", {"x": "fine"}),
    ]
    assert decisions_about("1", given) == {"x": "fine", "y": "fine"}
    assert decisions_about("3", given) == {}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not JSON"),
        ("[]", "valid is the file that NAME.doubtful.html saves"),
        ('{"decisions": {}}', "valid is the file"),
        ('{"etag": "1", "decisions": []}', "valid is the file"),
        ('{"etag": "1", "decisions": {"x": "perhaps"}}', "valid is the file"),
        ('{"etag": "1", "decisions": {"x": []}}', "valid is the file"),
    ],
)
def test_a_file_that_is_none_is_refused(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=sentence):
        read_decisions(path)
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read_decisions(tmp_path / "none.json")


def test_a_file_that_is_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"video": "v.mp4", "etag": "1", "decisions": {"x": "blur"}}))
    assert read_decisions(path) == Decisions(path, "1", {"x": "blur"})
