"""Programs that make something beside a result: the worker loads no decoder, and outlives what befalls one.

They open the video that strangers sent, so they get what they need and nothing else: processes/confined.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from human_detector.configuration import WorkerSettings
from human_detector.processes.cage.environments import environment_without_secrets

CONFINED = (sys.executable, "-m", "human_detector.processes.confined")
MEMORY = 2
"""Times what decoding may take: most of these programs encode as well."""
CHECK_SECONDS = 0.2
REASON_BYTES = 2000


@dataclass(frozen=True)
class SideProgram:
    """A program of ours that makes something of a video and its result.

    Attributes:
        module: to run, and the first of its arguments.
        settings: of the worker: how it is confined.
        longest_seconds: after which it is ended.
        check: called again and again; what it raises ends the program.
    """

    module: Sequence[str]
    settings: WorkerSettings
    longest_seconds: float
    check: Callable[[], None]

    def run(self, readable: Sequence[Path], folder: Path, arguments: Sequence[str]) -> str | None:
        """Run it to its end. What it leaves may be anything: open it with `open_regular`.

        Args:
            readable: what it may read.
            folder: where it may read and write, and nobody else's files lie.
            arguments: the others.

        Returns:
            Why it failed; None if it did not.
        """
        memory = str(MEMORY * self.settings.decoder_memory_mb)
        bounds = (self.settings.cage, memory, os.pathsep.join(map(str, readable)), str(folder))
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [*CONFINED, *bounds, *self.module, *arguments],
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            deadline = time.monotonic() + self.longest_seconds
            try:
                while process.poll() is None and time.monotonic() < deadline:
                    self.check()
                    time.sleep(CHECK_SECONDS)
            finally:
                process.kill()
                process.wait()
            if process.returncode == 0:
                return None
            errors.seek(0)
            reason = errors.read(REASON_BYTES).decode(errors="replace").strip()
            return reason or f"status {process.returncode}"


def _environment(folder: Path) -> dict[str, str]:
    """Without credentials; temporary files go where the program may write."""
    path = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    return {**environment_without_secrets(os.environ), "PYTHONPATH": path, "TMPDIR": str(folder)}
