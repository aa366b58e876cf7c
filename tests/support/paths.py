"""Where things lie in the clone, for tests."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
SRC = ROOT / "src"
MODEL_FOLDER = ROOT / "model"
"""The scripts that get models, and the models themselves."""


def python_path(*folders: Path) -> str:
    """`$PYTHONPATH` of a process that a test starts: modules in these folders, the tests, and what this one was given."""
    inherited = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([*map(str, (*folders, TESTS)), *([inherited] if inherited else [])])
