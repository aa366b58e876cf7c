"""Health check of the container: status 0 if the worker's loop is alive, 1 if not.

human-detector healthcheck
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from human_detector.worker.health import problem


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    argparse.ArgumentParser(
        prog="human-detector healthcheck",
        description="Tell whether the worker on this machine is alive: status 0 if it is, 1 if not. Where "
        "several run with one folder for temporary files ($TMPDIR), all of them must be.",
        epilog="For example: human-detector healthcheck && echo alive",
    ).parse_args(arguments)
    found = problem(time.time())
    print(found or "healthy")
    return 1 if found else 0
