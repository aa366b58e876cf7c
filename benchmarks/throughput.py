"""Analysed frames per second and CPU time per frame: the product against the naive loop and its own limits.

    benchmarks/throughput.py [VIDEO]

Contestants, for each engine and for one and two detectors:
  decode only      the video source alone, without any detector
  inference only   frames in memory; each detector alone and one after the other, with the best of some batch sizes
  naive loop       read, convert, collect 5, run the unmodified TensorFlow graphs one after the other, one thread
  product          VideoAnalyzer.analyze
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import (
    Contestant,
    Run,
    check,
    cpu_milliseconds_per_frame,
    frames_per_second,
    measure,
    print_table,
    ratio,
    timed,
    write_json,
)

MODELS = {"HumanDetector": "ssdlite_pedestrian", "FaceDetector": "mobilenet_ssd_widerface"}
SETS = {"human": ("HumanDetector",), "face": ("FaceDetector",), "both": ("HumanDetector", "FaceDetector")}
FRAME_RATIO = 0.2
EVERY = 5
BATCH_SIZES = (1, 5, 16)
NAIVE_BATCH_SIZE = 5


def detectors(names: Sequence[str], engine: str, precision: str, batch_size: int = 5) -> list[list[Any]]:
    """The section `detectors` of a configuration."""
    arguments = {"engine": engine, "precision": precision, "max_batch_size": batch_size}
    return [[name, {**arguments, "model": MODELS[name]}] for name in names]


def build_decoding(video: Path) -> Run:
    """The video source alone."""
    from sampling import FrameSampler
    from video_source import VideoSource

    def run() -> int:
        with VideoSource(video, is_sampled=FrameSampler(FRAME_RATIO).is_sampled) as source:
            return sum(1 for _ in source.frames())

    return run


def build_inference(video: Path, names: Sequence[str], engine: str, precision: str) -> Run:
    """Detectors on frames that lie in memory."""
    from detector import create_detector
    from sampling import FrameSampler
    from video_source import VideoSource

    with VideoSource(video, is_sampled=FrameSampler(FRAME_RATIO).is_sampled) as source:
        images = [frame.image for frame in source.frames()]

    def best(name: str) -> Run:
        runs = []
        for batch_size in BATCH_SIZES:
            ((_, arguments),) = detectors([name], engine, precision, batch_size)
            detector = create_detector(name, arguments)
            detector.load()

            def run(detector: Any = detector, size: int = batch_size) -> int:
                started: list[Any] = []
                for first in range(0, len(images), size):
                    started.append(detector.start(images[first : first + size]))
                    if len(started) == 2:
                        started.pop(0)()
                for finish in started:
                    finish()
                return len(images)

            run()
            runs.append((timed(run).seconds, batch_size, run))
        return min(runs)[2]

    alone = [best(name) for name in names]
    return lambda: [run() for run in alone][0]


def build_naive(video: Path, names: Sequence[str]) -> Run:
    """What anybody would write first."""
    import cv2
    import numpy as np
    import tensorflow as tf
    from reference import load_reference

    graphs = [load_reference(MODELS[name]) for name in names]

    def run() -> int:
        capture = cv2.VideoCapture(str(video))
        batch: list[Any] = []
        analysed = 0
        for index in itertools.count():
            read, frame = capture.read()
            if read and index % EVERY == 0:
                batch.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            if len(batch) == NAIVE_BATCH_SIZE or (batch and not read):
                images = tf.constant(np.stack(batch))
                for graph in graphs:
                    boxes, scores, _ = (output.numpy() for output in graph(images))
                    _ = [boxes[row][scores[row] >= 0.4] for row in range(len(batch))]
                analysed += len(batch)
                batch = []
            if not read:
                return analysed

    return run


def build_product(video: Path, names: Sequence[str], engine: str, precision: str) -> Run:
    """VideoAnalyzer."""
    from video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(detectors(names, engine, precision), frame_ratio=FRAME_RATIO)
    analyzer.load()
    return lambda: len(analyzer.analyze(video).frames)


def main() -> None:
    """Entry point."""
    from measuring import machine
    from sample_clip import BIKES, sample_clip

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "video", nargs="?", type=Path, help="default: a street with cyclists, 640x272, 250 frames"
    )
    parser.add_argument("--rounds", type=int, default=7, help="how often each contestant runs (default 7)")
    parser.add_argument(
        "--sets", nargs="+", choices=SETS, default=list(SETS), help="which detectors (default all)"
    )
    options = parser.parse_args()
    video = options.video or sample_clip(BIKES)

    ways = [("tensorflow", "fp32"), ("openvino", "fp32")]
    if machine()["bf16"]:
        ways += [("openvino", "bf16")]
    contestants = [Contestant("decode only", build_decoding, (video,))]
    for label in options.sets:
        names = SETS[label]
        contestants.append(Contestant(f"naive loop, {label}", build_naive, (video, names)))
        for engine, precision in ways:
            way = f"{engine} {precision}, {label}"
            contestants.append(
                Contestant(f"inference only, {way}", build_inference, (video, names, engine, precision))
            )
            contestants.append(
                Contestant(f"product, {way}", build_product, (video, names, engine, precision))
            )
    samples = measure(contestants, options.rounds)

    speeds = [
        {
            "contestant": name,
            "frames_per_second": frames_per_second(rows),
            "cpu_ms_per_frame": cpu_milliseconds_per_frame(rows),
        }
        for name, rows in samples.items()
    ]
    ratios = []
    for label in options.sets:
        for engine, precision in ways:
            product = samples[f"product, {engine} {precision}, {label}"]
            rows = {
                "naive loop": samples[f"naive loop, {label}"],
                "inference only": samples[f"inference only, {engine} {precision}, {label}"],
            }
            for below, others in rows.items():
                measured = ratio(product, others)
                target = TARGETS.get((label, engine, precision, below))
                ratios.append(
                    {
                        "ratio": f"product {engine} {precision} / {below}, {label}",
                        "measured": measured,
                        "target": target or "",
                        "": check(measured, target) if target else "",
                    }
                )
    print_table(f"{video.name}, frame_ratio {FRAME_RATIO}, medians of {options.rounds} rounds", speeds)
    print_table("Ratios", ratios)
    write_json("throughput", {"speeds": speeds, "ratios": ratios}, video=video.name, rounds=options.rounds)


TARGETS = {
    ("both", "tensorflow", "fp32", "naive loop"): 1.2,
    ("both", "openvino", "fp32", "naive loop"): 2.0,
    ("both", "openvino", "bf16", "naive loop"): 3.5,
    ("both", "tensorflow", "fp32", "inference only"): 0.95,
    ("both", "openvino", "fp32", "inference only"): 0.95,
}

if __name__ == "__main__":
    main()
