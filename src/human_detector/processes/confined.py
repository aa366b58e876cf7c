"""Runs a module of this installation that opens a stranger's video, confined to what it needs.

    python -m human_detector.processes.confined CAGE MEMORY_MB FILES FOLDER MODULE ARGUMENT...

CAGE is `worker.cage`. The module may read FILES, which have ":" between them, and write in FOLDER. What it is
denied stands in cage/doors.py.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from human_detector.processes.cage.doors import confine_side_program


def main(cage: str, memory_mb: str, files: str, folder: str, module: str, *arguments: str) -> None:
    """Close the doors, then become the module."""
    readable = map(Path, filter(None, files.split(os.pathsep)))
    built = confine_side_program(int(memory_mb) << 20, readable, [Path(folder)])
    # Not before: NumPy starts threads as soon as it is imported.
    from human_detector.errors import ConfigurationError
    from human_detector.processes.cage_rule import CageRule

    try:
        CageRule(cage).judge("this program", built.lacks)
    except ConfigurationError as error:
        sys.exit(str(error))
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
