"""Tells whoever starts a tool of the repository which requirement file is not installed, in a sentence.

Imports the standard library alone: it is asked before anything else is imported.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def need_packages_of(file: str) -> None:
    """End the program with a sentence unless all packages of a requirement file are installed.

    Args:
        file: its name in the repository's root.
    """
    missing = sorted(name for name in packages_of(ROOT / file) if not _is_installed(name))
    if missing:
        program = Path(sys.argv[0]).name
        print(
            f"{program} needs the packages of {file}; missing: {', '.join(missing)}. "
            f"Get them: .venv/bin/python -m pip install -r {file}",
            file=sys.stderr,
        )
        sys.exit(2)


def packages_of(file: Path) -> Iterator[str]:
    """The names of the packages that a requirement file asks for on every machine, with those of its files."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if included := re.fullmatch(r"-r (\S+)", line):
            yield from packages_of(file.parent / included[1])
        elif name := re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==[\w.]+", line):
            yield name[1]


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
