"""Lines for people, places for programs: names in them are anybody's, and are shown as they are spelled."""

from __future__ import annotations

import sys
from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.harmless_text import harmless


def say(text: str) -> None:
    """Print one line on standard output."""
    print(harmless(text), flush=True)


def complain(who: str, what: object) -> None:
    """Print what is wrong on standard error.

    Args:
        who: says so, such as `human-detector report`.
        what: an error or a sentence; a ConfigurationError has a line for each of its problems.
    """
    for sentence in what.problems if isinstance(what, ConfigurationError) else [what]:
        print(harmless(f"{who}: {sentence}"), file=sys.stderr, flush=True)


def print_place(path: Path) -> None:
    """Print where a file is: exactly so for another program, harmless on a terminal."""
    print(harmless(str(path)) if sys.stdout.isatty() else path, flush=True)
