"""Draws the rooms of the package and their imports into docs/architecture.md.

.venv/bin/python docs/make_architecture.py
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.requirements import need_packages_of  # noqa: E402

need_packages_of("requirements-dev.txt")

import grimp  # noqa: E402

PACKAGE = "human_detector"
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)

GROUND = "ground floor"
GROUND_FILES = {"errors", "harmless_text", "logs", "utils", "validation", "values", "version"}
FRONT_DOORS = {"aws_interface": "worker", "__main__": "commands", "video_analyzer": "analysis"}
"""Files that stand before their room, because people and DESIGN look for them there."""


def room_of(module: str) -> str:
    """The room that a module belongs to."""
    name = module.split(".")[1]
    if name in GROUND_FILES:
        return GROUND
    return FRONT_DOORS.get(name, name)


def arrows() -> Mapping[str, set[str]]:
    """Every room above the ground floor, and the rooms above it that it imports from."""
    graph = grimp.build_graph(PACKAGE)
    found: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules - {PACKAGE}:
        room = room_of(module)
        if room != GROUND:
            imported = graph.find_modules_directly_imported_by(module) - {PACKAGE}
            found[room] |= {room_of(other) for other in imported} - {room, GROUND}
    return found


def without_shortcuts(found: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    """The arrows without those that a longer way implies, so that the picture can be read."""

    def reachable(room: str) -> set[str]:
        return set(found[room]).union(*(reachable(other) for other in found[room]))

    return {
        room: {other for other in others if not any(other in reachable(way) for way in others - {other})}
        for room, others in found.items()
    }


def picture() -> str:
    """The rooms as a Mermaid flowchart, which GitHub draws; at the bottom the ground floor."""
    shown = without_shortcuts(arrows())
    lines = ["flowchart TD"]
    lines += [f"    {room}" for room in sorted(shown)]
    lines += [f"    {room} --> {other}" for room in sorted(shown) for other in sorted(shown[room])]
    lowest = sorted(room for room, others in shown.items() if not others)
    lines += [f'    ground["{GROUND}: {", ".join(sorted(GROUND_FILES))}"]']
    lines += [f"    {room} --> ground" for room in lowest]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def with_picture(page: str) -> str:
    """The page with the picture of today's code."""
    return PICTURE.sub(lambda _: picture(), page, count=1)


if __name__ == "__main__":
    PAGE.write_text(with_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
