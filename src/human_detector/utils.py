"""Small helpers that several modules share."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

MOST_YAML_LEVELS = 50


def usable_cores() -> int:
    """How many processor cores this process may use, which in a container can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parse_json(text: str | bytes) -> Any:
    """What JSON of anybody's says.

    Raises:
        ValueError: it is none, or has more levels than can be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it has too many levels") from error


def parse_yaml(text: str) -> Any:
    """What YAML of anybody's says. An alias would let a few lines stand for gigabytes, so there is none.

    Raises:
        ValueError: it is none, has very many levels, or an alias.
    """
    import yaml  # Few need it.

    levels = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            levels += isinstance(event, yaml.CollectionStartEvent) - isinstance(
                event, yaml.CollectionEndEvent
            )
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"found an alias in line {event.start_mark.line + 1}")
            if levels > MOST_YAML_LEVELS:
                raise ValueError(f"it has more than {MOST_YAML_LEVELS} levels")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


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


def open_regular(path: Path) -> BinaryIO:
    """Open a file that a less trusted process has written, to read it.

    Raises:
        OSError: it cannot be read, or is something else: a link would lead to what that process cannot read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no file, but something else")
    return os.fdopen(descriptor, "rb")


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears under its name when it is complete."""
    part = path.with_name(path.name + ".part")
    # A file's name can hold bytes that are no text.
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    part.replace(path)
