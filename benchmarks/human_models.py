"""Analysed frames per second with each of the small models for people, beside the face model.

    benchmarks/human_models.py [VIDEO]

The product with `ssdlite_pedestrian` and with `centernet_mobilenetv3`, each with `mobilenet_ssd_widerface`,
in OpenVINO; a ratio is the median of the ratios within a round.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measuring import (
    Contestant,
    Run,
    command_line,
    cpu_milliseconds_per_frame,
    frames_per_second,
    machine,
    measure,
    print_table,
    ratio,
    repeated,
    write_json,
)

FRAME_RATIO = 0.2
FACES = "mobilenet_ssd_widerface"
PEOPLE = ("ssdlite_pedestrian", "centernet_mobilenetv3")


def build_product(video: Path, model: str, precision: str) -> Run:
    """VideoAnalyzer with both detectors, decoding in a cage."""
    from human_detector.processes.caged_videos import CagedVideos
    from human_detector.processes.decoder_pool import DecoderSettings
    from human_detector.video_analyzer import VideoAnalyzer

    same = {"engine": "openvino", "precision": precision, "max_batch_size": 5}
    detectors = [["HumanDetector", {**same, "model": model}], ["FaceDetector", {**same, "model": FACES}]]
    analyzer = VideoAnalyzer(detectors, frame_ratio=FRAME_RATIO)
    analyzer.open_video = CagedVideos(DecoderSettings()).open
    analyzer.load()
    return lambda: len(analyzer.analyze(video).frames)


def main() -> None:
    """Entry point."""
    from sample_clip import BIKES, sample_clip

    options = command_line(__doc__, 5, "cyclists, 640x272, 500 frames").parse_args()
    precisions = ["fp32", *(["bf16"] if machine()["bf16"] else [])]
    with tempfile.TemporaryDirectory() as folder:
        video = options.video or repeated(sample_clip(BIKES), 2, Path(folder))
        contestants = [
            Contestant(f"{model}, {precision}", build_product, (video, model, precision))
            for precision in precisions
            for model in PEOPLE
        ]
        samples = measure(contestants, options.rounds)
    speeds = [
        {
            "people_by": name,
            "frames_per_second": frames_per_second(taken),
            "cpu_ms_per_frame": cpu_milliseconds_per_frame(taken),
        }
        for name, taken in samples.items()
    ]
    ratios = [
        {
            "ratio": f"{PEOPLE[1]} / {PEOPLE[0]}, {precision}",
            "measured": ratio(samples[f"{PEOPLE[1]}, {precision}"], samples[f"{PEOPLE[0]}, {precision}"]),
        }
        for precision in precisions
    ]
    print_table(f"{video.name}, frame_ratio {FRAME_RATIO}, medians of {options.rounds} rounds", speeds)
    print_table("Ratios within a round", ratios)
    write_json("human_models", {"speeds": speeds, "ratios": ratios}, video=video.name, rounds=options.rounds)


if __name__ == "__main__":
    main()
