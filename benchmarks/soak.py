"""Whether the worker grows: memory, threads and open files over 1,000 polls and 50 jobs.

python benchmarks/soak.py

Polls that bring a message which asks for nothing take the place of empty ones, which would take 20 s each.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from measuring import check, command_line, print_table, write_json

# isort: split
# measuring has put demo/ and tests/ on the path, and has seen to it that the packages are there.
import psutil

from sample_clip import sample_clip
from support.emulators import emulator
from support.worker_harness import INSTANT, Aws, WorkerProcess, wait_until, worker

GROWTH_TARGET = 1.1
"""Memory at the end by memory after the first tenth: allocators settle, leaks do not."""


def main() -> None:
    """Entry point."""
    parser = command_line(__doc__)
    parser.add_argument("--polls", type=int, default=1000, help="of an empty queue (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=50, help="in between (default %(default)s)")
    options = parser.parse_args()
    polls, jobs = options.polls, options.jobs
    with tempfile.TemporaryDirectory() as folder, emulator("moto", Path(folder)) as endpoint:
        os.environ |= Aws.environment(endpoint)
        aws = Aws(endpoint)
        variables = aws.variables(human_detection={"detectors": [INSTANT], "frame_ratio": 0.2})
        with worker(variables, Path(folder)) as running:
            running.wait_for_log("polling the queue")
            rows = [sample(running, "start")]
            for tenth in range(1, 11):
                do_a_tenth(aws, tenth, polls // 10, jobs // 10)
                rows.append(sample(running, f"{tenth * (polls // 10)} polls, {tenth * (jobs // 10)} jobs"))
    print_table("The worker process (and the memory of its analysis process)", rows)
    first, last = rows[1], rows[-1]
    growth = [
        {
            "measure": name,
            "growth": float(last[name]) / float(first[name]),
            "target": f"at most {GROWTH_TARGET}",
        }
        for name in ("worker_mb", "analysis_mb", "threads", "open_files")
    ]
    for row in growth:
        row[""] = check(float(row["growth"]), at_most=GROWTH_TARGET)
    print_table("Growth from the first tenth to the last", growth)
    write_json("soak", {"samples": rows, "growth": growth}, polls=polls, jobs=jobs)


def do_a_tenth(aws: Aws, tenth: int, polls: int, jobs: int) -> None:
    """Send messages and videos, and wait until the worker has dealt with them."""
    for i in range(jobs):
        aws.submit(tenth * 10_000 + i, sample_clip())
    for _ in range(polls - jobs):
        aws.send({"Service": "Amazon S3", "Event": "s3:TestEvent"})
    wait_until(lambda: aws.counts() == (0, 0), timeout=600)


def sample(running: WorkerProcess, when: str) -> dict[str, str | float]:
    """What the worker holds at the moment."""
    process = psutil.Process(running.process.pid)
    analysis = psutil.Process(running.analysis_pid())
    return {
        "after": when,
        "worker_mb": process.memory_info().rss / 1e6,
        "analysis_mb": analysis.memory_info().rss / 1e6,
        "threads": process.num_threads(),
        "open_files": process.num_fds(),
    }


if __name__ == "__main__":
    main()
