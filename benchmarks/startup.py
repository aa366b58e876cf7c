"""How long it takes from the start of the worker to its first receive, and to its first result.

python benchmarks/startup.py

`no model` is the worker with a detector that needs none: what the worker process itself costs. `both models`
loads and warms up two TensorFlow models before the first receive, as a deployed worker does.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import check, command_line, print_table, write_json

# isort: split
# measuring has put demo/ and tests/ on the path, and has seen to it that the packages are there.
import psutil

from sample_clip import sample_clip
from support.emulators import emulator
from support.fault_proxy import FaultProxy
from support.worker_harness import INSTANT, Aws, wait_until, worker

KINDS = {
    "no model": [INSTANT],
    "both models": [["HumanDetector", {"model": "ssdlite_pedestrian"}], ["FaceDetector", {}]],
}
RECEIVE_TARGET_SECONDS = 1.5
MEMORY_TARGET_MB = 120


def main() -> None:
    """Entry point."""
    rounds = command_line(__doc__, 5).parse_args().rounds
    samples: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder, emulator("moto", Path(folder)) as endpoint:
        for _ in range(rounds):
            for kind, detectors in KINDS.items():
                samples[kind].append(start_once(endpoint, Path(folder), detectors))
    rows = [
        {
            "detectors": kind,
            **{name: statistics.median(sample[name] for sample in taken) for name in taken[0]},
        }
        for kind, taken in samples.items()
    ]
    print_table(f"Start of the worker, medians of {rounds} rounds", rows)
    targets = [
        {
            "measure": "to the first receive, no model",
            "measured": rows[0]["seconds_to_receive"],
            "target": f"under {RECEIVE_TARGET_SECONDS} s",
            "": check(float(rows[0]["seconds_to_receive"]), at_most=RECEIVE_TARGET_SECONDS),
        },
        {
            "measure": "memory of the worker process",
            "measured": rows[0]["worker_mb"],
            "target": f"under {MEMORY_TARGET_MB} MB",
            "": check(float(rows[0]["worker_mb"]), at_most=MEMORY_TARGET_MB),
        },
    ]
    print_table("Targets", targets)
    write_json("startup", {"start": rows, "targets": targets}, rounds=rounds)


def start_once(endpoint: str, folder: Path, detectors: list[Any]) -> dict[str, float]:
    """Start a worker whose queue has one video, and stop it after its first result."""
    proxy = FaultProxy(endpoint, lambda _: "none")
    os.environ |= Aws.environment(proxy.url)
    aws = Aws(endpoint)
    aws.submit(1, sample_clip())
    began = time.monotonic()
    variables = aws.variables(human_detection={"detectors": detectors, "frame_ratio": 0.2})
    with worker(variables, folder) as running:
        wait_until(lambda: "ReceiveMessage" in proxy.first_seen, timeout=120, what=lambda: running.log)
        memory = psutil.Process(running.process.pid).memory_info().rss
        wait_until(lambda: aws.step(1).get("state") == "done", timeout=120, what=lambda: running.log)
        result_seconds = time.monotonic() - began
    proxy.close()
    return {
        "seconds_to_receive": proxy.first_seen["ReceiveMessage"] - began,
        "seconds_to_result": result_seconds,
        "worker_mb": memory / 1e6,
    }


if __name__ == "__main__":
    main()
