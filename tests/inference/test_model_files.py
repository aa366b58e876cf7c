"""Where models are looked for, and what is said of one that is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from human_detector.errors import ConfigurationError
from human_detector.inference.model_files import find_model, model_folder
from support.paths import MODEL_FOLDER, SRC

SHOW = "from human_detector.inference.model_files import model_folder; print(model_folder())"


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    assert model_folder() == tmp_path


def test_a_clone_has_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_DIR", raising=False)
    assert model_folder() == MODEL_FOLDER


@pytest.mark.parametrize("other", [None, "[project]\nname = 'another'\n", "not [ TOML", "[tool]\n"])
def test_an_installed_package_has_the_users_folder(other: str | None, tmp_path: Path) -> None:
    """Whatever lies around the folder that it is installed in."""
    shutil.copytree(SRC / "human_detector", tmp_path / "lib" / "human_detector")
    (tmp_path / "model").mkdir()
    if other is not None:
        (tmp_path / "pyproject.toml").write_text(other)
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env={"PYTHONPATH": str(tmp_path / "lib"), "HOME": "/home/x", "XDG_DATA_HOME": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{tmp_path}/data/human-detector/models\n"


def test_a_missing_model_says_what_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    with pytest.raises(
        ConfigurationError, match=r"; run: human-detector models get faster_rcnn_resnet101_coco$"
    ):
        find_model("faster_rcnn_resnet101_coco")
    with pytest.raises(
        ConfigurationError, match=r"'yolo' is missing: .*; give the path of a model, or get one"
    ):
        find_model("yolo")
