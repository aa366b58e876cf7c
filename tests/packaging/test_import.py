"""Importing the package is cheap."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"av", "boto3", "botocore", "cv2", "numpy", "onnxruntime", "openvino", "rich", "tensorflow"}
SHOW = "import sys, json, {module}; print(json.dumps([name for name in sys.modules if '.' not in name]))"


def modules_after(module: str) -> set[str]:
    """What is loaded once a module has been imported, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(module=module)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["human_detector", "human_detector.__main__"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    loaded = modules_after(module)
    assert "human_detector" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("command", ["analyze", "export", "report"])
def test_what_works_on_the_disk_loads_nothing_of_aws(command: str) -> None:
    assert modules_after(f"human_detector.commands.{command}") & {"boto3", "botocore"} == set()


def test_a_heavy_one_would_be_seen() -> None:
    assert "numpy" in modules_after("human_detector.values")


def test_each_name_of_the_api_comes_when_it_is_asked_for() -> None:
    script = "import human_detector as h; print(*[name for name in h.__all__ if getattr(h, name)])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "Box",
        "Detection",
        "Detector",
        "VideoAnalyzer",
        "__version__",
        "read_result",
    ]
