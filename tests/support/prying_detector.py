"""A detector that looks around: what an analysis can do that has been broken into."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from human_detector.detectors.detector import Detector
from human_detector.values import Box, Detection, Image


class PryingDetector(Detector):
    """Tries what its arguments name, and says in a label what came of it.

    Args:
        files: to read.
        port: to connect to.
        process: to read and to end.
        **arguments: those of Detector.
    """

    def __init__(self, *, files: list[str], port: int, process: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._tries: dict[str, Callable[[], object]] = {
            **{file: Path(file).read_bytes for file in files},
            "connect": lambda: socket.create_connection(("127.0.0.1", port), 2),
            "ask for credentials": lambda: socket.create_connection(("169.254.170.2", 80), 2),
            "environment": Path(f"/proc/{process}/environ").read_bytes,
            "memory": lambda: os.open(f"/proc/{process}/mem", os.O_RDONLY),
            "kill": lambda: os.kill(process, signal.SIGTERM),
            "shell": lambda: subprocess.run(["sh", "-c", "true"], check=True),
            "secrets": self._secrets,
        }

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """The same for every image."""
        label = json.dumps({name: self._answer(attempt) for name, attempt in self._tries.items()})
        return [[Detection(label, 1.0, Box(0, 0, 1, 1))] for _ in images]

    def _secrets(self) -> None:
        if any("secret" in value for value in os.environ.values()):
            return
        raise FileNotFoundError(errno.ENOENT, "no secrets in the environment")

    def _answer(self, attempt: Callable[[], object]) -> str:
        try:
            attempt()
        except OSError as error:
            return errno.errorcode[error.errno]
        return "DONE"
