"""The commands as their users start them: processes, with or without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.paths import python_path

INSTANT = "--detector=support.fake_detectors:InstantDetector"
"""An option of `analyze`: a detector that needs no model."""


def command_line(*arguments: str | Path) -> list[str]:
    """`human-detector` with these arguments."""
    return [sys.executable, "-m", "human_detector", *map(str, arguments)]


def environment(*folders: Path) -> dict[str, str]:
    """What the process needs to find the tests' detectors, after modules in these folders."""
    return {**os.environ, "PYTHONPATH": python_path(*folders)}


def run(
    *arguments: str | Path, cwd: Path | None = None, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a terminal.

    Args:
        arguments: of the command.
        cwd: where.
        path: a folder with modules that come before all others.
    """
    return subprocess.run(
        command_line(*arguments),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment(*([path] if path else [])),
        cwd=cwd,
    )


def hide_package(folder: Path, name: str) -> Path:
    """A folder of modules, for `run`, with which a package cannot be imported."""
    modules = folder / f"without_{name}"
    modules.mkdir()
    (modules / f"{name}.py").write_text(f'raise ModuleNotFoundError("No module named {name}")\n')
    return modules
