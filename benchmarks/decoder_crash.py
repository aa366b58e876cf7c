"""What a video costs whose decoder crashes: the time until the next one is being analysed.

python benchmarks/decoder_crash.py [--rounds N]

Both detectors are loaded. In each round the decoder is killed in the middle of a video, and the next video is
given to the analysis at once. Beside it stands what loading the models takes: so much a crash cost when the
process that decoded held them.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from measuring import check, command_line, print_table, write_json

# isort: split
from human_detector.errors import AnalysisCrashed, Interrupted
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.analysis_request import AnalysisRequest, AnalysisSettings
from human_detector.processes.decoder_pool import Decoder, DecoderPool, DecoderSettings
from sample_clip import BIKES, sample_clip

TARGET_SECONDS = 0.5
HUMAN_DETECTION = {"detectors": [["HumanDetector", {"model": "centernet_mobilenetv3"}], ["FaceDetector", {}]]}


class WatchedPool(DecoderPool):
    """Remembers the decoder that it gave last."""

    last: Decoder | None = None

    def take(self, check: object) -> Decoder:
        """The same, remembered."""
        self.last = super().take(check)  # type: ignore[arg-type]
        return self.last


def main() -> None:
    """Entry point."""
    options = command_line(__doc__, 5).parse_args()
    pool = WatchedPool(DecoderSettings())
    analysis = AnalysisProcess(AnalysisSettings(HUMAN_DETECTION, False, "text"), pool, stall_timeout=60)
    try:
        began = time.monotonic()
        analysis.start(lambda: None)
        loading = time.monotonic() - began
        with tempfile.TemporaryDirectory() as folder:
            taken = [crash_and_go_on(analysis, pool, Path(folder)) for _ in range(options.rounds)]
    finally:
        analysis.close()
    median = statistics.median(taken)
    rows = [
        {
            "rounds": options.rounds,
            "seconds_until_the_next_is_analysed": median,
            "longest": max(taken),
            "target": f"at most {TARGET_SECONDS}",
            "": check(median, at_most=TARGET_SECONDS),
            "seconds_to_load_the_models": loading,
        }
    ]
    print_table("A decoder that crashes in the middle of a video", rows)
    write_json("decoder_crash", {"decoder_crash": rows})


def crash_and_go_on(analysis: AnalysisProcess, pool: WatchedPool, folder: Path) -> float:
    """Kill the decoder of one video; seconds from there to the first frame of the next that is analysed."""
    request = AnalysisRequest(sample_clip(BIKES), folder / "result.json", 1, {}, 3600, {})
    killed_at = 0.0

    def kill(fraction: float) -> None:
        nonlocal killed_at
        if fraction > 0 and not killed_at:
            assert pool.last is not None
            killed_at = time.monotonic()
            os.kill(pool.last.pid, signal.SIGSEGV)

    try:
        analysis.analyze(request, lambda: None, kill)
    except AnalysisCrashed:
        pass
    else:
        raise SystemExit("the decoder was done before it could be killed")
    first = 0.0

    def see(_: float) -> None:
        nonlocal first
        first = time.monotonic()
        raise Interrupted("seen enough")

    with suppress(Interrupted):
        analysis.analyze(request, lambda: None, see)
    return first - killed_at


if __name__ == "__main__":
    main()
