"""The shape of a video's record, and what its states mean. Who may change it is in claim.py.

Other services write to the list `process_steps`, too, and what they write may be anything. An element is
the worker's own if it is a map whose `step` is `human_detector`. All others are foreign: only read, and only
to learn where the video is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from human_detector.harmless_text import harmless

STEP = "human_detector"
SOURCE_STEP = "video_split"

MAX_ERROR_CHARACTERS = 2000
LARGEST = Decimal(10) ** 15
"""DynamoDB takes numbers of 125 digits, and takes none back that has more than 38 places."""

Element = dict[str, Any]
"""One element of the list `process_steps`."""


@dataclass(frozen=True)
class Record:
    """A record as it was read.

    Attributes:
        video_id: its key.
        elements: its list `process_steps`, with an empty element for each that is no map.
    """

    video_id: int
    elements: Sequence[Element]

    @classmethod
    def of_item(cls, item: Mapping[str, Any]) -> Record:
        """The record in an item of the table; without steps if `process_steps` is no list."""
        elements = item.get("process_steps")
        shown = elements if isinstance(elements, list) else []
        return cls(int(item["VideoId"]), [element if isinstance(element, dict) else {} for element in shown])

    @property
    def index(self) -> int | None:
        """Where the worker's own element stands; the last, if there are several; None if there is none."""
        own = [i for i, element in enumerate(self.elements) if element.get("step") == STEP]
        return own[-1] if own else None

    @property
    def step(self) -> Element | None:
        """The worker's own element, if there is one."""
        return None if self.index is None else self.elements[self.index]

    def with_step(self, step: Element) -> Record:
        """The same with another element in the place of the worker's own, which must be there."""
        assert self.index is not None
        return replace(self, elements=[*self.elements[: self.index], step, *self.elements[self.index + 1 :]])

    @property
    def state(self) -> str:
        """The state of that element; `waiting` if there is none yet."""
        return str((self.step or {}).get("state", "waiting"))

    @property
    def source(self) -> tuple[str, str] | None:
        """Bucket and key of the video: the `result_file` of the latest done step `video_split`, if any."""
        for element in reversed(self.elements):
            if element.get("step") == SOURCE_STEP and element.get("state") == "done":
                match element.get("result_file"):
                    case {"bucket": str(bucket), "key": str(key)} if bucket and key:
                        return bucket, key
        return None


@dataclass(frozen=True)
class SignOfLife:
    """What the owner of a running step has last shown.

    Attributes:
        beat: changes with every renewal of the lease.
        lease_seconds: how long the owner may stay silent; it renews several times as often.
    """

    beat: str
    lease_seconds: float


def sign_of_life(step: Mapping[str, Any], lease_seconds: float) -> SignOfLife | None:
    """The last one of a step's owner; None if nobody owns it.

    It says nothing about the owner being alive: that shows in the next one. No two clocks are compared for
    it; `lease_expires_at` is for people.

    Args:
        step: the worker's own element.
        lease_seconds: of an owner that does not say for how long its lease is.
    """
    # A step that runs without a lease was left by software that knows none.
    if step.get("state") != "running" or not isinstance(step.get("owner"), str):
        return None
    beat = f"{step['owner']}/{number_of(step, 'beat')}/{number_of(step, 'lease_expires_at')}"
    # It travels in an attribute of a message, and those hold no control characters.
    return SignOfLife(harmless(beat), float(number_of(step, "lease_seconds") or lease_seconds))


def lease_seconds_left(step: Mapping[str, Any], now: float) -> float:
    """How long the lease of a running step lasts unless it is renewed, as far as clocks can be compared.

    For people, and for leases that ended long ago. 0 if nobody holds one.

    Args:
        step: the worker's own element.
        now: epoch seconds.
    """
    if step.get("state") != "running":
        return 0
    # A step that runs without a lease was left by software that knows none.
    return max(0.0, float(number_of(step, "lease_expires_at")) - now)


def has_ended(step: Mapping[str, Any]) -> bool:
    """Whether a step says how its video ended."""
    return step.get("state") in ("done", "error")


def failed(reason: str) -> Element:
    """The step of a video that is given up."""
    return {"step": STEP, "state": "error", "error": told(reason)}


def told(reason: str) -> str:
    """A reason as it stands in a record: it may quote anything, and people read it on terminals."""
    return harmless(reason, keep="\n")[:MAX_ERROR_CHARACTERS]


def died(times: int) -> str:
    """Why a video is given up that its workers did not survive."""
    return f"the worker died {times} times while analysing it"


def attempts_so_far(step: Mapping[str, Any]) -> int:
    """How often this video has been tried since it was last done or failed for good."""
    if step.get("state") not in ("running", "interrupted"):
        return 0
    return max(1, int(number_of(step, "attempt")))


def failures_so_far(step: Mapping[str, Any]) -> int:
    """How many attempts have failed since one of them got further than those before it.

    An attempt that was given back, because its worker was stopped, is none of them; one whose worker died is.
    """
    match step.get("state"):
        case "running":
            return int(number_of(step, "failures")) + 1
        case "interrupted":
            return int(number_of(step, "failures"))
    return 0


def number_of(step: Mapping[str, Any], name: str) -> Decimal:
    """A number of a step, within what can be counted with; 0 where there is none, or something else."""
    value = step.get(name)
    return max(-LARGEST, min(value, LARGEST)) if isinstance(value, Decimal) else Decimal(0)
