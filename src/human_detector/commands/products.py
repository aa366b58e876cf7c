"""What is made of a video's result: copies, a page, other formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from human_detector.commands.progress_display import ProgressDisplay
from human_detector.drawing.anonymizing.copies import is_copy_of_wishes, write_anonymized
from human_detector.drawing.anonymizing.regions import Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.drawing.copies import write_annotated
from human_detector.report.local_report import describe_copy, write_local_report
from human_detector.results.exports.formats import export_all


@dataclass(frozen=True)
class Files:
    """Where the files of one video go.

    Attributes:
        folder: all of them.
        name: their beginning.
        result: the result that they are made of.
    """

    folder: Path
    name: str
    result: Path

    def path(self, kind: str) -> Path:
        """The file of a kind, such as `annotated.mp4`."""
        return self.folder / f"{self.name}.{kind}"

    def is_current(self, kind: str) -> bool:
        """Whether a file is there that was made from the result, which then is older."""
        file = self.path(kind)
        return file.exists() and file.stat().st_mtime_ns >= self.result.stat().st_mtime_ns


@dataclass
class Making:
    """What a product is made of, and what comes out.

    Attributes:
        video: what was analysed.
        document: its result.
        files: where it goes.
        display: shows progress.
        stop: asked again and again.
        written: the files, filled by the product.
        problems: what could not be made, filled by the product.
        remarks: what is to be said at the end, filled by the product.
    """

    video: Path
    document: Mapping[str, Any]
    files: Files
    display: ProgressDisplay
    stop: Callable[[], bool]
    written: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def start(self, stage: str) -> None:
        """Show that a stage begins."""
        facts = self.document["video"]
        self.display.start(f"{self.video.name}: {stage}", facts["duration"], facts["frame_count"])


class Product(ABC):
    """One thing that is made of each result.

    Attributes:
        stage: what it is called while it is made; empty if it takes no time worth showing.
        kind: how the name of its file ends; empty if it is made again every time.
    """

    stage: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def is_there(self, files: Files) -> bool:
        """Whether an earlier run has made it of the result that is there, as it is wished for now."""
        return bool(self.kind) and files.is_current(self.kind)

    @abstractmethod
    def make(self, making: Making) -> None:
        """Make it.

        Raises:
            Interrupted: `making.stop` said so; there is no part of it.
        """


@dataclass(frozen=True)
class Exports(Product):
    """Other formats.

    Attributes:
        formats: names of `EXPORTERS`.
    """

    formats: Sequence[str]

    def make(self, making: Making) -> None:
        """See `Product.make`."""
        written, problems = export_all(making.document, self.formats, making.files.folder, making.files.name)
        making.written += written
        making.problems += problems


class AnnotatedCopy(Product):
    """A copy of the video with boxes, and the sound."""

    stage = "annotated copy"
    kind = "annotated.mp4"

    def make(self, making: Making) -> None:
        """See `Product.make`."""
        copy = making.files.path(self.kind)
        write_annotated(making.video, making.document, copy, making.display.update, making.stop)
        making.written.append(copy)


@dataclass(frozen=True)
class BlurredCopy(Product):
    """A silent copy in which nobody can be recognised who is in the result.

    Attributes:
        wishes: what is covered, and how.
    """

    stage: ClassVar[str] = "blurred copy"
    kind: ClassVar[str] = "blurred.mp4"
    wishes: AnonymizingWishes

    def is_there(self, files: Files) -> bool:
        """See `Product.is_there`."""
        return super().is_there(files) and is_copy_of_wishes(files.path(self.kind), self.wishes)

    def make(self, making: Making) -> None:
        """See `Product.make`."""
        copy = making.files.path(self.kind)
        marks = Scene(making.document, self.wishes).marks()
        write_anonymized(
            making.video, making.document, marks, self.wishes, copy, making.display.update, making.stop
        )
        making.written.append(copy)


class ReportPage(Product):
    """A page to look at, and a copy of the video where browsers need one."""

    stage = "report"
    kind = "report.html"

    def make(self, making: Making) -> None:
        """See `Product.make`."""
        page = making.files.path(self.kind)
        copy = write_local_report(
            making.video, making.document, page, progress=making.display.update, stop=making.stop
        )
        making.written.append(page)
        if copy:
            making.display.say(f"{making.video.name}: {describe_copy(making.video, copy)}")
            making.written.append(copy)
