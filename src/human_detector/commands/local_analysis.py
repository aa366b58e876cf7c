"""What human-detector analyze does with one video: the result, and whatever is made from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from human_detector.commands.progress_display import ProgressDisplay
from human_detector.drawing.copies import write_annotated, write_blurred
from human_detector.errors import ConfigurationError, HumanDetectorError, Interrupted
from human_detector.report.local_report import describe_copy, write_local_report
from human_detector.results.exports.formats import EXPORTERS
from human_detector.results.reader import read_local_result
from human_detector.results.writer import lines_path
from human_detector.video.file import VideoFile
from human_detector.video_analyzer import VideoAnalyzer

BLURRED = {"faces": ("FaceDetector", "face"), "humans": ("HumanDetector", "person")}
"""What `--blur` takes, and the class or the label of the detectors that find it."""


@dataclass(frozen=True)
class Wishes:
    """What is made of every video besides its result.

    Attributes:
        folder: where all files go.
        annotate: a copy with boxes, and the sound.
        blur: one of `BLURRED`, or None.
        report: an HTML page, and a copy of the video where browsers need one.
        exports: names of `EXPORTERS`.
    """

    folder: Path
    annotate: bool = False
    blur: str | None = None
    report: bool = False
    exports: Sequence[str] = ()


@dataclass
class Outcome:
    """What became of one video.

    Attributes:
        video: the file.
        state: `done`, `incomplete` (the file is damaged), `stopped`, `failed` or `not run`.
        reason: why it failed.
        frames: analysed frames.
        detections: by detector name.
        seconds: what it took.
        files: what was written.
    """

    video: Path
    state: str = "not run"
    reason: str = ""
    frames: int = 0
    detections: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0
    files: list[Path] = field(default_factory=list)


class LocalAnalysis:
    """Analyses videos of the local disk, one after another.

    Args:
        analyzer: its models are loaded.
        wishes: what is made of every video.
        display: shows progress.
        stop: asked again and again; once it says True, the video at work is ended with what there is.

    Raises:
        ConfigurationError: something is to be blurred that no detector looks for.
    """

    def __init__(
        self, analyzer: VideoAnalyzer, wishes: Wishes, display: ProgressDisplay, stop: Callable[[], bool]
    ) -> None:
        self._analyzer = analyzer
        self._wishes = wishes
        self._display = display
        self._stop = stop
        self._blurred_detectors = _find_blurred(analyzer, wishes.blur) if wishes.blur else []

    def run(self, video: Path, name: str) -> Outcome:
        """Analyse a video; whatever goes wrong with it is in the outcome.

        Args:
            video: the file.
            name: of the files that are written, without suffix.
        """
        outcome = Outcome(video)
        began = time.monotonic()
        try:
            self._analyze(outcome, name)
        except Interrupted:
            outcome.state = "stopped"
        except HumanDetectorError as error:
            outcome.state, outcome.reason = "failed", str(error)
        except Exception as error:  # a bad file must not stop the others, whatever it sets off
            outcome.state, outcome.reason = "failed", f"{type(error).__name__}: {error}"
        outcome.seconds = time.monotonic() - began
        return outcome

    def _analyze(self, outcome: Outcome, name: str) -> None:
        result_path = self._wishes.folder / f"{name}.json"
        document = self._write_result(outcome.video, result_path)
        outcome.files.append(result_path)
        outcome.frames = document["summary"]["analyzed_frames"]
        outcome.detections = {
            detector: counts["detections"] for detector, counts in document["summary"]["detectors"].items()
        }
        if self._stop():
            # A blurred copy of half a video would show everybody in the other half.
            raise Interrupted("stopped during the analysis")
        self._write_copies(outcome, document, name)
        self._write_documents(outcome, document, name)
        outcome.state = "done" if document["video"]["complete"] else "incomplete"

    def _write_result(self, video: Path, path: Path) -> dict[str, Any]:
        self._display.start(f"{video.name}: analysis", _declared_seconds(video))
        # What an earlier run left was perhaps made with other arguments.
        lines_path(path).unlink(missing_ok=True)
        try:
            self._analyzer.analyze_to_file(video, path, self._display.update, stop=self._stop)
        finally:
            lines_path(path).unlink(missing_ok=True)
        return read_local_result(path)

    def _write_copies(self, outcome: Outcome, document: Mapping[str, Any], name: str) -> None:
        video, length = outcome.video, document["video"]["duration"]
        if self._wishes.annotate:
            copy = self._wishes.folder / f"{name}.annotated.mp4"
            self._display.start(f"{video.name}: annotated copy", length)
            write_annotated(video, document, copy, self._display.update, self._stop)
            outcome.files.append(copy)
        if self._wishes.blur:
            copy = self._wishes.folder / f"{name}.blurred.mp4"
            self._display.start(f"{video.name}: blurred copy", length)
            write_blurred(video, document, copy, self._blurred_detectors, self._display.update, self._stop)
            outcome.files.append(copy)

    def _write_documents(self, outcome: Outcome, document: Mapping[str, Any], name: str) -> None:
        video, folder = outcome.video, self._wishes.folder
        if self._wishes.report:
            page = folder / f"{name}.report.html"
            self._display.start(f"{video.name}: report", document["video"]["duration"])
            copy = write_local_report(video, document, page, progress=self._display.update, stop=self._stop)
            outcome.files.append(page)
            if copy:
                self._display.say(f"{video.name}: {describe_copy(video, copy)}")
                outcome.files.append(copy)
        for wanted in self._wishes.exports:
            outcome.files += EXPORTERS[wanted](document, folder, name)


def _find_blurred(analyzer: VideoAnalyzer, wanted: str) -> Collection[str]:
    """Names of the detectors that find what is to be blurred."""
    class_name, label = BLURRED[wanted]
    names = [
        detector.name
        for detector in analyzer.detectors
        if type(detector).__name__ == class_name or getattr(detector, "label", None) == label
    ]
    if not names:
        raise ConfigurationError(f"--blur {wanted} needs a {class_name}, and none is configured")
    return names


def _declared_seconds(video: Path) -> float:
    """How long the file says that it is, for the progress rate alone; 0 if it does not say.

    Raises:
        VideoError: the file is no video.
    """
    with VideoFile(video) as file:
        return (file.container.duration or 0) / av.time_base
