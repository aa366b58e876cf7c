"""Files from elsewhere: results, labels, configurations, decisions that are too deep, too much, or no numbers.

Each ends with one sentence and the status of what is wrong; none with a traceback, and none with a full memory.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from human_detector.__main__ import main
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.inference.model_description import read_description
from human_detector.results.reader import read_result
from support.commands import run
from support.evaluating import coco, result, write_json
from support.sample_results import sample_result

DEEP = "[" * 100_000
ALIASES = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
"""A few lines that stand for a thousand million words."""


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on standard error."""
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    return errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "{file}", "--format", "csv"],
        ["report", "{file}", "{file}"],
        ["evaluate", "{file}", "--truth", "{file}"],
        ["analyze", "--config", "{file}", "{folder}"],
        ["anonymize", "--decisions", "{file}", "--output", "{folder}/out", "{folder}"],
        ["cost", "--prices", "{file}"],
        ["cost", "--config", "{file}"],
        ["submit", "--config", "{file}", "--list"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_more_levels_than_can_be_read(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text(DEEP)
    done = run(*(each.format(file=tmp_path / "deep.json", folder=tmp_path) for each in arguments))
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(f"human-detector {arguments[0]}: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda document: document.update(video=[]), "video"),
        (lambda document: document["video"].update(width="<b>"), "video.width"),
        (lambda document: document["video"].update(width=1e400), "video.width"),
        (lambda document: document["video"].update(duration=float("nan")), "video.duration"),
        (lambda document: document["video"].update(frame_count=10**30), "video.frame_count"),
        (lambda document: document["video"].update(file=["x"]), "video.file"),
        (lambda document: document.update(engine="tensorflow"), "engine"),
        (lambda document: document["human_detection"].update(detectors=[["A", {}, {}]]), "human_detection.detectors"),
        (lambda document: document["summary"].update(detectors={"A": {"detections": "x"}}), "summary.detectors"),
        (lambda document: document.update(frames={}), "frames"),
        (lambda document: document["frames"].append([]), "frames[20]"),
        (lambda document: document["frames"][3].update(index="../../x"), "frames[3].index"),
        (lambda document: document["frames"][3].update(timestamp=float("inf")), "frames[3].timestamp"),
        (lambda document: document["frames"][0].update(detections={"A": [None]}), "frames[0].detections.A[0]"),
        (lambda document: a_detection(document).update(score=float("nan")), "frames[0].detections.A[0].score"),
        (lambda document: a_detection(document).update(label=7), "frames[0].detections.A[0].label"),
        (lambda document: a_detection(document).update(track_id=1e30), "frames[0].detections.A[0].track_id"),
        (lambda document: a_detection(document)["box"].update(x_min=2), "frames[0].detections.A[0].box.x_min"),
        (lambda document: a_detection(document)["box"].update(x_min=0.9), "frames[0].detections.A[0].box"),
    ],
)  # fmt: skip
def test_a_result_of_another_form(
    change: Callable[[dict[str, Any]], object], place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = copy.deepcopy(sample_result())
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(document))
    assert read_result(str(path)) == document, "as it was, it is one"
    change(document)
    path.write_text(json.dumps(document))
    assert main(["export", str(path), "--format", "csv"]) == 1
    assert re.search(rf"is no result file: {re.escape(place)}(:|\.|\[).* valid is ", said(capsys))


def a_detection(document: dict[str, Any]) -> dict[str, Any]:
    found = {"label": "x", "score": 0.5, "box": {"x_min": 0.1, "y_min": 0.1, "x_max": 0.2, "y_max": 0.2}}
    document["frames"][0]["detections"] = {"A": [found]}
    return found


def test_few_lines_of_yaml_do_not_stand_for_gigabytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.yaml").write_text(ALIASES)
    with pytest.raises(ConfigurationError, match="found an alias in line 2"):
        read_description(tmp_path / "model.yaml")
    (tmp_path / "model.yaml").write_text(DEEP)
    with pytest.raises(ConfigurationError, match="more than 50 levels"):
        read_description(tmp_path / "model.yaml")
    labels = tmp_path / "yolo"
    labels.mkdir()
    write_json(tmp_path / "clip.json", result({0: {"Faces": []}}))
    for text in (f"{ALIASES}names: [*i]\n", f"names: {DEEP}"):
        (labels / "data.yaml").write_text(text)
        assert main(["evaluate", str(tmp_path / "clip.json"), "--truth", str(labels)]) == 2
        assert "valid is YAML with names" in said(capsys)


@pytest.mark.parametrize("side", [float("nan"), 1e999, 10**400, "x" * 100_000])
def test_labels_that_are_no_boxes(side: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(tmp_path / "clip.json", result({0: {"Faces": [("face", 0.9, (1, 1, 9, 9))]}}))
    truth = coco({"clip_0.jpg": [("face", (1, 1, 9, 9))]})
    truth["annotations"][0]["bbox"][0] = side
    write_json(tmp_path / "truth.json", truth)
    assert main(["evaluate", str(tmp_path / "clip.json"), "--truth", str(tmp_path / "truth.json")]) == 2
    assert len(said(capsys)) < 1000


def test_a_result_that_is_no_text_at_all(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(b"\xff\xfe" * 100)
    with pytest.raises(PermanentError, match="is no result file"):
        read_result(str(tmp_path / "r.json"))
