"""The pipeline alone: the product with a simulated accelerator, against that accelerator's own maximum.

    benchmarks/overlap.py [VIDEO]

The accelerator takes 20 ms for a batch of any size and no processor time. Its own maximum is measured without
frames, one batch after another.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measuring import (
    Contestant,
    Run,
    check,
    command_line,
    frames_per_second,
    measure,
    print_table,
    ratio,
    repeated,
    write_json,
)

BATCH_SIZE = 5
FRAME_RATIO = 0.2
TARGET = 0.97


def build_maximum(batches: int) -> Run:
    """The accelerator without a pipeline."""
    import numpy as np

    from simulated_accelerator import SimulatedAccelerator

    detector = SimulatedAccelerator(max_batch_size=BATCH_SIZE)
    batch = [np.zeros((8, 8, 3), np.uint8)] * BATCH_SIZE
    return lambda: sum(len(detector.detect(batch)) for _ in range(batches))


def build_product(video: Path, count: int) -> Run:
    """VideoAnalyzer with as many accelerators, and a decoder in a cage."""
    from human_detector.processes.caged_videos import CagedVideos
    from human_detector.processes.decoder_pool import DecoderSettings
    from human_detector.video_analyzer import VideoAnalyzer

    name = "simulated_accelerator:SimulatedAccelerator"
    detectors = [[name, {"name": f"detector {i}", "max_batch_size": BATCH_SIZE}] for i in range(count)]
    analyzer = VideoAnalyzer(detectors, frame_ratio=FRAME_RATIO)
    analyzer.open_video = CagedVideos(DecoderSettings()).open
    return lambda: len(analyzer.analyze(video).frames)


def main() -> None:
    """Entry point."""
    from sample_clip import sample_clip

    options = command_line(__doc__, 7, "a man in a car, 176x144, 6120 frames").parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = options.video or repeated(sample_clip(), 51, Path(folder))
        maximum = Contestant("accelerator alone", build_maximum, (250,))
        products = [Contestant(f"product, detectors: {n}", build_product, (video, n)) for n in (1, 2)]
        samples = measure([maximum, *products], options.rounds)
    rows = [
        {
            "contestant": name,
            "frames_per_second": frames_per_second(taken),
            "ratio": ratio(taken, samples[maximum.name]),
        }
        for name, taken in samples.items()
    ]
    for row in rows[1:]:
        row |= {"target": TARGET, "": check(row["ratio"], TARGET)}
    print_table(f"Batches of {BATCH_SIZE}, medians of {options.rounds} rounds", rows)
    write_json("overlap", {"overlap": rows}, video=video.name, rounds=options.rounds)


if __name__ == "__main__":
    main()
