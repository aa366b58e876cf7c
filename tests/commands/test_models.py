"""`human-detector models`, as its users type it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from human_detector.commands import models as models_command
from human_detector.inference.model_catalogue import MODELS
from support.file_server import unused_url


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models, with one of them."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    (tmp_path / "ssdlite_pedestrian").mkdir()
    (tmp_path / "ssdlite_pedestrian" / "frozen_inference_graph.pb").write_bytes(bytes(13_000_000))
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["list"]])
def test_the_list_says_what_is_there_and_what_is_missing(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models_command.main(arguments) == 0
    header, *rows, _, last = capsys.readouterr().out.splitlines()
    assert header.split() == ["MODEL", "FINDS", "LICENCE", "SIZE", "WHERE"]
    assert [row.split()[0] for row in rows] == list(MODELS)
    assert rows[0].endswith("593 MB  missing: human-detector models get faster_rcnn_resnet101_coco")
    assert rows[2].split() == [
        "ssdlite_pedestrian",
        "people",
        "MIT",
        "13",
        "MB",
        f"{folder}/ssdlite_pedestrian",
    ]
    assert last == f"Models lie in {folder}; `human-detector models get NAME...` gets them"


def test_one_that_fails_does_not_stop_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DETECTION_ZOO_URL", unused_url())
    assert models_command.main(["get", "faster_rcnn_resnet101_coco", "ssdlite_pedestrian"]) == 1
    shown = capsys.readouterr()
    assert shown.out == f"ssdlite_pedestrian: ready: {folder}/ssdlite_pedestrian/frozen_inference_graph.pb\n"
    first, second = shown.err.splitlines()
    assert first.startswith("faster_rcnn_resnet101_coco: downloading http://127.0.0.1:")
    assert second.startswith(
        "human-detector models: faster_rcnn_resnet101_coco: cannot download http://127.0.0.1:"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["get", "ssdlite_pedestrian", "yolo"],
            "NAME: found 'yolo', valid is one of faster_rcnn_resnet101_coco, ",
        ),
        (["get"], "valid is NAME..., or --all"),
        (["get", "ssdlite_pedestrian", "--all"], "valid is NAME..., or --all"),
        (["fetch"], "invalid choice: 'fetch'"),
    ],
)
def test_a_wrong_command_line_is_refused(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        models_command.main(arguments)
    assert sentence in capsys.readouterr().err


def test_all_means_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(models_command, "get_model", lambda model, _: asked.append(model.name))
    assert models_command.main(["get", "--all"]) == 0
    assert asked == list(MODELS)


def test_an_interrupt_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models_command, "get_model", interrupt)
    assert models_command.main(["get", "ssdlite_pedestrian"]) == 130
    assert capsys.readouterr().err == "human-detector models: stopped; run it again to go on\n"


def test_plain_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rich is not installed."""
    now = [0.0]
    monkeypatch.setattr(models_command.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    lines = models_command.PlainLines()
    lines.start("zoo")
    for second in range(25):
        now[0] = float(second)
        lines.update(second / 100)
    assert stream.getvalue().splitlines() == ["zoo: 10 %", "zoo: 20 %"]
