"""Small helpers that several modules share."""

from __future__ import annotations

import base64
import hashlib
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


def fill_page(template: str, parts: Mapping[str, str]) -> str:
    """A page whose policy lets work the one style and the one script that belong to it, and no others.

    Args:
        template: has `{{css}}` and `{{js}}` between tags, `{{css_source}}` and `{{js_source}}` in its policy.
        parts: for the placeholders; "css", and "js" if there is a script.
    """
    sources = {f"{name}_source": _policy_source(parts[name]) for name in ("css", "js") if name in parts}
    values = {**parts, **sources}
    # In one pass: what is put in is not searched again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def _policy_source(text: str) -> str:
    """An inline style or script as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def script_data(data: Any) -> str:
    """JSON that can stand in a script of a page, where only "<" could end what must not end there."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears under its name when it is complete."""
    part = path.with_name(path.name + ".part")
    # A file's name can hold bytes that are no text.
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    part.replace(path)
