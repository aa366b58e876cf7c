"""The one console command: `human-detector COMMAND`, the same as `python -m human_detector COMMAND`."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from human_detector.harmless_text import HarmlessStream
from human_detector.version import __version__


@dataclass(frozen=True)
class Command:
    """One thing that people type.

    Attributes:
        module: has `main(arguments)`, which returns the exit status. Imported when asked for: a health check
            must not wait for what an analysis needs.
        purpose: in a line.
    """

    module: str
    purpose: str


COMMANDS: Mapping[str, Command] = {
    "analyze": Command("commands.analyze", "find humans and faces in videos on this machine, without AWS"),
    "anonymize": Command("commands.anonymize", "write copies of videos in which nobody can be recognised"),
    "report": Command("commands.report", "make the page to look at a result with"),
    "export": Command(
        "commands.export", "turn a result into COCO, YOLO, CVAT, CSV and others, with pictures and crops"
    ),
    "evaluate": Command("commands.evaluate", "measure how good results are, by boxes that people have drawn"),
    "sample": Command("commands.sample", "take the frames out of videos that are worth labelling"),
    "models": Command("commands.models", "show which models there are, and get them"),
    "submit": Command("commands.submit", "send videos to a deployed worker, and see what became of them"),
    "cost": Command("commands.cost", "estimate what an hour of video costs"),
    "worker": Command("aws_interface", "work through the queue: this is what the container runs"),
    "healthcheck": Command("commands.healthcheck", "tell whether the worker on this machine is alive"),
}

USAGE_ERROR, INTERRUPTED, OUTPUT_CLOSED = 2, 130, 141
STANDARD_ERROR = 2
"""The descriptor."""


def console() -> int:
    """Entry point of the process; returns the exit status, whatever signal comes while it ends."""
    open_standard_descriptors()
    make_terminal_harmless()
    try:
        return main()
    finally:
        # Python, when it takes itself apart, would let the next one kill the process.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def open_standard_descriptors() -> None:
    """Lead those that are closed to nowhere. What is opened next would take their places."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def make_terminal_harmless() -> None:
    """Let nothing through that a terminal would obey, wherever it comes from. A program gets all as it is."""
    # There is none where whoever started this has closed it.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = cast(TextIO, HarmlessStream(sys.stderr or _nowhere()))
    if sys.stdout.isatty():
        sys.stdout = cast(TextIO, HarmlessStream(sys.stdout))
    else:
        # A file's name can hold bytes that are no text.
        cast(io.TextIOWrapper, sys.stdout).reconfigure(errors="surrogateescape")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(overview())
        return 0
    name, *rest = given
    if name == "--version":
        print(f"human-detector {__version__}")
        return 0
    if name not in COMMANDS:
        print(f"human-detector: found {name!r}, valid is one of {', '.join(COMMANDS)}", file=sys.stderr)
        return USAGE_ERROR
    try:
        module = importlib.import_module(f"human_detector.{COMMANDS[name].module}")
        status: int = module.main(rest)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` has. What is still to be written at the end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_CLOSED
    except KeyboardInterrupt:
        # Once is enough: nothing is under way that a second could cut short.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(f"human-detector {name}: stopped", file=sys.stderr)
        return INTERRUPTED
    return status


def overview() -> str:
    """The commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.purpose}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            f"human-detector {__version__}: finds humans and faces in videos.",
            "",
            "usage: human-detector COMMAND ...",
            "",
            *lines,
            "",
            "`human-detector COMMAND --help` says more, with an example.",
        ]
    )


if __name__ == "__main__":
    sys.exit(console())
