"""The worker's log: one line per event, as text for a person or as JSON, each with its job's names."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

from human_detector.harmless_text import HarmlessStream, harmless, without_secrets

_job: ContextVar[dict[str, Any] | None] = ContextVar("job", default=None)


@contextmanager
def log_context(**names: Any) -> Iterator[None]:
    """Give every line logged inside these names, such as video_id and message_id."""
    token = _job.set({**current_context(), **names})
    try:
        yield
    finally:
        _job.reset(token)


def current_context() -> dict[str, Any]:
    """The names in effect; pass them to `log_context` in another thread or process."""
    return dict(_job.get() or {})


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname,
            **current_context(),
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        names = "".join(f" {name}={value}" for name, value in current_context().items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        message = f"{record.getMessage()}{names and '  [' + names.strip() + ']'}"
        # One line per event, whatever a message or a file name holds; what belongs to it is set in.
        lines = [f"{clock} {record.levelname:<7} {harmless(message)}"]
        if record.exc_info:
            traceback = self.formatException(record.exc_info).split("\n")
            lines += [f"    {harmless(line)}" for line in traceback]
        return "\n".join(lines)


def set_up_logging(log_format: str, stream: TextIO | None = None) -> None:
    """Send the log to a stream.

    Args:
        log_format: `text` or `json`.
        stream: standard error by default.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # botocore logs every credential that it finds at INFO.
    logging.getLogger("botocore").setLevel(logging.WARNING)


def log_native_output(log_format: str) -> None:
    """Turn what C++ libraries print to standard error into log lines.

    TensorFlow and CUDA write there directly; a log that is JSON must be JSON in every line.

    Args:
        log_format: `text` or `json`; logging is set up anew on the real standard error.
    """
    real_stderr = os.fdopen(os.dup(2), "w", buffering=1)
    set_up_logging(log_format, real_stderr)
    read_end, write_end = os.pipe()
    os.dup2(write_end, 2)
    os.close(write_end)
    sys.stderr = cast(TextIO, HarmlessStream(real_stderr))

    def forward() -> None:
        with os.fdopen(read_end, errors="replace") as lines:
            for line in lines:
                if line.strip():
                    logging.getLogger("native").debug(line.rstrip())

    threading.Thread(target=forward, name="native-output", daemon=True).start()
