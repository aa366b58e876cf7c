"""What the page of a video begins with, up to its policy; and whether a page does.

    python -m human_detector.report.opening PAGE

The page is written by a program that opens a stranger's video. Whatever that makes it write, behind our
policy no other script runs than ours: the worker has this looked at before it stores a page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from human_detector.utils import fill_page, open_regular

SCRIPTS = ("page_data.js", "time_line.js", "page.js")
"""They run as one."""
_FOLDER = Path(__file__).resolve().parent
_POLICY_ENDS = "<title>"


def whole_page(parts: Mapping[str, str], address: str) -> str:
    """A page.

    Args:
        parts: its title and its data.
        address: where its video is.
    """
    return fill_page(_read("template.html"), {**parts, **_own_parts(address)})


def opening() -> str:
    """What a page of the worker's begins with, whose video is in it or beside it."""
    return fill_page(_read("template.html").partition(_POLICY_ENDS)[0], _own_parts(""))


def main(path: str) -> int:
    """Entry point; the exit status says whether a page begins with our policy."""
    expected = opening().encode()
    with open_regular(Path(path)) as file:
        if file.read(len(expected)) == expected:
            return 0
    print("the page does not begin as ours do", file=sys.stderr)
    return 1


def _own_parts(address: str) -> dict[str, str]:
    return {
        "media_sources": " ".join(_media_sources(address)),
        "css": _read("page.css"),
        "js": "\n".join(map(_read, SCRIPTS)),
    }


def _media_sources(address: str) -> list[str]:
    """Where the page may play a video from: itself, beside it, its user's choice, or the given server."""
    server = re.match(r"https?://[\w.-]+(:\d+)?(?=/)", address, re.ASCII)
    return ["'self'", "file:", "data:", "blob:", *([server[0]] if server else [])]


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
