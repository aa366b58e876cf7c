"""VideoAnalyzer: applies detectors to a sample of the frames of a video.

from human_detector.video_analyzer import VideoAnalyzer

analyzer = VideoAnalyzer(detectors=[["FaceDetector", {"min_detection_score": 0.5}]], frame_ratio=0.2)
result = analyzer.analyze("clip.mp4")
print(result.to_dict()["summary"])
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from human_detector.analysis.analyzer_arguments import (
    FRAME_RATIO,
    SKIP_STILL,
    TRACKER,
    create_detectors,
)
from human_detector.analysis.frame_feed import LocalFeed, OpenVideo, Progress, Wanted
from human_detector.analysis.pipeline import detect_all, frames_held
from human_detector.detectors.tiles import in_tiles
from human_detector.errors import ConfigurationError, VideoError
from human_detector.results.carrying import Carrying
from human_detector.results.document import AnalysisHeader, AnalysisResult, Summary
from human_detector.results.made_of import made_of
from human_detector.results.tracking import FrameTracks, NoTracks
from human_detector.results.writer import ResultFileWriter
from human_detector.values import FULL_PRECISION, EngineInfo, FrameDetections

Stop = Callable[[], bool]


def _no_progress(_: float) -> None:
    """Nobody watches."""


def _never() -> bool:
    """Nobody stops the analysis."""
    return False


class VideoAnalyzer:
    """Applies detectors to a sample of the frames of a video.

    Args:
        detectors: one `[name, keyword arguments]` each; the name is a registered class name or
            `package.module:ClassName`.
        frame_ratio: the share of the frames that is analysed, above 0 and up to 1.
        tracker: give each detection a `track_id` that stays with the person or face over the frames, and
            count the different ones in the summary.
        skip_still: where nothing has changed since the last frame that was analysed, carry on what was found
            in it, and say so.

    Attributes:
        open_video: how a file becomes frames; decoded in this process by default.

    Raises:
        ConfigurationError: lists every problem with its place in the arguments.
    """

    def __init__(
        self,
        detectors: Sequence[Sequence[Any]],
        frame_ratio: float = 0.2,
        tracker: bool = False,
        skip_still: bool = False,
    ) -> None:
        problems = FRAME_RATIO.problems("frame_ratio", frame_ratio) + TRACKER.problems("tracker", tracker)
        problems += SKIP_STILL.problems("skip_still", skip_still)
        self.detectors, detector_problems = create_detectors(detectors)
        if problems or detector_problems:
            raise ConfigurationError(*problems, *detector_problems)
        self._asked = [(entry[0], entry[1] if len(entry) > 1 else {}) for entry in detectors]
        self.frame_ratio = frame_ratio
        self.tracker = tracker
        self.skip_still = skip_still
        self.open_video: OpenVideo = LocalFeed

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments in effect, as the result file has them: a VideoAnalyzer takes them again."""
        # A detector from elsewhere may not tell all its arguments, but those that were given are known.
        return {
            "frame_ratio": self.frame_ratio,
            "detectors": [
                [name, {**given, **detector.arguments}]
                for (name, given), detector in zip(self._asked, self.detectors, strict=True)
            ],
            **({"tracker": True} if self.tracker else {}),
            **({"skip_still": True} if self.skip_still else {}),
        }

    @property
    def engine(self) -> EngineInfo:
        """What computes: the engine of the first detector that names one."""
        named = (detector.engine for detector in self.detectors if detector.engine)
        return next(named, EngineInfo("python", platform.python_version(), "CPU"))

    @property
    def precisions(self) -> dict[str, str]:
        """In what the detectors compute that do not compute in fp32, known after `load`."""
        engines = {detector.name: detector.engine for detector in self.detectors}
        return {
            name: engine.precision
            for name, engine in engines.items()
            if engine and engine.precision != FULL_PRECISION
        }

    def load(self) -> None:
        """Load and warm up all models. Called when first needed, or early to save the first video the wait.

        Raises:
            ConfigurationError: lists every model that is missing or damaged.
        """
        problems: list[str] = []
        for detector in self.detectors:
            try:
                detector.load()
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            # Two detectors may lack the same engine.
            raise ConfigurationError(*dict.fromkeys(problems))

    def analyze(
        self, path: Path | str, progress: Progress = _no_progress, *, stop: Stop = _never
    ) -> AnalysisResult:
        """Analyse a local video file.

        Args:
            path: any file that FFmpeg reads.
            progress: called with the share that is done, 0 to 1, from more than one thread; what it raises
                ends the analysis.
            stop: asked again and again; once it says True, the frames so far are the result, `complete`
                False.

        Raises:
            VideoError: the file is no video that can be analysed.
        """
        frames: list[FrameDetections] = []
        header = self._analyze(path, frames.append, progress, stop=stop)
        return AnalysisResult(header, frames)

    def analyze_to_file(
        self,
        path: Path | str,
        result_path: Path,
        progress: Progress = _no_progress,
        *,
        video_id: int | None = None,
        source: Mapping[str, Any] | None = None,
        max_seconds: float = math.inf,
        stop: Stop = _never,
    ) -> AnalysisHeader:
        """The same, with the result written to a file as it comes: memory does not grow with the video.

        Goes on after the frames that an analysis of the same has left beside `result_path` when it was cut
        off.

        Args:
            path: any file that FFmpeg reads.
            result_path: the result file; it appears when the analysis is complete.
            progress: see `analyze`.
            video_id: see `AnalysisHeader.to_dict`.
            source: see `AnalysisHeader.to_dict`.
            max_seconds: the longest video that is accepted.
            stop: asked again and again; once it says True, the frames so far make a document at
                `partial_path(result_path)`, and the next call goes on after them.

        Raises:
            VideoError: the file is no video that can be analysed, or is too long.
        """
        with ResultFileWriter(result_path, made_of(source or {}, self.arguments)) as writer:
            header = self._analyze(path, writer.write, progress, writer.written(), max_seconds, stop)
            document = header.to_dict(video_id, source)
            if header.stopped:
                writer.stop(document, header.owners)
            else:
                writer.finish(document, header.owners)
        return header

    def _analyze(
        self,
        path: Path | str,
        take: Callable[[FrameDetections], None],
        progress: Progress,
        done: Iterable[Mapping[str, Any]] = (),
        max_seconds: float = math.inf,
        stop: Stop = _never,
    ) -> AnalysisHeader:
        """The one way through a video: decode, detect, hand each frame's result to `take`."""
        self.load()
        summary = Summary((detector.name for detector in self.detectors), skip_still=self.skip_still)
        tracks = FrameTracks(detector.name for detector in self.detectors) if self.tracker else NoTracks()
        carrying = Carrying(tracks)
        first = 0
        for frame_done in done:
            summary.add(frame_done["detections"], carried=frame_done.get("carried", False))
            carrying.replay(frame_done)
            first = frame_done["index"] + 1
        detectors = [in_tiles(detector) for detector in self.detectors]
        sizes = tuple(dict.fromkeys(detector.input_size for detector in detectors))
        asked_for = Wanted(self.frame_ratio, first, sizes, frames_held(detectors), self.skip_still)
        with closing(self.open_video(path, asked_for, progress)) as video:
            wanted = takewhile(lambda _: not stop(), video.frames())
            with closing(detect_all(wanted, detectors)) as found_frames:
                for frame in map(carrying.follow, found_frames):
                    if frame.timestamp > max_seconds:
                        raise VideoError(f"the video is longer than the {max_seconds:g} s that are allowed")
                    take(frame)
                    summary.add(frame.detections, carried=frame.carried)
                    progress(video.progress)
            progress(video.progress)
            summary.add_tracks(tracks.counts())
            stopped = video.progress < 1.0
            info = video.info()
            info = replace(info, complete=info.complete and not stopped)
            return AnalysisHeader(
                info, self.arguments, self.engine, summary, stopped, tracks.owners(), self.precisions
            )
