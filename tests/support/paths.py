"""Where things lie in the clone, for tests."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
SRC = ROOT / "src"
MODEL_FOLDER = ROOT / "model"
"""The scripts that get models, and the models themselves."""
