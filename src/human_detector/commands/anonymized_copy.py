"""What human-detector anonymize makes of a result: the copy, and what somebody should look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from human_detector.commands.products import Files, Making, Product
from human_detector.drawing.anonymizing.copies import is_copy_of_wishes, telling_metadata, write_anonymized
from human_detector.drawing.anonymizing.decisions import BLUR, Decisions, check_names, decisions_about
from human_detector.drawing.anonymizing.doubtful import (
    MomentPictures,
    doubtful_document,
    sentence_of,
    write_doubtful,
)
from human_detector.drawing.anonymizing.moments import Doubts, with_decided
from human_detector.drawing.anonymizing.regions import Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.results.reader import read_header

RESULT_KIND = "anonymized.json"
"""Beside a NAME.json of `analyze`, which looks at fewer frames and with other thresholds."""
PAGE_KIND, FACTS_KIND = "doubtful.html", "doubtful.json"


@dataclass(frozen=True)
class AnonymizedCopy(Product):
    """A copy in which nobody can be recognised, and a page of what is doubtful.

    Attributes:
        wishes: what is covered, and how.
        decisions: what somebody has decided on such pages.
    """

    stage: ClassVar[str] = "anonymised copy"
    kind: ClassVar[str] = "anonymized.mp4"
    wishes: AnonymizingWishes
    decisions: Sequence[Decisions] = ()

    def is_there(self, files: Files) -> bool:
        """See `Product.is_there`."""
        others = all(files.is_current(kind) for kind in (PAGE_KIND, FACTS_KIND))
        if not (others and super().is_there(files)):
            return False
        return is_copy_of_wishes(files.path(self.kind), self._wishes_for(read_header(files.result)))

    def make(self, making: Making) -> None:
        """See `Product.make`."""
        document, files = making.document, making.files
        wishes = self._wishes_for(document)
        scene = Scene(document, wishes)
        scene.check_keep()
        frames = scene.marks()
        moments = Doubts(scene, frames).moments()
        check_names(wishes.decided, moments)
        covered = with_decided(
            frames, [moment for moment in moments if wishes.decided.get(moment.name) == BLUR]
        )
        pictures = MomentPictures(frames, moments)
        facts = doubtful_document(document, frames, moments, wishes.decided, telling_metadata(making.video))
        copy = files.path(self.kind)
        write_anonymized(
            making.video, document, covered, wishes, copy, making.display.update, making.stop, pictures.look
        )
        making.written.append(copy)
        page = files.path(PAGE_KIND)
        write_doubtful(facts, making.video.name, pictures.addresses, page)
        making.written.append(page)

    def _wishes_for(self, document: Any) -> AnonymizingWishes:
        return self.wishes.with_decided(decisions_about(document["video"].get("etag", ""), self.decisions))


class AnonymizingSummary(Product):
    """What is said of a copy at the end, also of one that an earlier run has made."""

    def make(self, making: Making) -> None:
        """See `Product.make`."""
        page = making.files.path(PAGE_KIND)
        if making.problems:
            return
        facts = json.loads(making.files.path(FACTS_KIND).read_text(encoding="utf-8"))
        where = f" ({page})" if facts["moments"] else ""
        making.remarks.append(sentence_of(facts["summary"]) + where)
        if left_out := facts["metadata_left_out"]:
            making.remarks.append(f"the copy does not have the video's {', '.join(left_out)}")
