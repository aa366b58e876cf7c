"""Texts of anybody's, such as the names of files, for a terminal, a log, or the name of another file."""

from __future__ import annotations

import re
from typing import Any, TextIO

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
LONGEST_NAME_BYTES = 150
"""Of what others choose in the name of a file: disks take 255, and something is put around it."""


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
