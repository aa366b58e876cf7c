"""How fast machines are: stated figures, each with its source, and what this machine is measured to do.

Nothing is guessed: a machine that there is no figure for has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.commands.cost_prices import Machine
from human_detector.detectors.detector import Detector
from human_detector.detectors.factory import create_detector
from human_detector.detectors.tiles import pictures_per_frame
from human_detector.utils import usable_cores


@dataclass(frozen=True)
class Speed:
    """How many frames a second a machine analyses with all detectors.

    Attributes:
        frames_per_second: that are analysed.
        origin: where the figure is from, in a word or two.
        explanation: the same for a footnote.
        includes_decoding: whether decoding took its time while it was measured.
    """

    frames_per_second: float
    origin: str
    explanation: str
    includes_decoding: bool


TERAFLOPS: Mapping[str, float] = {
    "NVIDIA K80": 2.8,
    "NVIDIA T4": 8.1,
    "NVIDIA L4": 30.3,
    "NVIDIA A10G": 31.2,
}
"""Of a GPU, 32-bit floating point, as NVIDIA states it."""

ZOO_TERAFLOPS = 6.7
"""Of the GTX Titan X on which the detection zoo has measured its models."""
ZOO_MILLISECONDS: Mapping[str, float] = {
    "faster_rcnn_resnet101_coco": 106,
    "mobilenet_ssd_widerface": 30,  # the zoo's ssd_mobilenet_v1_coco, the same network
    "ssdlite_pedestrian": 27,  # the zoo's ssdlite_mobilenet_v2_coco
}
"""Per frame, from the zoo's page (tf1_detection_zoo.md): a rough guide, off by a factor of two easily."""

MEASURED_CPU = "AMD EPYC (Zen 5)"
MEASURED_VCPUS = 2
MEASURED_MODELS = ("mobilenet_ssd_widerface", "ssdlite_pedestrian")
MEASURED: Mapping[tuple[str | None, str | None], float] = {
    ("openvino", "fp32"): 45.4,
    ("openvino", "bf16"): 76.3,
    ("tensorflow", "fp32"): 38.7,
}
"""Frames per second by engine and precision: the product with both models on these cores of that processor.

From benchmarks/README.md (`throughput.py`, 640x272, frame ratio 0.2).
"""

CENTERNET_MODELS = ("centernet_mobilenetv3", "mobilenet_ssd_widerface")
CENTERNET_TIMES: Mapping[tuple[str | None, str | None], float] = {
    ("openvino", "fp32"): 1.40,
    ("openvino", "bf16"): 1.43,
}
"""Of the processor time for a frame with `MEASURED_MODELS`.

From benchmarks/README.md (`human_models.py`), on an AMD EPYC (Zen 4) that had other work to do: these are
ratios of processor times, and the frames per second follow from `MEASURED`.
"""


@dataclass(frozen=True)
class Models:
    """What looks at every frame.

    Attributes:
        names: of the models, or of the detectors that have none, sorted; each as often as it looks at a
            frame, which with tiles is more than once.
        engine: that computes all of them on a CPU; None if they differ.
        precision: of all of them; None if they differ.
    """

    names: Sequence[str]
    engine: str | None
    precision: str | None


def configured_models(human_detection: Mapping[str, Any]) -> Models:
    """The models of a configuration's detectors."""
    detectors = [create_detector(entry[0], *entry[1:2]) for entry in human_detection["detectors"]]
    names = sorted(
        str(getattr(detector, "model", detector.name))
        for detector in detectors
        for _ in range(pictures_per_frame(detector))
    )
    # The image for machines without a GPU has OpenVINO and no TensorFlow.
    engines = {"openvino" if engine == "auto" else engine for engine in _all(detectors, "engine_name")}
    precisions = _all(detectors, "precision")
    return Models(names, _only(engines), _only(precisions))


def stated_speed(machine: Machine, models: Models) -> Speed | None:
    """What is known of a machine that we are not on; None if nothing is.

    Args:
        machine: what computes.
        models: all that look at every frame.
    """
    if machine.gpu is not None:
        return _scaled_speed(machine.gpu, models.names)
    way = (models.engine, models.precision)
    rate, times = MEASURED.get(way), CENTERNET_TIMES.get(way)
    if rate is None or (machine.cpu, machine.vcpus) != (MEASURED_CPU, MEASURED_VCPUS):
        return None
    if tuple(models.names) == CENTERNET_MODELS and times is not None:
        return Speed(
            rate / times,
            "benchmarks, rough",
            f"{times:g} times the processor time of {' and '.join(MEASURED_MODELS)}, measured beside each "
            "other on an AMD EPYC (Zen 4) with other work to do; the speed of those was measured on "
            f"{MEASURED_VCPUS} virtual cores of an {MEASURED_CPU} (benchmarks/README.md)",
            includes_decoding=True,
        )
    if tuple(models.names) != MEASURED_MODELS:
        return None
    return Speed(
        rate,
        "benchmarks",
        f"measured on {MEASURED_VCPUS} virtual cores of an {MEASURED_CPU} with a video of 640x272 "
        "(benchmarks/README.md); larger ones take longer to decode",
        includes_decoding=True,
    )


def _scaled_speed(gpu: str, names: Sequence[str]) -> Speed | None:
    """What a GPU should do by the zoo's figures."""
    if gpu not in TERAFLOPS or not names or not set(names) <= set(ZOO_MILLISECONDS):
        return None
    milliseconds = sum(ZOO_MILLISECONDS[name] for name in names)
    return Speed(
        1000 / milliseconds * TERAFLOPS[gpu] / ZOO_TERAFLOPS,
        "zoo, rough",
        "the detection zoo's times of its models on a GTX Titan X, scaled by the GPUs' arithmetic; "
        "easily off by a factor of two",
        includes_decoding=False,
    )


def measure(
    video: Path, human_detection: Mapping[str, Any], clock: Callable[[], float] = time.perf_counter
) -> Speed:
    """How fast this machine is.

    Args:
        video: a local file.
        human_detection: keyword arguments of VideoAnalyzer.
        clock: seconds.

    Raises:
        VideoError: the file is no video that can be analysed.
        ConfigurationError: a model is missing.
    """
    # Imported when asked for: it brings the decoder with it.
    from human_detector.commands.videos import videos
    from human_detector.video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(**human_detection)
    analyzer.open_video = videos().open
    analyzer.load()
    began = clock()
    header = analyzer.analyze(video).header
    rate = header.summary.analyzed_frames / (clock() - began)
    machine = f"{header.engine.device}, {usable_cores()} cores"
    size = f"{header.video.width}x{header.video.height}"
    return Speed(
        rate,
        "measured here",
        f"{video.name}, {size}, by {header.engine.name} on this machine ({machine})",
        includes_decoding=True,
    )


def _all(detectors: Sequence[Detector], attribute: str) -> set[str]:
    return {str(getattr(detector, attribute, "")) for detector in detectors}


def _only(values: set[str]) -> str | None:
    return values.pop() if len(values) == 1 else None
