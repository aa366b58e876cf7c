"""Writes variables.schema.json, with which an editor completes, explains and checks variables.json.

.venv/bin/python docs/make_schema.py

What is valid comes from the checks in the code, what a key means from the tables of the pages beside this
file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.requirements import need_packages_of  # noqa: E402

need_packages_of("requirements-dev.txt")

from human_detector.configuration import DOCUMENT  # noqa: E402

SCHEMA_FILE = ROOT / "src" / "human_detector" / "variables.schema.json"
PAGES = ("configuration.md", "deployment.md")

_ROW = re.compile(r"^\| (`[^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def main() -> None:
    """Write the file."""
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")


def schema_text() -> str:
    """The content that the file should have."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of the human detector",
        **DOCUMENT.schema(),
    }
    _describe(schema, "", meanings())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def meanings() -> dict[str, str]:
    """What each key means, by its path in the file; an argument of a detector by its name."""
    found = {}
    for page in PAGES:
        for keys, default, meaning in _ROW.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
            kind = default if default in ("required", "optional") else f"default: {_plain(default)}"
            text = f"{_plain(meaning)} ({kind})"
            found.update(dict.fromkeys(re.findall(r"`([\w.$]+)`", keys), text))
    return found


def _describe(schema: Any, path: str, meaning_of: Mapping[str, str]) -> None:
    """Give each key of a schema its meaning; a key without one is a KeyError."""
    match schema:
        case {"type": "object", "properties": properties}:
            for name, described in properties.items():
                place = f"{path}.{name}" if path else name
                is_argument = path.startswith("human_detection")
                properties[name] = {"description": meaning_of[name if is_argument else place], **described}
                _describe(properties[name], place, meaning_of)
        case dict():
            _describe(list(schema.values()), path, meaning_of)
        case list():
            for item in schema:
                _describe(item, path, meaning_of)


def _plain(text: str) -> str:
    """A cell of a table without Markdown."""
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("`", "")


if __name__ == "__main__":
    main()
