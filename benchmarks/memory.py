"""Peak memory of an analysis against the length of the video, and against the batch size.

    benchmarks/memory.py

The clips are made by FFmpeg: a moving test picture of 320x240, 25 frames a second, of which one in 50 is
analysed by both detectors (one in 5 for the batch sizes). Each figure is the peak of a process of its own
that analyses to a file, as the worker does.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import check, command_line, peak_memory_mb, print_table, write_json
from throughput import SETS, detectors

FRAME_RATIO = 0.02
FRAME_RATIO_OF_BATCHES = 0.2
MINUTES = (1, 10, 60)
BATCH_SIZES = (1, 5, 16, 64)
TARGET = 1.1


def peak_of_analysis(video: Path, batch_size: int, frame_ratio: float) -> dict[str, Any]:
    """Analyse in this process; its peak in MB when the models are loaded and at the end."""
    from human_detector.video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(detectors(SETS["both"], "auto", "fp32", batch_size), frame_ratio=frame_ratio)
    analyzer.load()
    loaded = peak_memory_mb()
    header = analyzer.analyze_to_file(video, video.with_suffix(".json"))
    return {
        "analysed_frames": header.summary.analyzed_frames,
        "models_loaded_mb": loaded,
        "peak_mb": peak_memory_mb(),
        "engine": analyzer.engine.name,
    }


def in_a_process(video: Path, batch_size: int, frame_ratio: float) -> dict[str, Any]:
    """`peak_of_analysis` in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(peak_of_analysis, (video, batch_size, frame_ratio))


def make_clips(minutes: Sequence[int], folder: Path) -> dict[int, Path]:
    """A clip of each length."""
    clips = {length: folder / f"{length}_minutes.mp4" for length in minutes}
    first = clips[minutes[0]]
    source = f"testsrc2=size=320x240:rate=25:duration={60 * minutes[0]}"
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", source, "-preset", "ultrafast", first], check=True)
    for length, clip in clips.items():
        if clip != first:
            loops = str(length // minutes[0] - 1)
            subprocess.run([*ffmpeg, "-stream_loop", loops, "-i", first, "-c", "copy", clip], check=True)
    return clips


def main() -> None:
    """Entry point."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--minutes", nargs="+", type=int, default=MINUTES, help="lengths, each a multiple of the first"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clips = make_clips(options.minutes, Path(folder))
        lengths = [
            {"minutes": length, **in_a_process(clip, 5, FRAME_RATIO)} for length, clip in clips.items()
        ]
        shortest = clips[options.minutes[0]]
        batches = [
            {"batch_size": size, **in_a_process(shortest, size, FRAME_RATIO_OF_BATCHES)}
            for size in BATCH_SIZES
        ]
    for row in lengths:
        row["ratio_to_first"] = row["peak_mb"] / lengths[0]["peak_mb"]
    print_table("Length of the video, batches of 5", lengths)
    print_table(f"Batch size, {options.minutes[0]} minutes", batches)
    print(f"\nlongest / shortest: at most {TARGET}: {check(lengths[-1]['ratio_to_first'], at_most=TARGET)}")
    write_json("memory", {"lengths": lengths, "batch_sizes": batches}, frame_ratio=FRAME_RATIO)


if __name__ == "__main__":
    main()
