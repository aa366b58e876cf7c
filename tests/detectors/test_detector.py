"""Boxes, detections, and the factory that builds detectors by name."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from human_detector.detectors.face_detector import FaceDetector
from human_detector.detectors.factory import create_detector
from human_detector.detectors.human_detector import HumanDetector
from human_detector.errors import ConfigurationError
from human_detector.inference import load_engine as load_engine_module
from human_detector.values import Box, Detection
from human_detector.video_analyzer import VideoAnalyzer


def test_registered_names() -> None:
    human = create_detector("HumanDetector", {"max_batch_size": 7})
    assert isinstance(human, HumanDetector)
    assert human.arguments["max_batch_size"] == 7
    assert human.arguments["min_detection_score"] == 0.4
    assert human.name == "HumanDetector"
    assert isinstance(create_detector("FaceDetector", {"name": "faces"}), FaceDetector)
    assert create_detector("FaceDetector", {"name": "faces"}).name == "faces"


def test_a_class_outside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "their_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "cats.py").write_text(
        "from human_detector import Detector\n"
        "class CatDetector(Detector):\n"
        "    def detect(self, images):\n"
        "        return [[] for _ in images]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    detector = create_detector("their_package.cats:CatDetector", {"max_batch_size": 3})
    assert type(detector).__name__ == "CatDetector"
    assert detector.max_batch_size == 3
    del sys.modules["their_package.cats"], sys.modules["their_package"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CatDetector", "valid are HumanDetector, FaceDetector, OnnxDetector, or package.module:ClassName"),
        ("no.such.module:Cat", "cannot be imported: ModuleNotFoundError"),
        ("support.fake_detectors:Nothing", "cannot be imported: AttributeError"),
        ("support.fake_detectors:NotADetector", "not a subclass of human_detector.Detector"),
        (":", "cannot be imported"),
    ],
)
def test_names_that_lead_nowhere(name: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_detector(name)
    assert said in str(caught.value)


def test_unknown_arguments_are_named_beside_the_valid_ones() -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_detector("HumanDetector", {"max_bach_size": 5, "min_detection_score": "high"})
    text = str(caught.value)
    assert "max_bach_size: unknown key (did you mean max_batch_size?)" in text
    for valid in ("max_batch_size", "min_detection_score", "model", "name"):
        assert valid in text
    assert 'min_detection_score: found "high"' in text


def test_arguments_of_a_foreign_class() -> None:
    assert create_detector("support.fake_detectors:NeedyDetector", {"colour": "blue", "max_batch_size": 2})
    with pytest.raises(ConfigurationError, match="colour: found 'green', valid are red and blue"):
        create_detector("support.fake_detectors:NeedyDetector", {"colour": "green"})
    with pytest.raises(ConfigurationError, match="size: unknown key"):
        create_detector("support.fake_detectors:NeedyDetector", {"size": 1})


def test_checks_of_a_foreign_class() -> None:
    with pytest.raises(ConfigurationError) as caught:
        VideoAnalyzer(
            detectors=[
                ["support.fake_detectors:CheckedDetector", {"corners": 0, "shade": "green", "name": ""}]
            ]
        )
    assert sorted(caught.value.problems) == [
        "detectors[0] (support.fake_detectors:CheckedDetector): corners: found 0, valid is a whole number from 1 to 9",
        'detectors[0] (support.fake_detectors:CheckedDetector): name: found "", valid is a text that is not empty',
        'detectors[0] (support.fake_detectors:CheckedDetector): shade: found "green", valid is a shade of grey',
    ]


@pytest.mark.parametrize("sides", [(0.2, 0, 0.1, 1), (-0.1, 0, 1, 1), (0, 0, 640, 480), (0, math.nan, 1, 1)])
def test_boxes_are_fractions(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="fractions of the image"):
        Box(*sides)


def test_clipped_boxes() -> None:
    assert Box.clipped(-0.5, 0.25, 1.5, 0.75) == Box(0, 0.25, 1, 0.75)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan])
def test_scores_are_shares(score: float) -> None:
    with pytest.raises(ValueError, match="a number from 0 to 1"):
        Detection("x", score, Box(0, 0, 1, 1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"detectors": []}, "detectors: found [], valid is a list of at least one"),
        ({"detectors": [["FaceDetector"]], "frame_ratio": 1.5}, "frame_ratio: found 1.5"),
        ({"detectors": [["FaceDetector"]], "frame_ratio": True}, "frame_ratio: found true"),
        ({"detectors": [["FaceDetector", {"x": 1}], 3]}, "detectors[1]: found 3"),
    ],
)
def test_video_analyzer_refuses_bad_arguments(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        VideoAnalyzer(**arguments)
    assert said in str(caught.value)


@pytest.mark.usefixtures("models")
def test_what_two_detectors_lack_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_engine_module, "_installed", lambda _: False)
    small = {"engine": "openvino", "model": "ssdlite_pedestrian"}
    analyzer = VideoAnalyzer(detectors=[["HumanDetector", small], ["FaceDetector", {"engine": "openvino"}]])
    with pytest.raises(ConfigurationError) as raised:
        analyzer.load()
    (sentence,) = raised.value.problems
    assert "'openvino', but it is not installed here" in sentence
