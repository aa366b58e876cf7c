"""Programs that make something beside a result: the worker loads no decoder, and outlives a crash."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence

CHECK_SECONDS = 0.2
REASON_BYTES = 2000


def run_side_program(command: Sequence[str], longest_seconds: float, check: Callable[[], None]) -> str | None:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        longest_seconds: after which it is ended.
        check: called again and again; what it raises ends the program.

    Returns:
        Why it failed; None if it did not.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
        deadline = time.monotonic() + longest_seconds
        try:
            while process.poll() is None and time.monotonic() < deadline:
                check()
                time.sleep(CHECK_SECONDS)
        finally:
            process.kill()
            process.wait()
        if process.returncode == 0:
            return None
        errors.seek(0)
        reason = errors.read(REASON_BYTES).decode(errors="replace").strip()
        return reason or f"status {process.returncode}"
