"""Quantised models: which one is taken, what is said where none fits, and that they compute what they should."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest

from human_detector.detectors.factory import create_detector
from human_detector.errors import ConfigurationError
from human_detector.inference import openvino_precision
from human_detector.inference.engine import Engine, ModelSettings
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
from human_detector.inference.openvino_device import able_precisions, version
from human_detector.inference.quantise import read_network_of, sensitive_layers
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import BIKES, sample_clip
from support.media import clip
from support.onnx_models import small_centerface
from support.pictures import picture
from support.quantised import copy_of_model, store_quantised

HUMANS = "ssdlite_pedestrian"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A model whose score is the brightness of red places."""
    return small_centerface(tmp_path / "model.onnx")


@pytest.fixture
def humans(models: Path, tmp_path: Path) -> Path:
    return copy_of_model(find_model(HUMANS), tmp_path / HUMANS)


def load(graph: Path, precision: str, engine: str = "openvino") -> Engine:
    return load_engine(engine, ModelSettings("small", graph, 1, precision))


def score(engine: Engine, red: int = 255) -> float:
    image = np.zeros((64, 96, 3), np.uint8)
    image[32:36, 48:52, 0] = red
    (found,) = engine.start([image], 0.1)()
    (only,) = found.scores
    return float(only)


def test_int8_is_what_lies_beside_the_model(small: Path) -> None:
    store_quantised(small, highest=204)  # of 255: brighter places count as 0.8
    int8, fp32 = load(small, "int8"), load(small, "fp32")
    assert (score(int8), score(fp32)) == pytest.approx((0.8, 1.0), abs=1e-3)
    assert (int8.info.precision, fp32.info.precision) == ("int8", "fp32")


def test_a_network_that_was_cut_out_of_a_graph_finds_in_256_steps_what_it_finds(humans: Path) -> None:
    store_quantised(humans)
    image = picture(sample_clip(BIKES), 110)
    found = []
    for precision in ("fp32", "int8"):
        engine = load(humans, precision)
        assert engine.input_size is not None
        (candidates,) = engine.start([FrameScaler(*engine.input_size).scale(image)], 0.4)()
        found.append(candidates)
    exact, steps = found
    assert len(exact.scores) > 0
    assert steps.scores == pytest.approx(exact.scores, abs=0.1)
    assert steps.boxes == pytest.approx(exact.boxes, abs=0.03)
    assert (steps.scores != exact.scores).any()


def test_without_a_quantised_model_the_command_is_named(small: Path) -> None:
    sentence = (
        "precision: found 'int8', but the model 'small' is not quantised here; "
        "run: human-detector models quantize small"
    )
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        load(small, "int8")


def test_of_several_the_one_that_fits_is_taken_and_of_two_the_newer(small: Path) -> None:
    store_quantised(small, highest=51, openvino="2025.1.0")
    store_quantised(small, highest=102, made="2026-01-02T00:00:00Z")
    store_quantised(small, highest=153, made="2026-01-03T00:00:00Z")
    store_quantised(small, highest=204, made="2026-01-01T00:00:00Z")
    assert score(load(small, "int8")) == pytest.approx(0.6, abs=1e-3)


def test_one_of_another_file_of_another_openvino_or_damaged_is_named_and_not_taken(small: Path) -> None:
    other_openvino = store_quantised(small, openvino="2025.1.0")
    other_file = store_quantised(small)
    small.write_bytes(small.read_bytes() + b"\x72\x00")  # an empty field of the ONNX format: the same model
    damaged = other_file.with_name("damaged.json")
    damaged.write_text('{"model": ')
    with pytest.raises(ConfigurationError) as raised:
        load(small, "int8")
    (sentence,) = raised.value.problems
    assert f"{other_file} is of another file of the model" in sentence
    assert f"{other_openvino} is of another file of the model" in sentence
    assert f"{damaged} is damaged" in sentence
    assert sentence.endswith("; run: human-detector models quantize small")


def test_another_openvino_is_named(small: Path) -> None:
    stored = store_quantised(small, openvino="2025.1.0")
    with pytest.raises(
        ConfigurationError, match=re.escape(f"{stored} is of OpenVINO 2025.1.0, and {version()}")
    ):
        load(small, "int8")


def test_one_that_is_cut_off_is_refused(small: Path) -> None:
    network = store_quantised(small).with_suffix(".xml")
    network.write_bytes(network.read_bytes()[:1000])
    with pytest.raises(
        ConfigurationError, match=r"the quantised model 'small' is damaged: .* quantize small"
    ):
        load(small, "int8")


