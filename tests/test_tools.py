"""The tools of the repository say which packages they lack, and start where these are."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support.paths import ROOT
from support.requirements import packages_of

TOOLS = [
    *sorted(path for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text()),
    *sorted((ROOT / "docs").glob("*.py")),
    *(ROOT / "tests" / name for name in ("bombs.py", "campaign.py", "fuzz.py")),
    ROOT / "tests" / "planted_faults.py",
]


@pytest.fixture(scope="module")
def empty_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter without any package."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_missing_requirement_file_is_named(tool: Path, empty_python: Path) -> None:
    done = subprocess.run([empty_python, tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"{tool.name} needs the packages of requirements-dev.txt; missing: ")
    assert "openvino" in sentence


@pytest.mark.parametrize(
    "tool", [tool for tool in TOOLS if tool.parent.name != "docs"], ids=lambda tool: tool.name
)
def test_a_tool_starts_from_the_root(tool: Path) -> None:
    done = subprocess.run(
        [sys.executable, tool, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage: " in done.stdout


def test_a_requirement_file_brings_those_that_it_includes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# words\n-r b.txt\nmoto[server]==5.2.5\n")
    (tmp_path / "b.txt").write_text('numpy==2.4.6\ntensorflow-cpu==2.21.0; sys_platform == "linux"\n')
    assert list(packages_of(tmp_path / "a.txt")) == ["numpy", "moto"]
