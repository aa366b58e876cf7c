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

REQUIRED = "required"


def main(cage: str, memory_mb: str, files: str, folder: str, module: str, *arguments: str) -> None:
    """Close the doors, then become the module."""
    readable = map(Path, filter(None, files.split(os.pathsep)))
    missing = confine_side_program(int(memory_mb) << 20, readable, [Path(folder)]).missing
    if missing and cage == REQUIRED:
        refused = (
            'worker.cage, or HUMAN_DETECTOR_CAGE, is "required", but this program cannot be confined here'
        )
        sys.exit(f"{refused}: {'; '.join(missing)}")
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
