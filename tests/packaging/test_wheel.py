"""What is built installs, has all that it needs in it, and analyses a video far from the sources."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from human_detector import __version__
from sample_clip import sample_clip
from support.paths import MODEL_FOLDER, ROOT, SRC

DATA_FOLDER = "data/human-detector"

# Runs a command and tells which files of the clone it has opened.
WATCHED = """
import json, os, sys
opened = set()
sys.addaudithook(lambda event, values: opened.add(values[0]) if event == "open" else None)
from human_detector.__main__ import main
status = main(sys.argv[2:])
paths = {os.path.abspath(os.fsdecode(path)) for path in opened if isinstance(path, str | bytes)}
of_the_clone = sorted(path for path in paths if path.startswith(sys.argv[1] + "/src/"))
print("opened:", json.dumps([status, of_the_clone]))
"""


def build(source: Path, target: str, folder: Path) -> Path:
    """Build a `wheel` or an `sdist` of a source tree."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@dataclass
class Installation:
    """An environment with the wheel installed, and an empty folder to work in."""

    bin: Path
    workplace: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment as a user would, who has a home and nothing else of ours."""
        environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.workplace.parent),
            "XDG_DATA_HOME": str(self.workplace.parent / "data"),
            "CUDA_VISIBLE_DEVICES": "",
        }
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.workplace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in an environment of its own; the other packages are those of this one, by reference.

    Their folder is on the path, but not what its .pth files name: an editable installation is not seen.
    """
    folder = tmp_path_factory.mktemp("installation")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    packages = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "packages.pth").write_text("\n".join(packages) + "\n")
    workplace = folder / "workplace"
    workplace.mkdir()
    models = folder / DATA_FOLDER / "models"
    models.parent.mkdir(parents=True)
    models.symlink_to(MODEL_FOLDER)
    return Installation(python.parent, workplace)


def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    files = {
        str(path.relative_to(SRC))
        for path in (SRC / "human_detector").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    data = {"py.typed", "report/page.js", "embedded_configuration.json", "variables.schema.json"}
    assert {f"human_detector/{name}" for name in data} <= files
    information = f"human_detector-{__version__}.dist-info"
    others = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert set(contents(wheel)) == files | {f"{information}/{name}" for name in others}


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    metadata = message_from_bytes(contents(wheel)[f"human_detector-{__version__}.dist-info/METADATA"])
    assert (metadata["Name"], metadata["Version"]) == ("human-detector", __version__)
    assert metadata["License-Expression"] == "MIT"
    extras = ["demo", "evaluate", "gpu", "onnx", "openvino", "parquet", "quantize", "tensorflow"]
    assert metadata.get_all("Provides-Extra") == extras
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    plain = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert plain
    assert not any(
        name in " ".join(plain) for name in ("tensorflow", "openvino", "onnxruntime", "pyarrow", "moto")
    )


def test_the_sdist_makes_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    rebuilt = build(tmp_path / f"human_detector-{__version__}", "wheel", tmp_path / "wheel")
    assert contents(rebuilt) == contents(wheel)


def test_the_commands_are_there(installed: Installation) -> None:
    done = installed.run("human-detector", "--version")
    assert (done.returncode, done.stdout) == (0, f"human-detector {__version__}\n"), done.stderr
    done = installed.run("human-detector", "models", "list")
    folder = installed.workplace.parent / DATA_FOLDER / "models"
    assert done.stdout.splitlines()[-1].startswith(f"Models lie in {folder};")
    place = "import human_detector; print(human_detector.__file__)"
    assert Path(installed.run("python", "-c", place).stdout).is_relative_to(installed.bin.parent)


def test_a_clip_is_analysed_far_from_the_sources(installed: Installation) -> None:
    shutil.copy(sample_clip(), installed.workplace / "clip.mp4")
    done = installed.run(
        "python", "-c", WATCHED, str(ROOT), "analyze", "clip.mp4", "--report", "--export=csv"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.split("opened: ")[1]) == [0, []]
    result = json.loads((installed.workplace / "clip.json").read_text())
    assert result["producer"] == {"name": "human-detector", "version": __version__}
    counts = {name: found["detections"] for name, found in result["summary"]["detectors"].items()}
    assert counts == {"HumanDetector": 24, "FaceDetector": 24}
    assert {path.name for path in installed.workplace.iterdir()} == {
        "clip.mp4",
        "clip.json",
        "clip.csv",
        "clip.report.html",
    }


def test_the_watch_would_see_the_sources() -> None:
    command = [sys.executable, "-c", WATCHED, str(ROOT), "models", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, of_the_clone = json.loads(done.stdout.split("opened: ")[1])
    assert status == 0
    assert any("model_files." in path for path in of_the_clone)


def test_a_worker_without_a_configuration_says_what_it_needs(installed: Installation) -> None:
    done = installed.run("human-detector", "worker")
    assert done.returncode == 2
    assert "variables.json cannot be read: No such file or directory; set $VARIABLES_JSON to" in done.stderr
