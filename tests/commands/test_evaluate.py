"""human-detector evaluate, as its users call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands import evaluate as evaluate_command
from support.commands import hide_package, run
from support.evaluating import coco, write_json, write_result

BOX, OTHER = (100, 100, 200, 200), (400, 100, 500, 200)
FOUND = {
    0: {"People": [("person", 0.9, BOX)], "Faces": [("face", 0.8, BOX)]},
    3: {"People": [("person", 0.6, OTHER)], "Faces": []},
}


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A result with people and faces."""
    return write_result(tmp_path / "low" / "clip.json", FOUND)


def truth(folder: Path, **frames: Any) -> Path:
    """Labels of a video, by frame."""
    named = {f"{name}.jpg": boxes for name, boxes in frames.items()}
    return write_json(folder / "truth.json", coco(named))


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence of a command line that is wrong."""
    assert evaluate_command.main([str(each) for each in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (sentence,) = captured.err.splitlines()
    return sentence.removeprefix("human-detector evaluate: ")


def numbers(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """What is printed as JSON."""
    assert evaluate_command.main([*map(str, arguments), "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def judged(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """The numbers of each label."""
    (configuration,) = numbers(capsys, *arguments)["configurations"]
    labels: list[dict[str, Any]] = configuration["labels"]
    return labels


def test_the_tables(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX)], clip_000003=[("person", BOX)])
    assert evaluate_command.main([str(result), "--truth", str(labels)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "person by People: 2 labelled boxes, 2 detections in 2 frames"
    assert "at the threshold 0.9 (best by F1, 1 right, 0 wrong, 1 missed)" in lines
    assert any(line.startswith("0.60       ") and line.split()[1:4] == ["1", "1", "1"] for line in lines)
    assert lines[-1].startswith("[..]: 95% intervals from drawing the 2 frames anew within their videos")


def test_a_folder_of_results_and_what_lies_beside_them(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(result.with_name("other.json"), FOUND, video="other.mp4")
    (result.with_name("clip.coco.json")).write_text("{}")
    labels = truth(
        tmp_path,
        clip_000000=[("person", BOX)],
        other_000000=[("person", OTHER)],
        other_000001=[("face", BOX)],
    )
    document = numbers(capsys, result.parent, "--truth", labels, "--output", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == document
    (people,) = (each for each in document["configurations"][0]["labels"] if each["label"] == "person")
    assert {video: each["recall"] for video, each in people["videos"].items()} == {"clip": 1, "other": 0}
    assert document["notes"] == ["left out: 1 labelled frames of other that were not analysed"]


def test_labels_that_name_no_video_are_those_of_the_only_one(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = truth(tmp_path, frame_000003=[("person", OTHER)])
    assert judged(capsys, result, "--truth", labels)[0]["at_threshold"]["right"] == 1


def test_a_weak_detection_that_is_not_there_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = write_result(tmp_path / "clip.json", FOUND, min_detection_score=0.4)
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    assert evaluate_command.main([str(result), "--truth", str(labels)]) == 0
    assert "nothing below their min_detection_score of 0.4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wanted", "label", "detector"),
    [
        (["--label", "person"], "person", "People"),
        (["--label", "Human=person"], "person", "People"),
        (["--label", "Human=face", "--detector", "Faces"], "face", "Faces"),
    ],
)
def test_the_label_that_was_asked_for(
    wanted: list[str],
    label: str,
    detector: str,
    result: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX), ("Human", BOX)])
    (people,) = judged(capsys, result, "--truth", labels, *wanted)
    assert (people["label"], people["detector"], people["at_threshold"]["right"]) == (label, detector, 1)


def test_capitals_make_no_difference(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = truth(tmp_path, clip_000000=[("Person", BOX)])
    (people,) = judged(capsys, result, "--truth", labels)
    assert (people["truth_label"], people["label"]) == ("Person", "person")


def test_frames_that_do_not_match(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, holiday_000000=[("person", BOX)])
    assert said(capsys, result, "--truth", labels) == (
        f"--truth {labels}: its frames are of holiday, the results are of clip"
    )
    labels = truth(tmp_path, clip_000001=[("person", BOX)], clip_000002=[("person", BOX)])
    assert said(capsys, result, "--truth", labels) == (
        f"--truth {labels}: none of its 2 frames of clip was analysed; valid is a result that has them: analyze "
        "--frame-ratio 1 has all"
    )


def test_frames_of_no_video_and_results_of_two(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_result(tmp_path / "other.json", FOUND, video="other.mp4")
    labels = truth(tmp_path, frame_000000=[("person", BOX)])
    assert said(capsys, result, other, "--truth", labels) == (
        f"--truth {labels}: its frames do not say of which video they are, and the results are of 2: clip, other"
    )


def test_the_same_frame_twice(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = write_json(
        tmp_path / "truth.json", coco({"clip_0.jpg": [("person", BOX)], "clip_00.png": [("person", BOX)]})
    )
    assert said(capsys, result, "--truth", labels) == f"--truth {labels}: frame 0 of clip is there twice"


def test_labels_that_do_not_match(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("dog", BOX), ("cat", BOX)])
    assert said(capsys, result, "--truth", labels) == (
        f"no label is on both sides: --truth {labels} has cat, dog; the results have face, person; --label "
        "TRUTH=RESULT says which are the same"
    )
    assert said(capsys, result, "--truth", labels, "--label", "dog=horse") == (
        "--label dog=horse: horse is not in the results, valid is one of face, person"
    )


def test_two_detectors_of_one_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {0: {"A": [("person", 0.9, BOX)], "B": [("person", 0.9, OTHER)]}}
    result = write_result(tmp_path / "clip.json", found)
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    assert said(capsys, result, "--truth", labels) == (
        "several detectors find person: A, B; --detector says which"
    )
    rights = [
        judged(capsys, result, "--truth", labels, "--detector", name)[0]["at_threshold"]["right"]
        for name in ("A", "B")
    ]
    assert rights == [1, 0]
    assert said(capsys, result, "--truth", labels, "--detector", "C") == (
        "--detector: found C, valid is one of A, B"
    )


def test_two_results_of_one_video(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    again = write_result(tmp_path / "clip.json", FOUND)
    assert "are both of the video clip; valid is" in said(capsys, result, again, "--truth", labels)


def test_a_file_that_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    assert "is no result file: valid is an object with" in said(capsys, labels, "--truth", labels)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"there is no result in the folder {empty}" in said(capsys, empty, "--truth", labels)


def test_a_missing_package_is_said_before_anything_is_read(tmp_path: Path) -> None:
    done = run("evaluate", "gone.json", "--truth=gone.xml", path=hide_package(tmp_path, "pycocotools"))
    assert done.returncode == 2
    assert done.stderr.startswith(
        'human-detector evaluate: evaluate needs pycocotools: pip install "human-detector[evaluate]"'
    )
    assert len(done.stderr.splitlines()) == 1


def test_two_configurations_in_a_folder_each(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the frames that both have, and with the difference."""
    worse = {**FOUND, 3: {"People": [("person", 0.6, BOX)]}, 4: {"People": []}}
    other = write_result(tmp_path / "worse" / "clip.json", worse)
    labels = truth(
        tmp_path,
        clip_000000=[("person", BOX)],
        clip_000003=[("person", OTHER)],
        clip_000004=[("person", OTHER)],
    )
    document = numbers(capsys, result.parent, other.parent, "--truth", labels, "--compare")
    assert document["frames"] == 2
    assert [each["name"] for each in document["configurations"]] == ["low", "worse"]
    (difference,) = document["differences"]
    assert (difference["label"], difference["from"], difference["to"]) == ("person", "low", "worse")
    assert difference["recall"]["value"] == -0.5
    assert difference["recall"]["low"] == -1
    assert difference["recall"]["high"] == 0
    assert evaluate_command.main([str(result), str(other), "--truth", str(labels), "--compare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("low ", "worse "))] == [
        "low",
        "worse",
        "worse",
    ]
    assert any(line.startswith("worse") and "-0.500 [-1.000, +0.000]" in line for line in lines)


def test_two_configurations_in_one_folder_are_told_apart_by_their_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("small", "large"):
        write_result(tmp_path / "both" / f"clip.{model}.json", FOUND, model=model, min_detection_score=0.05)
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    document = numbers(capsys, tmp_path / "both", "--truth", labels, "--compare")
    names = [each["name"] for each in document["configurations"]]
    assert names == [f"People.model {model}, Faces.model {model}" for model in ("large", "small")]


def test_the_page_is_named(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    assert evaluate_command.main([str(result), "--truth", str(labels), "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "evaluation.html")


def test_videos_are_for_the_page(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX)])
    arguments = (result, "--truth", labels, "--videos", tmp_path / "gone")
    assert said(capsys, *arguments) == "--videos: valid beside --output, for whose page the pictures are"
    assert said(capsys, *arguments, "--output", tmp_path / "out") == (
        f"--videos: found {tmp_path / 'gone'}, valid is a folder"
    )
    assert not (tmp_path / "out").exists()


def test_nothing_to_compare(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth(tmp_path, clip_000000=[("person", BOX)], clip_000004=[("person", BOX)])
    assert said(capsys, result, "--truth", labels, "--compare").startswith(
        "--compare: found one configuration only"
    )
    other = write_result(tmp_path / "other" / "clip.json", {4: {"People": [("person", 0.9, BOX)]}})
    assert said(capsys, result, other, "--truth", labels, "--compare") == (
        f"--truth {labels}: no labelled frame was analysed in every configuration"
    )