def test_the_same_of_the_same_lies_in_the_same_place(small: Path) -> None:
    first = store_quantised(small)
    assert store_quantised(small) == first
    assert store_quantised(small, openvino="2025.1.0") != first
    assert store_quantised(small, made="2026-01-02T00:00:00Z") != first
    assert sorted(file.suffix for file in first.parent.iterdir()) == sorted([".bin", ".json", ".xml"] * 3)


@pytest.mark.parametrize(
    ("able", "is_quantised", "expected"),
    [
        (["fp32", "bf16", "int8"], True, "int8"),
        (["fp32", "int8"], True, "int8"),
        (["fp32", "bf16", "int8"], False, "bf16"),
        (["fp32", "int8"], False, "fp32"),
        (["fp32"], True, "fp32"),
    ],
)
def test_auto_takes_the_fastest_that_there_is_and_says_which(
    able: list[str],
    is_quantised: bool,
    expected: str,
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(openvino_precision, "able_precisions", lambda: able)
    if is_quantised:
        store_quantised(small)
    with caplog.at_level(logging.INFO):
        chosen = openvino_precision.choose_precision(ModelSettings("small", small, 1, "auto"))
    assert chosen.precision == expected
    assert (chosen.network is not None) == (expected == "int8")
    assert f"the model small computes in {expected}" in caplog.text


def test_auto_names_a_quantised_model_that_does_not_fit(
    small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = store_quantised(small, openvino="2025.1.0")
    with caplog.at_level(logging.WARNING):
        engine = load(small, "auto")
    assert engine.info.precision == ("bf16" if "bf16" in able_precisions() else "fp32")
    assert f"{stored} is of OpenVINO 2025.1.0" in caplog.text


def test_onnx_runtime_has_no_8_bits_and_computes_auto_in_32(small: Path) -> None:
    store_quantised(small)
    with pytest.raises(ConfigurationError, match="found 'int8', valid for ONNX Runtime are fp32, auto"):
        load(small, "int8", "onnxruntime")
    assert load(small, "auto", "onnxruntime").info.precision == "fp32"


def test_the_result_says_in_what_was_computed_and_the_arguments_what_was_asked(
    small: Path, tmp_path: Path
) -> None:
    store_quantised(small)
    asked = {"model": str(small), "engine": "openvino", "class_id": 1}
    detectors = [
        ["FaceDetector", {**asked, "name": "Fast", "precision": "auto"}],
        ["FaceDetector", {**asked, "name": "Exact"}],
    ]
    analyzer = VideoAnalyzer(detectors, frame_ratio=0.5)
    before = analyzer.arguments
    document = analyzer.analyze(clip(tmp_path / "clip.mp4", frames=4)).to_dict()
    assert document["engine"]["precision"] == {"Fast": "int8"}
    # What two results are compared by does not change once the models are loaded.
    assert document["human_detection"] == before == analyzer.arguments
    assert [arguments["precision"] for _, arguments in before["detectors"]] == ["auto", "fp32"]


def test_a_result_in_full_precision_does_not_speak_of_it(small: Path, tmp_path: Path) -> None:
    analyzer = VideoAnalyzer([["FaceDetector", {"model": str(small), "engine": "openvino"}]])
    assert set(analyzer.analyze(clip(tmp_path / "clip.mp4", frames=4)).to_dict()["engine"]) == {
        "name",
        "version",
        "device",
    }


def test_tensorflow_is_not_asked_for_8_bits(humans: Path) -> None:
    store_quantised(humans)
    detector = create_detector(
        "HumanDetector", {"model": str(humans), "engine": "tensorflow", "precision": "int8"}
    )
    with pytest.raises(ConfigurationError, match=r"found 'int8', valid for TensorFlow on this .* are fp32"):
        detector.load()


def test_the_first_and_the_last_convolutions_stay_exact(models: Path) -> None:
    graph = models / HUMANS / "frozen_inference_graph.pb"
    network = read_network_of(HUMANS, graph).model
    exact = sensitive_layers(network)
    convolutions = [node for node in network.get_ordered_ops() if "Convolution" in node.get_type_name()]
    kept = [node.get_friendly_name() in exact for node in convolutions]
    # Six sizes of boxes with two heads each, one for places and one for scores.
    assert sum(kept) == 3 + 2 * 6
    assert kept[:4] == [True, True, True, False]
    heads = [node for node, is_kept in zip(convolutions, kept, strict=True) if is_kept][3:]
    assert {node.output(0).get_shape()[1] for node in heads} == {6, 12, 24}
    assert {each.get_node().get_friendly_name() for each in network.inputs} <= exact
