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
from typing import Any, BinaryIO, TextIO

_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What a terminal obeys in place of showing it: control characters, marks that turn the direction of writing,
what takes no room, and halves of characters. Not what joins letters, which some languages need."""
_SECRETS = re.compile(
    r"(?P<before>://)[^/\s:@\"']*:[^/\s@\"']+(?P<after>@)"
    r"|(?P<name>(?:[?&]|%3F|%26)(?:X-Amz-(?:Signature|Security-Token|Credential)|AWSAccessKeyId|Signature|sig|"
    r"(?:access_?)?token|api_?key|password|secret)(?:=|%3D))(?:(?!%26)[^&\s\"'<>])+",
    re.IGNORECASE,
)
"""In addresses: a name and a password before the server, and what opens a door for whoever has it."""
MOST_YAML_LEVELS = 50
LONGEST_NAME_BYTES = 150
"""Of what others choose in the name of a file: disks take 255, and something is put around it."""


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


def harmless(text: str, keep: str = "") -> str:
    """A text of anybody's for a log or a terminal, in one line: it is seen, does nothing, and opens no door.

    Args:
        text: such as the name of a file, or what a decoder says of it.
        keep: characters that may do what they do.
    """
    text = without_secrets(text)
    return _OBEYED.sub(lambda found: found[0] if found[0] in keep else _spelled_out(found[0]), text)


def without_secrets(text: str) -> str:
    """A text whose addresses have neither passwords nor signatures: errors of libraries quote them."""
    return _SECRETS.sub(lambda found: f"{found['name'] or found['before']}***{found['after'] or ''}", text)


def file_name(text: str) -> str:
    """Anybody's text as a part of a file's name: no folder, nothing that a terminal obeys, not too long."""
    plain = _OBEYED.sub("_", text).replace("/", "_")
    return plain.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore")


def _spelled_out(character: str) -> str:
    return character.encode("unicode_escape").decode()


class HarmlessStream:
    """A terminal that is shown lines, and obeys none of them.

    Args:
        stream: the terminal.

    Attributes:
        beneath: the same.
    """

    def __init__(self, stream: TextIO) -> None:
        self.beneath = stream

    def write(self, text: str) -> int:
        """Write a text; what ends a line does."""
        self.beneath.write(harmless(text, keep="\n\t"))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


def beneath(stream: TextIO) -> TextIO:
    """The terminal itself, for what moves its cursor and makes its texts harmless on its own."""
    return stream.beneath if isinstance(stream, HarmlessStream) else stream
