"""OnnxDetector keeps classes by name or by number, under the labels that they are to have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.commands import analyze as analyze_command
from human_detector.detectors.factory import create_detector
from human_detector.errors import ConfigurationError
from support import media
from support.onnx_models import fixed_detector

NAMES = {"names": "{0: 'person', 1: 'bicycle', 2: 'dog'}"}
FOUND = np.array([[[0, 0, 8, 8, 0.9, 0], [8, 8, 16, 16, 0.8, 1], [16, 16, 32, 32, 0.7, 2]]], np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that finds a person, a bicycle and a dog in every picture."""
    return fixed_detector(tmp_path_factory.mktemp("model") / "three.onnx", {"out": FOUND}, metadata=NAMES)


def labels(arguments: Mapping[str, Any]) -> list[str]:
    detector = create_detector("OnnxDetector", arguments)
    (found,) = detector.detect([np.zeros((64, 64, 3), np.uint8)])
    return [detection.label for detection in found]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["person", "bicycle", "dog"]),
        ({"classes": "dog"}, ["dog"]),
        ({"classes": ["dog", "person"]}, ["person", "dog"]),
        ({"class_id": 2}, ["object"]),
        ({"class_id": 2, "label": "bike"}, ["bike"]),
        ({"class_id": {"human": 1, "pet": 3}}, ["human", "pet"]),
        ({"min_detection_score": 0.75}, ["person", "bicycle"]),
    ],
)
def test_what_is_kept(arguments: Mapping[str, Any], expected: list[str], model: Path) -> None:
    assert labels({"model": str(model), **arguments}) == expected


@pytest.mark.parametrize(
    ("arguments", "stated"),
    [
        ({}, {}),
        ({"classes": "dog"}, {"classes": ["dog"]}),
        ({"class_id": 2, "label": "bike"}, {"class_id": 2, "label": "bike"}),
    ],
)
def test_the_arguments_in_effect_build_the_same_detector(
    arguments: Mapping[str, Any], stated: Mapping[str, Any], model: Path
) -> None:
    detector = create_detector("OnnxDetector", {"model": str(model), **arguments})
    kept = {
        key: value for key, value in detector.arguments.items() if key in ("classes", "class_id", "label")
    }
    assert kept == stated
    assert create_detector("OnnxDetector", detector.arguments).arguments == detector.arguments


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"classes": "dog", "class_id": 3}, "classes: found beside class_id, valid is one of the two"),
        ({"label": "dog"}, "label: found without class_id, valid is none beside names of classes"),
        ({"classes": []}, r"classes: found \[\], valid is the name of a class, or a list of names"),
        ({"classes": "cat"}, "classes: found 'cat', the model knows person, bicycle, dog"),
    ],
)
def test_what_is_wrong_is_said(arguments: Mapping[str, Any], sentence: str, model: Path) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        labels({"model": str(model), **arguments})


def test_a_model_is_needed() -> None:
    with pytest.raises(ConfigurationError, match=r"OnnxDetector refuses its arguments: .*model"):
        create_detector("OnnxDetector", {})


def test_of_many_names_those_that_are_alike_are_shown(tmp_path: Path) -> None:
    names = {"names": str({number: f"thing {number}" for number in range(80)})}
    path = fixed_detector(tmp_path / "model.onnx", {"out": FOUND}, metadata=names)
    with pytest.raises(
        ConfigurationError, match=r"found 'thing 7x', the model knows thing 7, .*80 others, such as"
    ):
        labels({"model": str(path), "classes": "thing 7x"})


def test_a_model_without_names_needs_numbers(tmp_path: Path) -> None:
    path = fixed_detector(tmp_path / "model.onnx", {"out": FOUND})
    assert labels({"model": str(path), "class_id": 3, "label": "dog"}) == ["dog"]
    with pytest.raises(ConfigurationError, match="does not say what its classes are called: put names into"):
        labels({"model": str(path)})


def test_a_wrong_description_ends_analyze_before_anything_is_analysed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fixed_detector(tmp_path / "model.onnx", {"out": FOUND})
    (tmp_path / "model.yaml").write_text("layuot: yolo")
    clip = media.clip(tmp_path / "clip.mp4", frames=5)
    detector = f'OnnxDetector={{"model": "{path}"}}'
    assert analyze_command.run([str(clip), "--output", str(tmp_path / "out"), "--detector", detector]) == 2
    shown = capsys.readouterr()
    assert "layuot: unknown key (did you mean layout?)" in shown.err
    assert shown.out == ""
    assert list((tmp_path / "out").glob("*.json")) == []


def test_analyze_runs_it(model: Path, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "clip.mp4", frames=5)
    detector = f'OnnxDetector={{"model": "{model}", "classes": ["dog"]}}'
    assert analyze_command.run([str(clip), "--output", str(tmp_path / "out"), "--detector", detector]) == 0
    (result,) = (tmp_path / "out").glob("*.json")
    assert '"label":"dog"' in result.read_text()
