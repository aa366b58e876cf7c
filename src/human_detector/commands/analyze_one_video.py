"""What happens to one video on this machine: its result, and whatever is made from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from human_detector.commands.analyze_earlier_result import earlier_result
from human_detector.commands.analyze_outcomes import Outcome
from human_detector.commands.batch_progress import VideoWork
from human_detector.commands.output_names import OutputNames, own_of_local
from human_detector.commands.products import Files, Making, Product
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.videos import videos
from human_detector.errors import Interrupted, in_words
from human_detector.results.made_of import changes_since, local_source, made_of
from human_detector.results.reader import read_local_result
from human_detector.results.writer import frames_left, lines_path, partial_path
from human_detector.video_analyzer import VideoAnalyzer


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
        products: what is to be made of the result.
        seconds: the length of the video as the file says it; 0 if it does not.
        frames: the same in frames.
    """

    video: Path
    name: str
    source: Mapping[str, str]
    has_result: bool
    changes: Sequence[str]
    analyze: bool
    products: Sequence[Product]
    seconds: float
    frames: float

    @property
    def work(self) -> VideoWork:
        """How much it is."""
        stages = ["analysis"] if self.analyze else []
        return VideoWork(self.frames, stages + [each.stage for each in self.products if each.stage])


class LocalAnalysis:
    """Analyses videos of the local disk, one after another.

    Args:
        analyzer: applies the detectors.
        folder: where all files go.
        products: what is made of every result.
        display: shows progress.
        stop: asked again and again; once it says True, the video at work is ended with what there is.
        force: make everything anew, whatever an earlier run has made.
        result_kind: how the names of the results end.
    """

    def __init__(
        self,
        analyzer: VideoAnalyzer,
        folder: Path,
        products: Sequence[Product],
        display: ProgressDisplay,
        stop: Callable[[], bool],
        *,
        force: bool = False,
        result_kind: str = "json",
    ) -> None:
        self._analyzer = analyzer
        self._folder = folder
        self._products = products
        self._display = display
        self._stop = stop
        self._force = force
        self._result_kind = result_kind
        self._names = OutputNames(folder, result_kind)

    def plan(self, video: Path) -> Plan:
        """See what there is to do, after what an earlier run has done.

        Args:
            video: the file.

        Raises:
            VideoError: the file is no video.
            PermanentError: something else than a result lies where the result is to go.
        """
        seconds, frames = videos().declared_length(video)
        source = local_source(video, self._folder)
        name = self._names.choose(video.stem, *own_of_local(source))
        files = self._files(name)
        earlier = earlier_result(files.result)
        changes = changes_since(earlier, source, self._analyzer.arguments) if earlier else []
        has_result = earlier is not None and not changes
        keep = has_result and not self._force
        products = [each for each in self._products if not (keep and each.is_there(files))]
        return Plan(
            video,
            name,
            source,
            has_result,
            changes,
            analyze=not keep,
            products=products,
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
        files = self._files(plan.name)
        if plan.analyze:
            self._write_result(outcome, plan, files.result)
        document = read_local_result(files.result)
        outcome.files.append(files.result)
        outcome.count(document)
        making = Making(plan.video, document, files, self._display, self._stop, outcome.files)
        for product in plan.products:
            _try(product, making)
        outcome.remarks += making.remarks
        if making.problems:
            outcome.state, outcome.reason = "failed", "; ".join(making.problems)
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
        if self._force:
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
            f"{partial} has the {outcome.frames} frames so far; the same command"
            f"{' without --force' if self._force else ''} goes on after them"
        )

    def _files(self, name: str) -> Files:
        return Files(self._folder, name, self._folder / f"{name}.{self._result_kind}")


def _try(product: Product, making: Making) -> None:
    """Make one of the products; a problem with it must not cost the others."""
    if product.stage:
        making.start(product.stage)
    try:
        product.make(making)
    except Interrupted:
        raise
    except Exception as error:  # foreseen or not
        making.problems.append(in_words(error))
