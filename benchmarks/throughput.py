"""Analysed frames per second, and CPU time for each: the product against the naive loop and its own limits.

    benchmarks/throughput.py [VIDEO]

Contestants, for each engine and for one and two detectors:
  decode only      the video source alone, without any detector
  naive loop       read, convert, collect 5, run both unmodified TensorFlow graphs in turn, in one thread
  naive, original  the same, with the face graph in the form in which its original was exported
  inference only   frames in memory; the detectors one after the other, each with its best batch size
  arithmetic only  as many operations as the networks need, done as large 1x1 convolutions in OpenVINO
  product          VideoAnalyzer.analyze
"""

from __future__ import annotations

import itertools
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from layers import MODELS, build_arithmetic
from measuring import (
    ROOT,
    Contestant,
    Run,
    Sample,
    check,
    command_line,
    cpu_milliseconds_per_frame,
    frames_per_second,
    machine,
    measure,
    print_table,
    ratio,
    repeated,
    timed,
    write_json,
)

SETS = {"human": ("HumanDetector",), "face": ("FaceDetector",), "both": ("HumanDetector", "FaceDetector")}
FRAME_RATIO = 0.2
EVERY = 5
MIN_SCORE = 0.4
NAIVE_BATCH_SIZE = 5
BATCH_SIZES = (1, 5, 16)
ORIGINAL_FACE_GRAPH = ROOT / ".cache" / "original_form" / "frozen_inference_graph.pb"

TARGETS = {
    ("product, tensorflow fp32, both", "naive loop, both"): 1.2,
    ("product, openvino fp32, both", "naive loop, both"): 2.0,
    ("product, openvino bf16, both", "naive loop, both"): 3.5,
    ("product, tensorflow fp32, both", "inference only, tensorflow fp32, both"): 0.95,
    ("product, openvino fp32, both", "inference only, openvino fp32, both"): 0.95,
}
INT8 = ("product, openvino int8, both", "naive loop, both")
INT8_TARGETS = {"amx_int8": 4.0, "vnni": 3.5}
"""By what the processor has for 8 bits, the best first."""
INT8_TARGET = 2.0
"""Without any of it."""


def detectors(names: Sequence[str], engine: str, precision: str, batch_size: int = 5) -> list[list[Any]]:
    """The section `detectors` of a configuration."""
    arguments = {"engine": engine, "precision": precision, "max_batch_size": batch_size}
    return [[name, {**arguments, "model": MODELS[name]}] for name in names]


def build_decoding(video: Path) -> Run:
    """The video source alone."""
    from human_detector.analysis.sampling import FrameSampler
    from human_detector.video.source import VideoSource

    def run() -> int:
        with VideoSource(video, is_sampled=FrameSampler(FRAME_RATIO).is_sampled) as source:
            return sum(1 for _ in source.frames())

    return run


def build_naive(video: Path, graphs: Sequence[str]) -> Run:
    """What anybody would write first."""
    import numpy as np

    from support.reference import load_reference, tf

    functions = [load_reference(graph) for graph in graphs]

    def run() -> int:
        analysed = 0
        for batch in batches(read_every(video), NAIVE_BATCH_SIZE):
            images = tf.constant(np.stack(batch))
            for function in functions:
                boxes, scores, _ = (output.numpy() for output in function(images))
                analysed_boxes = [boxes[row][scores[row] >= MIN_SCORE] for row in range(len(batch))]
            analysed += len(analysed_boxes)
        return analysed

    return run


def build_naive_original(video: Path, names: Sequence[str]) -> Run:
    """The naive loop for somebody who has the original of the face graph."""
    from support.older_exporter import write_face_graph

    ORIGINAL_FACE_GRAPH.parent.mkdir(parents=True, exist_ok=True)
    write_face_graph(ORIGINAL_FACE_GRAPH)
    graphs = {**MODELS, "FaceDetector": str(ORIGINAL_FACE_GRAPH)}
    return build_naive(video, [graphs[name] for name in names])


def read_every(video: Path) -> Iterator[Any]:
    """The frames to analyse, as OpenCV reads them, in RGB."""
    import cv2

    capture = cv2.VideoCapture(str(video))
    for index in itertools.count():
        read, frame = capture.read()
        if not read:
            return
        if index % EVERY == 0:
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of `size` items; the last one may be shorter."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def build_inference(video: Path, names: Sequence[str], engine: str, precision: str) -> Run:
    """Detectors on frames that lie in memory, one detector after the other."""
    from human_detector.analysis.sampling import FrameSampler
    from human_detector.video.source import VideoSource

    with VideoSource(video, is_sampled=FrameSampler(FRAME_RATIO).is_sampled) as source:
        images = [frame.image for frame in source.frames()]
    runs = [best_inference(images, name, engine, precision) for name in names]

    def run() -> int:
        for alone in runs:
            alone()
        return len(images)

    return run


