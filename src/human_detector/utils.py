"""Small helpers that several modules share."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def usable_cores() -> int:
    """How many processor cores this process may use, which in a container can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def filled(template: str, parts: Mapping[str, str]) -> str:
    """A template with its `{{placeholders}}` replaced, in one pass: what is put in is not searched again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def script_data(data: Any) -> str:
    """JSON that can stand in a script of a page, where only "<" could end what must not end there."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears under its name when it is complete."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
