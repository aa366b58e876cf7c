"""The anonymised copy that the worker puts beside a result, if it is configured to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from human_detector.configuration import WorkerSettings
from human_detector.errors import PermanentError, TransientError
from human_detector.worker.side_program import SideProgram

PROGRAM = ("human_detector.drawing.anonymizing",)
FOLDER = "copy"
LARGEST_BYTES = 5 * 1024**3


def write_worker_copy(
    video_path: Path,
    result_path: Path,
    wishes: Mapping[str, Any],
    settings: WorkerSettings,
    check: Callable[[], None],
) -> Path:
    """Write the copy in a process of its own.

    Args:
        video_path: the local file.
        result_path: the result file.
        wishes: the section `anonymize` of the configuration.
        settings: of the worker; after `max_job_seconds` the process is ended.
        check: called again and again; what it raises ends the process.

    Returns:
        The copy, in a folder beside the result. Open it with `open_regular`.

    Raises:
        TransientError: there is none. A job whose copy is missing is not done.
        PermanentError: it is too large to be stored.
    """
    folder = result_path.parent / FOLDER
    folder.mkdir(exist_ok=True)
    copy = folder / "copy.mp4"
    arguments = [str(video_path), str(result_path), str(copy), json.dumps(wishes)]
    program = SideProgram(PROGRAM, settings, settings.max_job_seconds, check)
    if reason := program.run([video_path, result_path], folder, arguments):
        raise TransientError(f"the anonymised copy could not be written: {reason.splitlines()[-1]}")
    if not copy.exists():
        raise TransientError("the anonymised copy could not be written: its program left none")
    if (size := copy.lstat().st_size) > LARGEST_BYTES:
        raise PermanentError(f"the anonymised copy has {size} bytes, S3 takes {LARGEST_BYTES} in one piece")
    return copy
