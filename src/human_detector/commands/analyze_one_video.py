"""What human-detector analyze does with one video: the result, and whatever is made from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from human_detector.commands.analyze_earlier_result import earlier_result
from human_detector.commands.analyze_outcomes import Outcome
from human_detector.commands.batch_progress import VideoWork
from human_detector.commands.output_names import OutputNames, own_of_local
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.detectors.detector import Detector
from human_detector.drawing.copies import is_blurred_copy, write_annotated, write_blurred
from human_detector.errors import ConfigurationError, Interrupted, in_words
from human_detector.report.local_report import describe_copy, write_local_report
from human_detector.results.exports.formats import export_all
from human_detector.results.made_of import changes_since, local_source, made_of
from human_detector.results.reader import read_local_result
from human_detector.results.writer import frames_left, lines_path, partial_path
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
        force: make everything anew, whatever an earlier run has made.
    """

    folder: Path
    annotate: bool = False
    blur: str | None = None
    report: bool = False
    exports: Sequence[str] = ()
    force: bool = False


@dataclass(frozen=True)
class Plan:
    """What there is to do for one video.

    Attributes:
        video: the file.
        name: of the files that are written, without suffix.
        source: the facts that tell this file from another, or from itself after a change.
        has_result: an earlier run has finished the result.
        changes: why the result of an earlier run is of no use any more.
        analyze: make a result.
        annotate: make a copy with boxes.
        blur: make a blurred copy.
        report: make a page.
        seconds: the length of the video as the file says it; 0 if it does not.
        frames: the same in frames.
    """

    video: Path
    name: str
    source: Mapping[str, str]
    has_result: bool
    changes: Sequence[str]
    analyze: bool
    annotate: bool
    blur: bool
    report: bool
    seconds: float
    frames: float

    @property
    def work(self) -> VideoWork:
        """How much it is."""
        stages = {
            "analysis": self.analyze,
            "annotated copy": self.annotate,
            "blurred copy": self.blur,
            "report": self.report,
        }
        return VideoWork(self.frames, [stage for stage, is_due in stages.items() if is_due])


