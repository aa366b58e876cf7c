"""What skip_still saves where little happens, costs where much does, and overlooks.

    benchmarks/still_scenes.py [--rounds N] [--engine NAME]

The clips are made of a real one (bikes.mp4): its first frame stands still, with noise, light that drifts, and
at several qualities of compression, and in a tenth of the time somebody walks through, painted. So it is
known in which frames something has changed. Cost is the CPU time of all cores, decoding included.
docs/choosing_models.md shows what came out.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from measuring import command_line, cpu_seconds

# isort: split
# measuring has seen to it that the packages are there.
import numpy as np

from human_detector.analysis.still_scenes import StillScenes
from human_detector.values import Image
from human_detector.video.source import VideoSource
from human_detector.video.writer import VideoWriter
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import BIKES, sample_clip

RATE, FRAMES = 25, 1500
EVENT_FRAMES = 37
"""Somebody is there four times for a second and a half of a minute: a tenth of it."""
QUALITIES = (18, 23, 28, 33)
"""Constant rate factors of x264: hardly to be told from the original, the usual, poor, and bad."""
NOISE = 3.0
DRIFT = 12
"""Grey levels by which a cloud makes everything lighter and darker within the minute."""
SIZES = (0.06, 0.1, 0.2, 0.4)
"""Height of who walks through, as a share of the frame's, one after the other."""
DETECTORS = ("HumanDetector", "ssdlite_pedestrian"), ("FaceDetector", "mobilenet_ssd_widerface")


@dataclass(frozen=True)
class Event:
    """Somebody walks through.

    Attributes:
        first: the frame in which they are there first.
        size: their height.
    """

    first: int
    size: float

    def has(self, index: int) -> bool:
        """Whether they are there."""
        return self.first <= index < self.first + EVENT_FRAMES


STEP = FRAMES // len(SIZES)
ALL_EVENTS = tuple(Event(STEP * i + STEP // 2, size) for i, size in enumerate(SIZES))


def main() -> None:
    """Print recall and share of analysed frames for each quality, and the cost."""
    parser = command_line(__doc__, rounds=3)
    parser.add_argument("--engine", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clips = {quality: Path(folder) / f"still_{quality}.mp4" for quality in QUALITIES}
        for quality, clip in clips.items():
            _make_clip(clip, quality)
            _print_recall(clip, quality)
        for name, clip in (("still 9/10 of the time", clips[23]), ("moving", sample_clip(BIKES))):
            _print_cost(name, clip, options.engine, options.rounds)
    _print_check()


def _make_clip(clip: Path, quality: int) -> None:
    with VideoSource(sample_clip(BIKES)) as source:
        background = next(source.frames()).image.astype(np.float32)
    noise = np.random.default_rng(0)
    with VideoWriter(clip, RATE, quality=quality) as writer:
        for index in range(FRAMES):
            frame = background + DRIFT * np.sin(2 * np.pi * index / FRAMES)
            for event in ALL_EVENTS:
                if event.has(index):
                    _paint(frame, event, index)
            frame += noise.normal(0, NOISE, (*frame.shape[:2], 1)).astype(np.float32)
            writer.write(np.clip(frame, 0, 255).astype(np.uint8), index / RATE)


def _paint(frame: np.ndarray, event: Event, index: int) -> None:
    """Somebody in a dark coat and light trousers who walks their height in a second."""
    height, width = frame.shape[:2]
    tall = round(event.size * height)
    top, left = round(0.6 * height), round(0.3 * width + (index - event.first) * tall / RATE)
    frame[top : top + tall // 2, left : left + tall // 3] = (60, 55, 50)
    frame[top + tall // 2 : top + tall, left : left + tall // 3] = (150, 145, 140)


def _print_recall(clip: Path, quality: int) -> None:
    """Of the sampled frames in which something differs from the sampled one before, how many are analysed."""
    scenes = StillScenes()
    with VideoSource(clip, is_sampled=lambda index: index % 5 == 0) as source:
        analyzed = {f.index for f in source.frames() if not scenes.is_still(f.image, f.timestamp)}
    shares = []
    for event in ALL_EVENTS:
        changed = [index for index in range(5, FRAMES, 5) if event.has(index) or event.has(index - 5)]
        shares.append(f"{sum(index in analyzed for index in changed)}/{len(changed)} at {event.size:g}")
    print(
        f"x264 at {quality}: of the frames with a change are analysed {', '.join(shares)} of the height; "
        f"{len(analyzed)} of {FRAMES // 5} frames in all",
        flush=True,
    )


def _print_cost(name: str, clip: Path, engine: str, rounds: int) -> None:
    detectors = [[detector, {"model": model, "engine": engine}] for detector, model in DETECTORS]
    analyzers = {skip: VideoAnalyzer(detectors, frame_ratio=0.2, skip_still=skip) for skip in (False, True)}
    ratios = []
    for _ in range(rounds + 1):
        seconds = {}
        for skip, analyzer in analyzers.items():
            analyzer.load()
            began = cpu_seconds()
            summary = analyzer.analyze(clip).to_dict()["summary"]
            seconds[skip] = cpu_seconds() - began
        ratios.append(seconds[True] / seconds[False])
    carried = summary["carried_frames"] / summary["analyzed_frames"]
    rounds_shown = ", ".join(f"{ratio:.3f}" for ratio in ratios[1:])
    median = statistics.median(ratios[1:])
    print(f"{name}: {carried:.0%} carried, cost {median:.3f} of that without ({rounds_shown})", flush=True)


def _print_check() -> None:
    """What looking at one frame takes, in sizes of frames."""
    for height, width in ((272, 640), (1080, 1920), (2160, 3840)):
        frames: list[Image] = list(
            np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
        )
        scenes, times = StillScenes(), []
        for index in range(40):
            began = time.thread_time()
            scenes.is_still(frames[index % 2], index)
            times.append(time.thread_time() - began)
        print(f"the check of a frame of {width}x{height}: {1000 * statistics.median(times):.2f} ms of a core")


if __name__ == "__main__":
    main()
