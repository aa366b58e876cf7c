"""Python environments for programs that cannot live with the packages of the tests; each is made once."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path


def own_environment(folder: Path, requirements: Path, *options: str) -> Path:
    """An environment with the packages of a requirement file, made anew when the file has changed.

    Args:
        folder: of the environment.
        requirements: the file.
        options: for pip.

    Returns:
        The folder of its programs.
    """
    stamp = folder.with_suffix(".installed")
    wanted = requirements.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        venv.create(folder, clear=True, with_pip=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, *options, "-r", str(requirements)], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"
