"""Runs schedules on demand: `python tests/simulation --schedules 2000 --seed 1`."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.search import search, shortest


def main() -> int:
    """Entry point; returns 1 when something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python tests/simulation",
        description="Run the worker on simulated services under random faults, and check what must always hold.",
    )
    parser.add_argument("--schedules", type=int, default=2000, metavar="N", help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule (default: 1)")
    parser.add_argument("--failures", type=int, default=1, metavar="N", help="end after so many (default: 1)")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # The story tells what the worker does.
    began, failures = time.process_time(), 0
    for finding in search(options.seed, options.schedules):
        if finding is not None:
            failures += 1
            print(f"{finding.violations[0].checker}: the shortest story of seed {finding.schedule.seed}")
            print(shortest(finding), end="\n\n", flush=True)
            if failures == options.failures:
                break
    print(f"{failures} violations, {time.process_time() - began:.1f} s of processor time")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