def best_inference(images: Sequence[Any], name: str, engine: str, precision: str) -> Run:
    """One detector with whichever batch size is the fastest."""
    from human_detector.detectors.factory import create_detector

    tried = []
    for size in BATCH_SIZES:
        ((_, arguments),) = detectors([name], engine, precision, size)
        detector = create_detector(name, arguments)
        detector.load()

        def run(detector: Any = detector, size: int = size) -> int:
            started: deque[Any] = deque()
            for batch in batches(images, size):
                started.append(detector.start(batch))
                if len(started) == 2:
                    started.popleft()()
            started.pop()()
            return len(images)

        run()
        tried.append((timed(run).seconds, size, run))
    return min(tried)[2]


def build_product(video: Path, names: Sequence[str], engine: str, precision: str) -> Run:
    """VideoAnalyzer, with a decoder in a cage."""
    from human_detector.processes.caged_videos import CagedVideos
    from human_detector.processes.decoder_pool import DecoderSettings
    from human_detector.video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(detectors(names, engine, precision), frame_ratio=FRAME_RATIO)
    analyzer.open_video = CagedVideos(DecoderSettings()).open
    analyzer.load()
    return lambda: len(analyzer.analyze(video).frames)


def main() -> None:
    """Entry point."""
    from sample_clip import BIKES, sample_clip

    parser = command_line(__doc__, 7, "cyclists, 640x272, 1000 frames")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS], help="which detectors (all)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Long enough that the first batch, which waits for the decoder, and the last do not matter.
        video = options.video or repeated(sample_clip(BIKES), 4, Path(folder))
        samples = measure([*contestants(video, options.sets)], options.rounds)
    speeds = [
        {
            "contestant": name,
            "frames_per_second": frames_per_second(taken),
            "cpu_ms_per_frame": cpu_milliseconds_per_frame(taken),
        }
        for name, taken in samples.items()
    ]
    ratios = list(compared(samples))
    print_table(f"{video.name}, frame_ratio {FRAME_RATIO}, medians of {options.rounds} rounds", speeds)
    print_table("Ratios within a round", ratios)
    write_json("throughput", {"speeds": speeds, "ratios": ratios}, video=video.name, rounds=options.rounds)


def ways() -> list[tuple[str, str]]:
    """Engines and precisions that this machine has; 8 bits where the models have been quantised."""
    openvino = ["fp32", *(["bf16"] * machine()["bf16"]), *(["int8"] * are_quantised())]
    return [("tensorflow", "fp32"), *(("openvino", precision) for precision in openvino)]


def are_quantised() -> bool:
    """Whether all models have a form in 8 bits for the OpenVINO that is installed."""
    from human_detector.inference.model_files import find_model
    from human_detector.inference.quantised_models import find_quantised

    installed = version("openvino")
    return all(find_quantised(find_model(model), installed).network for model in MODELS.values())


def targets() -> dict[tuple[str, str], float]:
    """What is to be reached on this machine."""
    facts = machine()
    reached = (target for what, target in INT8_TARGETS.items() if facts[what])
    return {**TARGETS, INT8: next(reached, INT8_TARGET)}


def contestants(video: Path, sets: Iterable[str]) -> Iterator[Contestant]:
    """All of them, those to be compared beside each other."""
    yield Contestant("decode only", build_decoding, (video,))
    for label in sets:
        names = SETS[label]
        yield Contestant(f"naive loop, {label}", build_naive, (video, [MODELS[name] for name in names]))
        if "FaceDetector" in names:
            yield Contestant(f"naive, original, {label}", build_naive_original, (video, names))
        for engine, precision in ways():
            way = f"{engine} {precision}, {label}"
            yield Contestant(f"inference only, {way}", build_inference, (video, names, engine, precision))
            yield Contestant(f"product, {way}", build_product, (video, names, engine, precision))
            if engine == "openvino" and precision != "int8":
                yield Contestant(f"arithmetic only, {way}", build_arithmetic, (names, precision))


def compared(samples: Mapping[str, Sequence[Sample]]) -> Iterator[dict[str, Any]]:
    """Each product, and each limit, against the naive loops; each product against inference only."""
    for name in samples:
        kind, label = name.partition(", ")[0], name.rpartition(", ")[2]
        others = [f"naive loop, {label}", f"naive, original, {label}", name.replace(kind, "inference only")]
        for other in {"product": others, "arithmetic only": others[:2]}.get(kind, []):
            if other not in samples:
                continue
            measured = ratio(samples[name], samples[other])
            row: dict[str, Any] = {"ratio": f"{name} / {other}", "measured": measured}
            target = targets().get((name, other))
            yield row | ({"target": target, "": check(measured, target)} if target else {})


if __name__ == "__main__":
    main()
