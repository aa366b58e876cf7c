"""The anonymised copy that the worker puts beside a result, if it is configured to."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from human_detector.errors import PermanentError, TransientError
from human_detector.worker.side_program import run_side_program

PROGRAM = (sys.executable, "-m", "human_detector.drawing.anonymizing")
LARGEST_BYTES = 5 * 1024**3


def write_worker_copy(
    video_path: Path,
    result_path: Path,
    wishes: Mapping[str, Any],
    longest_seconds: float,
    check: Callable[[], None],
) -> Path:
    """Write the copy in a process of its own.

    Args:
        video_path: the local file.
        result_path: the result file.
        wishes: the section `anonymize` of the configuration.
        longest_seconds: after which the process is ended.
        check: called again and again; what it raises ends the process.

    Returns:
        The copy, beside the result file.

    Raises:
        TransientError: there is none. A job whose copy is missing is not done.
        PermanentError: it is too large to be stored.
    """
    copy = result_path.with_name("copy.mp4")
    command = [*PROGRAM, str(video_path), str(result_path), str(copy), json.dumps(wishes)]
    if reason := run_side_program(command, longest_seconds, check):
        raise TransientError(f"the anonymised copy could not be written: {reason.splitlines()[-1]}")
    if (size := copy.stat().st_size) > LARGEST_BYTES:
        raise PermanentError(f"the anonymised copy has {size} bytes, S3 takes {LARGEST_BYTES} in one piece")
    return copy
