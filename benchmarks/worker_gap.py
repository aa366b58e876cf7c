"""How much of the time the analysis process has nothing to do, with slow answers from AWS.

python benchmarks/worker_gap.py

20 short clips go through the whole worker with 200 ms added to each AWS call. Counted is the time from the
start of the first analysis to the end of the last.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

from measuring import check, command_line, print_table, write_json

# isort: split
# measuring has put demo/ and tests/ on the path, and has seen to it that the packages are there.
from human_detector import aws_interface
from human_detector.processes.analysis_process import AnalysisProcess
from sample_clip import sample_clip
from support.emulators import emulator
from support.fault_proxy import FaultProxy
from support.worker_harness import Aws

CLIPS = 20
DELAY_SECONDS = 0.2
TARGET = 0.01
HUMAN_DETECTION = {
    "detectors": [["HumanDetector", {"model": "ssdlite_pedestrian"}], ["FaceDetector", {}]],
    "frame_ratio": 1,
}


class RecordingAnalysis(AnalysisProcess):
    """Takes note of when the analysis process has work."""

    busy: ClassVar[list[tuple[float, float]]] = []

    def analyze(self, *arguments: Any) -> Any:
        """The same, timed."""
        began = time.monotonic()
        try:
            return super().analyze(*arguments)
        finally:
            self.busy.append((began, time.monotonic()))


def main() -> None:
    """Entry point."""
    command_line(__doc__).parse_args()
    aws_interface.AnalysisProcess = RecordingAnalysis  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder, emulator("moto", Path(folder)) as endpoint:
        proxy = FaultProxy(endpoint, lambda _: "slow", slow_seconds=DELAY_SECONDS)
        try:
            run(Path(folder), endpoint, proxy.url)
        finally:
            proxy.close()
    began, ended = RecordingAnalysis.busy[0][0], RecordingAnalysis.busy[-1][1]
    busy = sum(end - start for start, end in RecordingAnalysis.busy)
    idle_share = 1 - busy / (ended - began)
    rows = [
        {
            "clips": len(RecordingAnalysis.busy),
            "seconds_in_all": ended - began,
            "seconds_of_analysis": busy,
            "idle_share": idle_share,
            "target": f"at most {TARGET}",
            "": check(idle_share, at_most=TARGET),
        }
    ]
    print_table(
        f"{CLIPS} clips through the worker, {DELAY_SECONDS * 1000:.0f} ms added to each AWS call", rows
    )
    write_json("worker_gap", {"idle": rows})


def run(folder: Path, endpoint: str, slow_endpoint: str) -> None:
    """Submit the clips, and run the worker in this process until the queue is empty."""
    os.environ |= Aws.environment(slow_endpoint)
    aws = Aws(endpoint)
    variables = folder / "variables.json"
    variables.write_text(json.dumps(aws.variables(human_detection=HUMAN_DETECTION)))
    os.environ["VARIABLES_JSON"] = str(variables)
    for video_id in range(1, CLIPS + 1):
        aws.submit(video_id, sample_clip())
    status = aws_interface.main(["--exit-when-idle", "2"])
    states = [aws.step(video_id).get("state") for video_id in range(1, CLIPS + 1)]
    if status != 0 or states != ["done"] * CLIPS:
        raise SystemExit(f"the worker ended with status {status}, and the videos are {states}")


if __name__ == "__main__":
    main()