class LocalAnalysis:
    """Analyses videos of the local disk, one after another.

    Args:
        analyzer: applies the detectors.
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
        self._names = OutputNames(wishes.folder)
        self._blurred_detectors = _find_blurred(analyzer, wishes.blur) if wishes.blur else []

    def plan(self, video: Path) -> Plan:
        """See what there is to do, after what an earlier run has done.

        Args:
            video: the file.

        Raises:
            VideoError: the file is no video.
            PermanentError: something else than a result lies where the result is to go.
        """
        seconds, frames = _declared_length(video)
        source = local_source(video, self._wishes.folder)
        name = self._names.choose(video.stem, *own_of_local(source))
        earlier = earlier_result(self._path(name, "json"))
        changes = changes_since(earlier, source, self._analyzer.arguments) if earlier else []
        has_result = earlier is not None and not changes
        keep = has_result and not self._wishes.force

        def is_due(wished: bool, kind: str) -> bool:
            return wished and not (keep and self._is_current(name, kind))

        return Plan(
            video,
            name,
            source,
            has_result,
            changes,
            analyze=not keep,
            annotate=is_due(self._wishes.annotate, "annotated.mp4"),
            blur=self._wishes.blur is not None and not (keep and self._is_blurred(name)),
            report=is_due(self._wishes.report, "report.html"),
            seconds=seconds,
            frames=frames,
        )

    def run(self, plan: Plan) -> Outcome:
        """Do what there is to do for a video; whatever goes wrong with it is in the outcome."""
        outcome = Outcome(plan.video, is_new=plan.analyze)
        began = time.monotonic()
        try:
            self._make(outcome, plan)
        except Interrupted as stopped:
            outcome.state, outcome.reason = "stopped", str(stopped)
        except Exception as error:  # a bad file must not stop the others, whatever it sets off
            outcome.state, outcome.reason = "failed", in_words(error)
        outcome.seconds = time.monotonic() - began
        return outcome

    def _make(self, outcome: Outcome, plan: Plan) -> None:
        path = self._path(plan.name, "json")
        if plan.analyze:
            self._write_result(outcome, plan, path)
        document = read_local_result(path)
        outcome.files.append(path)
        outcome.count(document)
        problems = self._write_exports(outcome, document, plan.name)
        for is_due, write in (
            (plan.annotate, self._write_annotated),
            (plan.blur, self._write_blurred),
            (plan.report, self._write_report),
        ):
            if is_due:
                problems += _try(write, outcome, document, plan.name)
        if problems:
            outcome.state, outcome.reason = "failed", "; ".join(problems)
        elif not document["video"]["complete"]:
            outcome.state = "incomplete"
            # Results of the first days do not say it.
            outcome.reason = document["video"].get("damage", "the file ends early, or a part is damaged")
        else:
            outcome.state = "done" if plan.analyze else "done before"

    def _write_result(self, outcome: Outcome, plan: Plan, path: Path) -> None:
        """Analyse the video, from where an earlier run was stopped.

        Raises:
            Interrupted: it was stopped; what there is lies beside the result.
        """
        video = plan.video
        if plan.name != video.stem:
            self._display.say(f"{video}: goes to {path}: another video has the name {video.stem} there")
        if plan.changes:
            self._display.say(f"{video.name}: analysed anew: {', '.join(plan.changes)}")
        if self._wishes.force:
            lines_path(path).unlink(missing_ok=True)
        if frames := frames_left(path, made_of(plan.source, self._analyzer.arguments)):
            self._display.say(f"{video.name}: going on after the {frames} frames that are analysed")
        self._display.start(f"{video.name}: analysis", plan.seconds, plan.frames)
        header = self._analyzer.analyze_to_file(
            video, path, self._display.update, source=plan.source, stop=self._stop
        )
        if not header.stopped:
            return
        partial = partial_path(path)
        outcome.count(read_local_result(partial))
        if plan.has_result:
            # The next run finds this result and has no use for a part of another.
            partial.unlink()
            lines_path(path).unlink()
            raise Interrupted(f"{path} stays as it was")
        raise Interrupted(
            f"{partial} has the {outcome.frames} frames so far; the same command goes on after them"
        )

    def _write_exports(self, outcome: Outcome, document: Mapping[str, Any], name: str) -> list[str]:
        files, problems = export_all(document, self._wishes.exports, self._wishes.folder, name)
        outcome.files += files
        return problems

    def _write_annotated(self, outcome: Outcome, document: Mapping[str, Any], name: str) -> None:
        video, copy = outcome.video, self._path(name, "annotated.mp4")
        self._start(f"{video.name}: annotated copy", document)
        write_annotated(video, document, copy, self._display.update, self._stop)
        outcome.files.append(copy)

    def _write_blurred(self, outcome: Outcome, document: Mapping[str, Any], name: str) -> None:
        video, copy = outcome.video, self._path(name, "blurred.mp4")
        self._start(f"{video.name}: blurred copy", document)
        write_blurred(video, document, copy, self._blurred_detectors, self._display.update, self._stop)
        outcome.files.append(copy)

    def _write_report(self, outcome: Outcome, document: Mapping[str, Any], name: str) -> None:
        video, page = outcome.video, self._path(name, "report.html")
        self._start(f"{video.name}: report", document)
        copy = write_local_report(video, document, page, progress=self._display.update, stop=self._stop)
        outcome.files.append(page)
        if copy:
            self._display.say(f"{video.name}: {describe_copy(video, copy)}")
            outcome.files.append(copy)

    def _start(self, title: str, document: Mapping[str, Any]) -> None:
        self._display.start(title, document["video"]["duration"], document["video"]["frame_count"])

    def _path(self, name: str, kind: str) -> Path:
        return self._wishes.folder / f"{name}.{kind}"

    def _is_blurred(self, name: str) -> bool:
        """Whether a blurred copy is there, made from the result, and of what is to be blurred now."""
        copy = self._path(name, "blurred.mp4")
        return self._is_current(name, "blurred.mp4") and is_blurred_copy(copy, self._blurred_detectors)

    def _is_current(self, name: str, kind: str) -> bool:
        """Whether a file is there that was made from the result, which then is older."""
        file, result = self._path(name, kind), self._path(name, "json")
        return file.exists() and file.stat().st_mtime_ns >= result.stat().st_mtime_ns


def _try(
    write: Callable[[Outcome, Mapping[str, Any], str], None],
    outcome: Outcome,
    document: Mapping[str, Any],
    name: str,
) -> list[str]:
    """Write one of the files; a problem with it must not cost the others."""
    try:
        write(outcome, document, name)
    except Interrupted:
        raise
    except Exception as error:  # foreseen or not
        return [in_words(error)]
    return []


def _find_blurred(analyzer: VideoAnalyzer, wanted: str) -> Collection[str]:
    """Names of the detectors that find what is to be blurred."""
    class_name, label = BLURRED[wanted]
    names = [
        detector.name
        for detector in analyzer.detectors
        if type(detector).__name__ == class_name or label in _labels_of(detector)
    ]
    if not names:
        raise ConfigurationError(f"--blur {wanted} needs a {class_name}, and none is configured")
    return names


def _labels_of(detector: Detector) -> Sequence[str]:
    """What a detector says that it finds: a detector from elsewhere may say nothing."""
    label = getattr(detector, "label", ())
    return [label] if isinstance(label, str) else label


def _declared_length(video: Path) -> tuple[float, float]:
    """How long the file says that it is, for the progress alone: seconds and frames, 0 where it does not say.

    Raises:
        VideoError: the file is no video.
    """
    with VideoFile(video) as file:
        seconds = (file.container.duration or 0) / av.time_base
        rate = file.stream.average_rate or file.stream.guessed_rate or 0
        return seconds, file.stream.frames or seconds * float(rate)
