"""What is to be made unrecognisable, and how."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace

WHAT = ("faces", "heads", "people")
"""Each covers more than the one before. `faces`: every face, and the head of everybody without one; `heads`:
hair and ears as well; `people`: everybody from head to foot."""
STYLES = ("blur", "pixelate", "solid")
"""How it looks; none tells more than another of what was there."""
MARGIN = 0.25
"""The share of its size by which a region grows on every side: chins, ears, and what the detector cut off."""
LARGEST_MARGIN = 5.0
HOLD_SECONDS = 0.2
"""How long a region stays before the first and after the last sighting: 5 frames of 25 a second."""
SURE_FACE, SURE_PERSON = 0.2, 0.4
"""A track counts if its best score reaches this; then all its sightings are covered, weak ones as well."""


@dataclass(frozen=True)
class AnonymizingWishes:
    """What is covered in a video, and how.

    Attributes:
        what: one of `WHAT`.
        style: one of `STYLES`.
        margin: the share of its size by which a region grows on every side.
        keep: who stays as they are, such as `person:2`.
        mute: leave the sound out.
        sure_face: the least score of a face's best sighting.
        sure_person: the same for people.
        decided: what was decided about doubtful moments, by their names.
    """

    what: str = "faces"
    style: str = "blur"
    margin: float = MARGIN
    keep: Collection[str] = ()
    mute: bool = False
    sure_face: float = SURE_FACE
    sure_person: float = SURE_PERSON
    decided: Mapping[str, str] = field(default_factory=dict)

    def with_decided(self, decided: Mapping[str, str]) -> AnonymizingWishes:
        """The same with what somebody has decided."""
        return replace(self, decided=dict(decided))

    def comment(self) -> str:
        """What a copy says about itself: the same wishes, the same words."""
        facts = {**asdict(self), "keep": sorted(self.keep)}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return f"anonymized: {self.what}, {self.style}, {digest[:16]}"
