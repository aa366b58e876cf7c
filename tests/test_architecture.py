"""The house stands: rooms import downwards only, nothing goes in a circle, and the picture shows it as it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import make_architecture
from support.paths import ROOT, SRC

LINT = "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"
MOST_ROOMS = 14


def check_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject.toml, held against the package in a folder."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_rooms_import_downwards_only() -> None:
    done = check_imports(SRC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "imported", "arrow"),
    [
        (
            "inference/engine.py",
            "aws.storage",
            "human_detector.inference.engine -> human_detector.aws.storage",
        ),
        (
            "results/reader.py",
            "worker.record",
            "human_detector.results.reader -> human_detector.worker.record",
        ),
        (
            "worker/claim.py",
            "commands.submit",
            "human_detector.worker.claim -> human_detector.commands.submit",
        ),
        ("video/source.py", "detectors.detector", "human_detector.video.source -> human_detector.detectors"),
        ("errors.py", "values", "human_detector.errors -> human_detector.values"),
        ("video/file.py", "video.source", ".file -> .source"),
        ("worker/job.py", "inference.engine", "human_detector.worker.job -> human_detector.inference.engine"),
    ],
)
def test_an_arrow_that_goes_up_or_round_is_named(
    file: str, imported: str, arrow: str, tmp_path: Path
) -> None:
    shutil.copytree(
        SRC / "human_detector", tmp_path / "human_detector", ignore=shutil.ignore_patterns("__pycache__")
    )
    planted = tmp_path / "human_detector" / file
    planted.write_text(planted.read_text() + f"\nimport human_detector.{imported}\n")
    done = check_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert arrow in done.stdout


def test_the_worker_loads_no_inference_library_and_no_decoder() -> None:
    script = "import json, sys, human_detector.aws_interface; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "boto3" in loaded
    assert not loaded & {"tensorflow", "openvino", "cv2", "av", "rich"}


def test_the_picture_is_that_of_the_code() -> None:
    page = make_architecture.PAGE.read_text(encoding="utf-8")
    assert make_architecture.with_picture(page) == page, "run docs/make_architecture.py"


def test_the_picture_is_small_and_every_room_has_its_line() -> None:
    arrows = make_architecture.arrows()
    rooms = set(arrows) | {make_architecture.GROUND}
    assert len(rooms) <= MOST_ROOMS
    page = make_architecture.PAGE.read_text(encoding="utf-8")
    assert {room for room in rooms if f"| `{room}` |" not in page} == set()


def test_the_functions_on_the_way_of_a_message_are_where_the_page_says() -> None:
    page = make_architecture.PAGE.read_text(encoding="utf-8")
    links = re.findall(r"\[((?:`[\w.]+`(?: and )?)+)\]\(\.\./(src/[\w/]+\.py)\)", page)
    named = {(name, file) for names, file in links for name in re.findall(r"[\w.]+", names) if name != "and"}
    assert len(named) > 15
    for name, file in named:
        *owner, function = name.split(".")
        text = (ROOT / file).read_text(encoding="utf-8")
        for wanted in (*owner, function):
            assert re.search(rf"^ *(?:def|class) {wanted}\b", text, re.MULTILINE), f"{file} has no {name}"
