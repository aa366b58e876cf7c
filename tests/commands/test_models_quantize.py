"""`human-detector models quantize`: with NNCF where it is installed, else with a stand-in for it alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands import calibration_pictures, quantisation_trial
from human_detector.commands import models as models_command
from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
from human_detector.inference.quantise import Network
from support.media import clip
from support.onnx_models import small_centerface
from support.quantised import copy_of_model, take_pictures_in_steps


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that finds red places, by the name `small`."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))
    (tmp_path / "models" / "small").mkdir(parents=True)
    return small_centerface(tmp_path / "models" / "small" / "model.onnx")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return clip(tmp_path / "clip.mp4", frames=40)


@pytest.fixture
def highest(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Has a stand-in for NNCF make networks that take pictures in steps from 0 to a number."""

    def stand_in(number: float) -> None:
        def quantise(network: Network, pictures: Sequence[Path]) -> Any:
            assert len(pictures) == 20
            take_pictures_in_steps(network.model, number)
            return network.model

        monkeypatch.setattr(quantisation_trial, "require_nncf", lambda: "3.4.0")
        monkeypatch.setattr(quantisation_trial, "quantise", quantise)

    return stand_in


def quantize(*arguments: str | Path) -> int:
    return models_command.main(["quantize", *map(str, arguments)])


def left_beside(model: Path) -> list[str]:
    return sorted(file.name for file in model.parent.iterdir() if file != model)


def test_what_agrees_is_stored_and_then_taken(
    model: Path, video: Path, highest: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    highest(255)
    assert quantize("small", "--calibrate", video, "--frames", "30") == 0
    said = capsys.readouterr().out
    assert "tried on:     10 other frames" in said
    assert "agreement:    1.0000 of the boxes are in both" in said
    (stored,) = (model.parent / "int8").glob("*.json")
    assert said.endswith(f"small: ready: {stored}\n")
    facts = json.loads(stored.read_text())
    assert (facts["calibration"]["videos"], facts["calibration"]["frames"]) == (["clip.mp4"], 20)
    assert facts["agreement"]["matched"] == 1.0
    assert facts["agreement"]["boxes"] > 10
    assert left_beside(model) == ["int8"]
    engine = load_engine("openvino", ModelSettings("small", find_model("small"), 1, "int8"))
    assert engine.info.precision == "int8"


def test_what_does_not_agree_is_not_stored(
    model: Path, video: Path, highest: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    highest(51)  # of 255: nothing scores more than 0.2
    assert quantize("small", "--calibrate", video, "--frames", "30") == 1
    shown = capsys.readouterr()
    assert "agreement:    0.0000" in shown.out
    assert "small: not stored: 0.0000 is less than --min-agreement 0.98" in shown.err
    assert left_beside(model) == []


def test_it_is_stored_where_somebody_says_so(
    model: Path, video: Path, highest: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    highest(51)
    assert quantize("small", "--calibrate", video, "--frames", "30", "--min-agreement", "0") == 0
    assert left_beside(model) == ["int8"]


def test_frames_without_anything_say_nothing(
    model: Path, tmp_path: Path, highest: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    highest(255)
    black = clip(tmp_path / "black.mp4", frames=40, filters="drawbox=color=black:t=fill")
    assert quantize("small", "--calibrate", black, "--frames", "30", "--min-agreement", "0") == 1
    assert "not stored: nothing was found in these frames" in capsys.readouterr().err
    assert left_beside(model) == []


def test_the_frames_of_all_videos_are_used_and_every_third_is_tried(tmp_path: Path) -> None:
    videos = [clip(tmp_path / "a.mp4", frames=60), clip(tmp_path / "b.mp4", frames=20, size="96x64")]
    taken = []
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        display = models_command.PlainLines()
        taken.append(calibration_pictures.take_calibration_pictures(videos, 30, tmp_path / name, display))
    first, second = taken
    assert (len(first.used), len(first.tried)) == (20, 10)
    assert first.checksum == second.checksum
    assert len({path.read_bytes() for path in [*first.used, *first.tried]}) == 30


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone", "--calibrate", "clip.mp4"], "the model 'gone' is missing"),
        (["small", "--calibrate", "gone.mp4"], "gone.mp4: the file does not exist"),
        (["small"], "--calibrate: missing; name videos like those that the model will see"),
    ],
)
def test_what_cannot_be_used_is_said(
    arguments: list[str],
    sentence: str,
    model: Path,
    highest: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    highest(255)
    monkeypatch.setattr(calibration_pictures, "clone", lambda: None)  # as where the package is installed
    assert quantize(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith(f"human-detector models quantize: {sentence}")
    assert left_beside(model) == []


def test_without_nncf_the_extra_is_named(
    model: Path, video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    assert quantize("small", "--calibrate", video) == 2
    assert capsys.readouterr().err == (
        "human-detector models quantize: NNCF, which quantises, is not installed here: "
        'pip install "human-detector[quantize]"\n'
    )


@pytest.mark.parametrize("arguments", [["--frames", "29"], ["--min-agreement", "1.1"], ["--score", "-1"]])
def test_numbers_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        quantize("small", *arguments)
    assert "valid is" in capsys.readouterr().err


def test_nncf_quantises_a_model(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("nncf", reason="needs requirements-quantize.txt")
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    graph = copy_of_model(
        models / "ssdlite_pedestrian" / "frozen_inference_graph.pb", tmp_path / "ssdlite_pedestrian"
    )
    assert quantize("ssdlite_pedestrian", "--frames", "60") == 0
    assert "agreement:    1.0000" in capsys.readouterr().out
    assert left_beside(graph) == ["int8"]
    engine = load_engine("openvino", ModelSettings("ssdlite_pedestrian", graph, 1, "auto"))
    assert engine.info.precision == "int8"
