"""Which engine is taken, what it loads, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from human_detector.errors import ConfigurationError
from human_detector.inference import load_engine as load_engine_module
from human_detector.inference import tensorflow_engine
from human_detector.inference.engine import ENGINES, ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
from support.onnx_models import detector_with_a_rare_operation, small_centerface
from support.paths import ROOT
from support.reference import (
    FACES,
    HUMANS,
)


def test_tensorflow_has_one_precision_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_engine, "_precision_in_use", ["fp32"])
    monkeypatch.setattr(tensorflow_engine, "_precisions", lambda: {"fp32": {}, "bf16": {}})
    with pytest.raises(ConfigurationError, match="found 'bf16' beside 'fp32'"):
        load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 1, "bf16"))


@pytest.mark.parametrize(
    ("able", "expected"), [(["fp32", "bf16"], "bf16"), (["fp32", "fp16"], "fp32"), (["fp32"], "fp32")]
)
def test_tensorflow_computes_auto_in_16_bits_where_the_cpu_has_them(
    able: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorflow_engine, "_precision_in_use", [])
    monkeypatch.setattr(tensorflow_engine, "_precisions", lambda: {name: {} for name in able})
    loaded = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 1, "auto"))
    assert loaded.info.precision == expected


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(lambda graph: graph[:100_000], "is damaged"), (lambda _: b"", "it lacks image_tensor")],
    ids=["cut off", "empty"],
)
def test_a_file_that_is_no_graph_is_refused(
    name: str, content: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "frozen_inference_graph.pb"
    path.write_bytes(content(find_model(HUMANS).read_bytes()))
    with pytest.raises(ConfigurationError, match=reason):
        load_engine(name, ModelSettings("it", path, 1))


@pytest.mark.parametrize(
    ("gpus", "installed", "expected"),
    [
        (["GPU:0 T4"], {"tensorflow", "openvino"}, "tensorflow"),
        ([], {"tensorflow", "openvino"}, "openvino"),
        ([], {"tensorflow"}, "tensorflow"),
        ([], {"openvino"}, "openvino"),
    ],
)
def test_auto_takes_a_gpu_first_and_openvino_next(
    gpus: list[str], installed: set[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_engine_module, "visible_gpus", lambda: gpus)
    monkeypatch.setattr(load_engine_module, "_installed", installed.__contains__)
    loaded = load_engine("auto", ModelSettings(HUMANS, find_model(HUMANS), 1))
    assert loaded.info.name == expected


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("openvino", "'openvino', but it is not installed here: pip install \"human-detector[openvino]\""),
        (
            "tensorflow",
            "'tensorflow', but it is not installed here: pip install \"human-detector[tensorflow]\" or",
        ),
        ("auto", "'auto', but none is installed here: pip install \"human-detector[openvino]\" or"),
    ],
)
def test_an_engine_that_is_not_installed_is_named_with_its_extra(
    engine: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_engine_module, "_installed", lambda _: False)
    with pytest.raises(ConfigurationError, match=re.escape(f"engine: found {sentence}")):
        load_engine(engine, ModelSettings(HUMANS, find_model(HUMANS), 1))


def small_onnx(folder: Path) -> Path:
    return small_centerface(folder / "model.onnx")


@pytest.mark.parametrize(
    ("cuda", "installed", "expected"),
    [
        (True, {"onnxruntime", "openvino"}, "onnxruntime"),
        (False, {"onnxruntime", "openvino"}, "openvino"),
        (True, {"openvino"}, "openvino"),
        (False, {"onnxruntime", "tensorflow"}, "onnxruntime"),
    ],
)
def test_auto_for_an_onnx_model(
    cuda: bool, installed: set[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_engine_module, "_driver_sees_gpu", lambda: cuda)
    monkeypatch.setattr(load_engine_module, "_onnx_runtime_has_cuda", lambda: True)
    monkeypatch.setattr(load_engine_module, "_installed", installed.__contains__)
    loaded = load_engine("auto", ModelSettings("small", small_onnx(tmp_path), 1))
    assert loaded.info.name == expected


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("onnxruntime", "'onnxruntime', but it is not installed here: pip install \"human-detector[onnx]\""),
        (
            "auto",
            "'auto', but none is installed here: pip install \"human-detector[openvino]\" or "
            'pip install "human-detector[onnx]"',
        ),
        ("tensorflow", "'tensorflow', valid for model.onnx are auto, openvino, onnxruntime"),
    ],
)
def test_what_an_onnx_model_needs_is_said(
    engine: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_engine_module, "_installed", {"tensorflow"}.__contains__)
    with pytest.raises(ConfigurationError, match=re.escape(f"engine: found {sentence}")):
        load_engine(engine, ModelSettings("small", small_onnx(tmp_path), 1))


def test_what_openvino_does_not_know_onnx_runtime_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = detector_with_a_rare_operation(tmp_path / "model.onnx")
    settings = ModelSettings("rare", path, 1)
    sentence = "the model 'rare' cannot be r.* OpenVINO .*onnxruntime"
    assert load_engine("auto", settings).info.name == "onnxruntime"
    (record,) = caplog.records
    assert re.match(f"{sentence}.*: ONNX Runtime runs it$", record.getMessage())
    with pytest.raises(ConfigurationError, match=sentence):
        load_engine("openvino", settings)
    monkeypatch.setattr(load_engine_module, "_installed", {"openvino"}.__contains__)
    with pytest.raises(ConfigurationError, match=sentence):
        load_engine("auto", settings)


def test_onnx_runtime_runs_no_graphs() -> None:
    sentence = (
        "engine: found 'onnxruntime', valid for frozen_inference_graph.pb are auto, openvino, tensorflow"
    )
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        load_engine("onnxruntime", ModelSettings(HUMANS, find_model(HUMANS), 1))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda model: model[:-100], "it is cut off, or no ONNX file"),
        (lambda _: b"<html>404", "it is cut off, or no ONNX file"),
        (lambda _: b"", "an ONNX file without inputs and outputs"),
    ],
    ids=["cut off", "a page", "empty"],
)
def test_a_file_that_is_no_onnx_model_is_refused(
    engine: str, content: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    path = small_onnx(tmp_path)
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(ConfigurationError, match=f"'small' is damaged: .*{reason}"):
        load_engine(engine, ModelSettings("small", path, 1))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_onnx_model_in_a_precision_that_the_device_lacks_is_refused(engine: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"precision: found 'fp16', valid for .* fp32, .*auto"):
        load_engine(engine, ModelSettings("small", small_onnx(tmp_path), 1, "fp16"))


def test_the_extras_that_are_named_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {*chain(*load_engine_module.EXTRAS.values())} <= project["optional-dependencies"].keys()
    assert {"auto", *load_engine_module.EXTRAS} == set(ENGINES)


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_a_precision_that_the_device_lacks_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"precision: found 'fp16', valid for .* are fp32"):
        load_engine(name, ModelSettings(HUMANS, find_model(HUMANS), 1, "fp16"))


LOAD = """
import sys
from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
import numpy as np
for name in {names!r}:
    for model in {models!r}:
        engine = load_engine(name, ModelSettings(model, find_model(model), 2))
        images = [np.zeros((*engine.input_size, 3), np.float32)] * 2
        started = [engine.start(images, 0.5) for _ in range(3)]
        assert [len(finish()) for finish in started] == [2, 2, 2]
    print("loaded:", *sorted({{"tensorflow", "openvino"}} & set(sys.modules)))
"""


@pytest.mark.parametrize("names", [["tensorflow", "openvino"], ["openvino", "tensorflow"]], ids=str)
def test_only_what_is_needed_is_loaded_and_both_get_along(names: list[str]) -> None:
    script = LOAD.format(names=names, models=[HUMANS, FACES])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("loaded: ")]
    assert said == [names[:1], sorted(names)]
