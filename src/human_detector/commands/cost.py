"""Estimates what an hour of video costs on common instances of AWS.

human-detector cost [--hours 100] [--fps 25] [--frames-per-second N | --measure VIDEO]

The estimate is: frames to analyse x seconds per frame x price per second. It leaves out what is small (S3,
SQS, DynamoDB) and what you decide (how long an instance waits with nothing to do).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.configuration import load_configuration
from human_detector.detectors.detector import create_detector
from human_detector.errors import ConfigurationError, PermanentError

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Instance:
    """An instance with one GPU.

    Attributes:
        dollars_per_hour: on demand, Linux, us-east-1; other regions are up to a third dearer.
        gpu: its name.
        teraflops: of the GPU, 32-bit floating point, as NVIDIA states it.
    """

    dollars_per_hour: float
    gpu: str
    teraflops: float


INSTANCES: Mapping[str, Instance] = {
    "p2.xlarge": Instance(0.90, "K80", 2.8),
    "g4dn.xlarge": Instance(0.526, "T4", 8.1),
    "g6.xlarge": Instance(0.8048, "L4", 30.3),
    "g5.xlarge": Instance(1.006, "A10G", 31.2),
}
"""List prices of 2026. They change: `--price` takes yours."""

ZOO_TERAFLOPS = 6.7
"""Of the GTX Titan X on which the detection zoo has measured its models."""
ZOO_MILLISECONDS: Mapping[str, float] = {
    "faster_rcnn_resnet101_coco": 106,
    "mobilenet_ssd_widerface": 30,  # the zoo's ssd_mobilenet_v1_coco, the same network
    "ssdlite_pedestrian": 27,  # the zoo's ssdlite_mobilenet_v2_coco
}
"""Per frame, from the zoo's page (tf1_detection_zoo.md): a rough guide, off by a factor of two easily."""
DECODED_FRAMES_PER_SECOND = 200
"""Every frame is decoded, analysed or not: what four virtual cores do with 1080p H.264."""


@dataclass(frozen=True)
class Estimate:
    """What one hour of video takes.

    Attributes:
        frames_per_second: that are analysed.
        hours: of an instance.
        dollars: for these.
    """

    frames_per_second: float
    hours: float
    dollars: float


def estimate(dollars_per_hour: float, frames_per_second: float, fps: float, frame_ratio: float) -> Estimate:
    """What one hour of video takes.

    Args:
        dollars_per_hour: price of the instance.
        frames_per_second: that it analyses with all detectors.
        fps: frame rate of the video.
        frame_ratio: share of the frames that is analysed.
    """
    frames = SECONDS_PER_HOUR * fps
    # Decoding and analysing run at the same time: the slower of them decides.
    seconds = max(frames * frame_ratio / frames_per_second, frames / DECODED_FRAMES_PER_SECOND)
    hours = seconds / SECONDS_PER_HOUR
    return Estimate(frames_per_second, hours, hours * dollars_per_hour)


def expected_rate(instance: Instance, models: Sequence[str]) -> float:
    """Frames per second that an instance should analyse, from the zoo's figures.

    Args:
        instance: what computes.
        models: all that look at every frame.

    Raises:
        ConfigurationError: there is no figure for a model.
    """
    unknown = sorted(set(models) - set(ZOO_MILLISECONDS))
    if unknown or not models:
        raise ConfigurationError(
            f"there is no figure for {', '.join(unknown) or 'detectors without a model'}: give "
            "--frames-per-second, or --measure VIDEO on a machine of the kind that you mean"
        )
    milliseconds = sum(ZOO_MILLISECONDS[model] for model in models)
    return 1000 / milliseconds * instance.teraflops / ZOO_TERAFLOPS


def configured_models(human_detection: Mapping[str, Any]) -> list[str]:
    """The models of a configuration's detectors."""
    detectors = [create_detector(entry[0], *entry[1:2]) for entry in human_detection["detectors"]]
    return [str(getattr(detector, "model", detector.name)) for detector in detectors]


def measure(
    video: Path, human_detection: Mapping[str, Any], clock: Callable[[], float] = time.perf_counter
) -> float:
    """Frames per second that this machine analyses.

    Args:
        video: a local file.
        human_detection: keyword arguments of VideoAnalyzer.
        clock: seconds.

    Raises:
        VideoError: the file is no video that can be analysed.
        ConfigurationError: a model is missing.
    """
    # Imported when asked for: it brings the decoder with it.
    from human_detector.video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(**human_detection)
    analyzer.load()
    began = clock()
    summary = analyzer.analyze(video).header.summary
    return summary.analyzed_frames / (clock() - began)


def table(rows: Mapping[str, Estimate], hours: float) -> str:
    """The estimates, one line each.

    Args:
        rows: by name of the instance.
        hours: of video in all.
    """
    lines = [
        f"{'INSTANCE':<14}{'FRAMES/S':>9}{'TIME PER HOUR':>15}{'COST PER HOUR':>15}{f'{hours:g} HOURS':>14}"
    ]
    for name, row in rows.items():
        minutes = f"{60 * row.hours:.0f} min" if row.hours >= 1 / 60 else f"{3600 * row.hours:.0f} s"
        lines.append(
            f"{name:<14}{row.frames_per_second:>9.1f}{minutes:>15}{f'${row.dollars:.3f}':>15}"
            f"{f'${hours * row.dollars:,.2f}':>14}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    try:
        wanted = load_configuration(options.config).human_detection
        ratio = options.frame_ratio or wanted.get("frame_ratio", 0.2)
        rate = options.frames_per_second
        if options.measure:
            rate = measure(options.measure, {**wanted, "frame_ratio": ratio})
        rows = {
            name: estimate(
                options.price or instance.dollars_per_hour,
                rate or expected_rate(instance, configured_models(wanted)),
                options.fps,
                ratio,
            )
            for name, instance in INSTANCES.items()
            if options.instance in (None, name)
        }
    except ConfigurationError as error:
        print(f"human-detector cost: {error}", file=sys.stderr)
        return 2
    except PermanentError as error:
        print(f"human-detector cost: {error}", file=sys.stderr)
        return 1
    print(
        f"{options.fps:g} frames per second, frame ratio {ratio:g}; prices are those of us-east-1, on demand"
    )
    if rate is None:
        print("rough: speeds follow from the detection zoo's figures; --frames-per-second takes yours")
    print(table(rows, options.hours))
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector cost", description="Estimate what an hour of video costs on common instances."
    )
    parser.add_argument("--hours", type=_above_zero, default=1, help="of video in all (default: 1)")
    parser.add_argument("--fps", type=_above_zero, default=25, help="frame rate of the videos (default: 25)")
    parser.add_argument(
        "--frame-ratio", type=_above_zero, metavar="R", help="share that is analysed (default: as configured)"
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration with the detectors (default: variables.json)",
    )
    parser.add_argument("--instance", choices=INSTANCES, help="only this one")
    parser.add_argument("--price", type=_above_zero, metavar="DOLLARS", help="yours, per hour")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument(
        "--frames-per-second", type=_above_zero, metavar="N", help="that the instance analyses, if you know"
    )
    speed.add_argument(
        "--measure", type=Path, metavar="VIDEO", help="measure it: analyse this video on this machine"
    )
    return parser.parse_args(arguments)


def _above_zero(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError(text)
    return number
