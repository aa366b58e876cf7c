"""Health check of the container: status 0 if the worker's loop is alive, 1 if not.

python src/healthcheck.py
"""

from __future__ import annotations

import sys
import time

from health import problem


def main() -> int:
    """Entry point; returns the exit status."""
    found = problem(time.time())
    print(found or "healthy")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
