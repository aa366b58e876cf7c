"""What the cage costs: the same analysis with a decoder in a process of its own, and without.

    benchmarks/cage.py [VIDEO] [--engines ENGINE:PRECISION ...]

Both detectors, every fifth frame. `every frame, no model` has nothing to do but to decode and to scale.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from measuring import (
    Contestant,
    Run,
    check,
    command_line,
    cpu_milliseconds_per_frame,
    frames_per_second,
    measure,
    print_table,
    ratio,
    repeated,
    write_json,
)
from throughput import FRAME_RATIO, SETS, detectors

TARGET = 0.97
DECODING = "every frame, no model"
NO_MODEL = [["no_model:NoModel", {}]]


def build(video: Path, work: list[list[Any]], frame_ratio: float, caged: bool) -> Run:
    """VideoAnalyzer, with one way to decode or the other."""
    from human_detector.processes.caged_videos import CagedVideos
    from human_detector.processes.decoder_pool import DecoderSettings
    from human_detector.video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(work, frame_ratio=frame_ratio)
    if caged:
        analyzer.open_video = CagedVideos(DecoderSettings()).open
    analyzer.load()
    return lambda: len(analyzer.analyze(video).frames)


def main() -> None:
    """Entry point."""
    from sample_clip import BIKES, sample_clip

    parser = command_line(__doc__, 7, "cyclists, 640x272, 500 frames")
    parser.add_argument(
        "--engines", nargs="+", default=["openvino:fp32"], help="ENGINE:PRECISION (default: %(default)s)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = options.video or repeated(sample_clip(BIKES), 2, Path(folder))
        tasks = {DECODING: (NO_MODEL, 1.0)}
        for engine in options.engines:
            tasks[engine] = (detectors(SETS["both"], *engine.split(":")), FRAME_RATIO)
        contestants = [
            Contestant(f"{name}, {where}", build, (video, work, frame_ratio, where == "in a cage"))
            for name, (work, frame_ratio) in tasks.items()
            for where in ("in one process", "in a cage")
        ]
        samples = measure(contestants, options.rounds)
    rows = []
    for name in tasks:
        alone, caged = samples[f"{name}, in one process"], samples[f"{name}, in a cage"]
        relative = ratio(caged, alone)
        has_target = name != DECODING
        rows.append(
            {
                "work": name,
                "frames_per_second_in_one_process": frames_per_second(alone),
                "in_a_cage": frames_per_second(caged),
                "ratio": relative,
                "cpu_ms_per_frame_in_one_process": cpu_milliseconds_per_frame(alone),
                "cpu_ms_in_a_cage": cpu_milliseconds_per_frame(caged),
                "target": TARGET if has_target else "",
                "": check(relative, TARGET) if has_target else "",
            }
        )
    print_table(f"Medians of {options.rounds} rounds", rows)
    write_json("cage", {"cage": rows}, video=video.name, rounds=options.rounds)


if __name__ == "__main__":
    main()
