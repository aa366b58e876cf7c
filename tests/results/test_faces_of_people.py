"""Whose face it is: over the whole track, in made-up scenes and in the result document."""

from __future__ import annotations

import csv
import json
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.drawing.annotation import _describe
from human_detector.report.page_data import pack
from human_detector.results.best_pairs import best_pairs
from human_detector.results.exports.coco import export_coco
from human_detector.results.exports.csv_and_parquet import export_csv
from human_detector.results.exports.rekognition import export_rekognition
from human_detector.results.faces_of_people import FacesOfPeople
from human_detector.results.made_of import made_of
from human_detector.results.writer import lines_path, partial_path
from human_detector.video_analyzer import VideoAnalyzer
from support.walker import DETECTORS, make_walk


def person(
    track_id: int, x: float, y: float = 0.2, width: float = 0.2, height: float = 0.7
) -> dict[str, Any]:
    return _found("person", track_id, x, y, width, height)


def face(track_id: int, x: float, y: float = 0.22, size: float = 0.06) -> dict[str, Any]:
    return _found("face", track_id, x, y, size, size)


def _found(label: str, track_id: int, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    box = {"x_min": x, "y_min": y, "x_max": x + width, "y_max": y + height}
    return {"label": label, "score": 0.9, "box": box, "track_id": track_id}


def owners(*frames: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> dict[int, int]:
    """The persons of the faces, from people and faces of each frame."""
    seen = FacesOfPeople()
    for people, faces in frames:
        seen.see({"Humans": people, "Faces": faces})
    found = seen.owners()
    assert {detector for detector, _ in found} <= {"Faces"}
    return {track_id: owner for (_, track_id), owner in found.items()}


def test_a_face_belongs_to_the_person_whose_head_it_is() -> None:
    assert owners(([person(7, 0.1), person(8, 0.6)], [face(1, 0.67), face(2, 0.17)])) == {1: 8, 2: 7}


@pytest.mark.parametrize(
    "elsewhere",
    [face(1, 0.17, 0.55), face(1, 0.45), face(1, 0.17, 0.05), face(1, 0.1, 0.2, 0.4)],
    ids=["at the belt", "beside", "above", "larger than the person"],
)
def test_a_face_that_is_elsewhere_belongs_to_nobody(elsewhere: dict[str, Any]) -> None:
    assert owners(([person(7, 0.1)], [elsewhere])) == {}


def test_who_stands_in_front_does_not_get_the_face_of_who_stands_behind() -> None:
    behind, in_front = person(1, 0.4, 0.1, 0.25, 0.8), person(2, 0.42, 0.35, 0.2, 0.6)
    assert owners(([in_front, behind], [face(5, 0.49, 0.12), face(6, 0.49, 0.37)])) == {5: 1, 6: 2}


def test_the_whole_track_decides_and_not_a_frame() -> None:
    """Two pass each other: where they meet, both faces fit both people, even better the other one."""
    frames = []
    for i in range(21):
        left, right = 0.1 + 0.03 * i, 0.7 - 0.03 * i
        swap = 0.1 if abs(left - right) < 0.1 else 0.0
        frames.append(
            (
                [person(1, left), person(2, right)],
                [
                    face(1, left + 0.07 + swap * np.sign(right - left)),
                    face(2, right + 0.07 - swap * np.sign(right - left)),
                ],
            )
        )
    assert owners(*frames) == {1: 1, 2: 2}
    meeting = [
        frame for frame in frames if abs(frame[0][0]["box"]["x_min"] - frame[0][1]["box"]["x_min"]) < 0.1
    ]
    assert len(meeting) >= 3


def test_who_turns_away_and_back_has_two_faces_one_after_the_other() -> None:
    seen = [([person(3, 0.2)], [face(1 if i < 4 else 2, 0.27)] if i not in (4, 5) else []) for i in range(10)]
    assert owners(*seen) == {1: 3, 2: 3}


def test_two_faces_at_a_time_are_not_of_one_person() -> None:
    """The better one is."""
    assert owners(*[([person(3, 0.2)], [face(1, 0.27), face(2, 0.21, 0.25)])] * 3) == {1: 3}


def test_the_best_on_the_whole_counts() -> None:
    """The face between the two would go to the left one, which then would leave the other face without anybody."""
    people = [person(1, 0.1), person(2, 0.22)]
    assert owners((people, [face(5, 0.222), face(6, 0.1)])) == {5: 2, 6: 1}


def test_a_moment_that_fits_does_not_count_against_a_long_time_that_does_not() -> None:
    """Somebody walks past a picture of a face on the wall."""
    frames = [([person(1, 0.05 + 0.04 * i)], [face(9, 0.47)]) for i in range(20)]
    assert owners(*frames) == {}


def test_numbers_of_another_detector_of_people_are_not_mixed_in() -> None:
    seen = FacesOfPeople()
    seen.see({"A": [person(1, 0.1)], "B": [person(1, 0.6)], "Faces": [face(4, 0.67), face(5, 0.17)]})
    assert seen.owners() == {("Faces", 5): 1}


def test_boxes_without_area_belong_to_nobody() -> None:
    assert owners(([person(1, 0.2, width=0, height=0)], [face(1, 0.2, 0.2, 0)])) == {}


def test_memory_grows_with_tracks_and_not_with_frames() -> None:
    seen = FacesOfPeople()
    for _ in range(1000):
        seen.see({"Humans": [person(1, 0.1), person(2, 0.6)], "Faces": [face(1, 0.17), face(2, 0.67)]})
    assert len(seen._evidence["Faces"]) == 4
    assert seen.owners() == {("Faces", 1): 1, ("Faces", 2): 2}


def test_best_pairs_are_those_of_trying_everything() -> None:
    numbers = np.random.default_rng(3)
    for _ in range(200):
        rows, columns = numbers.integers(1, 6, 2)
        table = numbers.random((rows, columns)) * (numbers.random((rows, columns)) < 0.6)
        scores = {(r, c): float(table[r, c]) for r in range(rows) for c in range(columns) if table[r, c]}
        found = sum(scores[pair] for pair in best_pairs(scores).items())
        square = np.zeros((5, 5))
        square[:rows, :columns] = table
        assert found == pytest.approx(max(square[range(5), order].sum() for order in permutations(range(5))))


# ---- in the result ----


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Somebody in red walks to the right, with a yellow face, turned away for two seconds."""
    return make_walk(tmp_path / "clip.mp4")


def faces_of(document: dict[str, Any]) -> set[tuple[int, int | None]]:
    """Pairs of a face's own number and that of the person."""
    found = [each for frame in document["frames"] for each in frame["detections"]["Faces"]]
    return {(each["track_id"], each.get("person_track_id")) for each in found}


def test_the_result_says_whose_the_faces_are_however_it_came_about(clip: Path) -> None:
    """In memory, to a file, and to a file after the analysis was cut off in the middle: the same document."""
    analyzer = VideoAnalyzer(DETECTORS, frame_ratio=0.5, tracker=True)
    in_memory = analyzer.analyze(clip)
    document = in_memory.to_dict()
    assert faces_of(document) == {(1, 1), (2, 1)}
    assert not any(
        "person_track_id" in each for frame in document["frames"] for each in frame["detections"]["Humans"]
    )
    assert set(in_memory.detections().person_track_id.tolist()) == {1, -1}

    path = clip.with_suffix(".json")
    calls: list[float] = []
    analyzer.analyze_to_file(clip, path, calls.append, stop=lambda: len(calls) > 20)
    partial = json.loads(partial_path(path).read_text())
    assert 0 < len(partial["frames"]) < len(document["frames"])
    assert faces_of(partial) == {(1, 1)}
    assert "person_track_id" not in lines_path(path).read_text(), "who it is may change until the end"
    analyzer.analyze_to_file(clip, path)
    assert json.loads(path.read_text()) == document
    assert not lines_path(path).exists()


def test_without_a_tracker_nothing_is_said(clip: Path) -> None:
    document = VideoAnalyzer(DETECTORS, frame_ratio=0.2).analyze(clip).to_dict()
    assert "track_id" not in json.dumps(document)


def test_lines_of_another_analysis_do_not_count(clip: Path) -> None:
    analyzer = VideoAnalyzer(DETECTORS, frame_ratio=0.2, tracker=True)
    path = clip.with_suffix(".json")
    lines_path(path).write_text(made_of({"etag": "other"}, analyzer.arguments) + "\n{}\n")
    analyzer.analyze_to_file(clip, path)
    assert faces_of(json.loads(path.read_text())) == {(1, 1), (2, 1)}


def test_exports_page_and_pictures_say_whose_the_faces_are(clip: Path, tmp_path: Path) -> None:
    document = VideoAnalyzer(DETECTORS, frame_ratio=0.2, tracker=True).analyze(clip).to_dict()
    (table,) = export_csv(document, tmp_path, "x")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["label"], row["track_id"], row["person_track_id"]) for row in rows} == {
        ("person", "1", ""),
        ("face", "1", "1"),
        ("face", "2", "1"),
    }
    data_set = json.loads(export_coco(document, tmp_path, "x")[0].read_text())
    found = {
        (each["category_id"], each["track_id"], each.get("person_track_id"))
        for each in data_set["annotations"]
    }
    assert found == {(1, 1, None), (91, 1, 1), (91, 2, 1)}
    persons = json.loads(export_rekognition(document, tmp_path, "x")[1].read_text())["Persons"]
    with_face = [each for each in persons if "Face" in each["Person"]]
    assert len(with_face) == sum(row["label"] == "face" for row in rows)
    people = {each["name"]: each["people"] for each in pack(document)["detectors"]}
    assert people["Humans"] is None
    assert people["Faces"] is not None
    assert (
        _describe({"label": "face", "score": 0.5, "track_id": 4, "person_track_id": 2}) == "face of #2 0.50"
    )
