"""What is to happen in one run, as data that is drawn from a seed, printed, and cut down."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from simulation.faults import (
    BREAKS_OFF,
    FAILED_AFTER,
    FAILED_BEFORE,
    LOST_AFTER,
    LOST_BEFORE,
    RESET_AFTER,
    RESET_BEFORE,
    THROTTLED,
    UNREACHABLE,
    Fault,
    late,
    slow,
)

FAULTY_SECONDS = 240
"""Faults begin within so many seconds from the start."""
REQUESTS = 110
"""Faults hit one of so many first requests of the workers."""
KINDS = {
    "put_object": 8,
    "update_item": 12,
    "delete_object": 3,
    "change_message_visibility": 8,
    "delete_message": 4,
    "send_message": 3,
    "receive_message": 6,
    "get_item": 6,
    "get_object": 4,
    "head_object": 6,
}
"""Or one of so many first requests of a kind: each step of a job is hit as often as any other."""
MOST_EVENTS = 6


@dataclass(frozen=True)
class Nth:
    """One of the workers' requests, by its number among all, or among those of its kind.

    Attributes:
        number: 1 for the first.
        operation: of the client, such as `put_object`; empty for any.
    """

    number: int
    operation: str = ""

    def __str__(self) -> str:
        return f"{self.operation or 'request'} {self.number}"


@dataclass(frozen=True)
class Kill:
    """The worker that sends this request dies; `takes_effect_after` is that of the request, see `Fault`."""

    request: Nth
    takes_effect_after: float | None

    def __str__(self) -> str:
        match self.takes_effect_after:
            case None:
                when = "before it sends"
            case 0:
                when = "right after"
            case seconds:
                when = f"{seconds:g} s before the service has carried out"
        return f"a worker is killed {when} {self.request}"


@dataclass(frozen=True)
class Freeze:
    """The worker that sends this request stands still, before the request takes effect or after."""

    request: Nth
    seconds: float
    before: bool
    clock_stands_still: bool

    def __str__(self) -> str:
        when = "before" if self.before else "after"
        clock = ", its monotonic clock too" if self.clock_stands_still else ""
        return f"a worker freezes for {self.seconds:g} s right {when} {self.request}{clock}"


@dataclass(frozen=True)
class Hit:
    """A fault of one request."""

    request: Nth
    fault: Fault

    def __str__(self) -> str:
        effect = {None: "takes no effect", 0: "takes effect"}.get(
            self.fault.takes_effect_after, f"takes effect {self.fault.takes_effect_after} s late"
        )
        slow = f" after {self.fault.answer_after:g} s" if self.fault.answer_after else ""
        return f"{self.request} {effect}, its sender sees {self.fault.trouble.value}{slow}"


@dataclass(frozen=True)
class CutOff:
    """A service cannot be reached for a while, by one worker or by all."""

    at: float
    seconds: float
    service: str
    worker: int | None

    def __str__(self) -> str:
        who = "nobody" if self.worker is None else f"worker {self.worker}"
        verb = "can" if self.worker is None else "cannot"
        return f"{self.at:.0f} s: {who} {verb} reach {self.service} for {self.seconds:g} s"


@dataclass(frozen=True)
class Terminate:
    """A worker gets SIGTERM, as on a deployment or when its spot instance is taken away."""

    at: float
    worker: int

    def __str__(self) -> str:
        return f"{self.at:.0f} s: the worker in place {self.worker} gets SIGTERM"


@dataclass(frozen=True)
class Deploy:
    """Workers with another configuration take the places of those that are there, one after another."""

    at: float

    def __str__(self) -> str:
        return f"{self.at:.0f} s: a deployment with another configuration"


@dataclass(frozen=True)
class Skew:
    """The clock of a worker is wrong."""

    worker: int
    seconds: float

    def __str__(self) -> str:
        return f"the clock of the worker in place {self.worker} is {self.seconds:+g} s ahead"


@dataclass(frozen=True)
class Loose:
    """SQS delivers in no order, and a message more than once, this often."""

    duplicate: float
    reorder: float

    def __str__(self) -> str:
        return f"SQS doubles {self.duplicate:.0%} of what it delivers, and reorders {self.reorder:.0%}"


@dataclass(frozen=True)
class Replaced:
    """Another video is put in the place of one, and a message is sent for it."""

    at: float
    video: int
    broken: bool

    def __str__(self) -> str:
        what = "a broken one" if self.broken else "another one"
        return f"{self.at:.0f} s: video {self.video} is replaced by {what}, and asked for"


@dataclass(frozen=True)
class Deleted:
    """A video is deleted."""

    at: float
    video: int

    def __str__(self) -> str:
        return f"{self.at:.0f} s: video {self.video} is deleted"


@dataclass(frozen=True)
class RecordDeleted:
    """Somebody deletes a record. A message for it is one of nothing, and becomes a dead letter."""

    at: float
    video: int

    def __str__(self) -> str:
        return f"{self.at:.0f} s: record {self.video} is deleted"


@dataclass(frozen=True)
class Edited:
    """Another service writes to a record; how, says `second_writer.EDITS`."""

    at: float
    video: int
    edit: str

    def __str__(self) -> str:
        return f"{self.at:.0f} s: another service {self.edit} of record {self.video}"


@dataclass(frozen=True)
class Asked:
    """A video is asked for again: by another message, which may force it or name another key."""

    at: float
    video: int
    folder: str
    force: bool

    def __str__(self) -> str:
        force = ", and forced" if self.force else ""
        return f"{self.at:.0f} s: {self.folder}/{self.video}.mp4 is asked for{force}"


@dataclass(frozen=True)
class Crash:
    """The analysis process dies at one of its frames."""

    analysis: int
    frame: int

    def __str__(self) -> str:
        return f"analysis {self.analysis} crashes at its frame {self.frame}"


Event = (
    Kill
    | Freeze
    | Hit
    | CutOff
    | Terminate
    | Deploy
    | Skew
    | Loose
    | Replaced
    | Deleted
    | RecordDeleted
    | Edited
    | Asked
    | Crash
)


@dataclass(frozen=True)
class Schedule:
    """One run.

    Attributes:
        seed: of everything that is left to chance: who acts when.
        frames: of each video.
        forms: of the first messages, one for each video; see `history.body_of`.
        together: instead, one S3 event names all videos, beside an entry that makes no sense.
        bare: the videos whose records say nothing in the beginning.
        workers: how many places for workers there are.
        max_receive_count: of the queue; None if it has no dead-letter queue.
        events: what happens beside the work.
    """

    seed: int
    frames: tuple[int, ...]
    forms: tuple[str, ...]
    together: bool
    bare: frozenset[int]
    workers: int
    max_receive_count: int | None
    events: tuple[Event, ...] = field(default=())

    def without(self, event: Event) -> Schedule:
        """The same with one event less."""
        return replace(self, events=tuple(other for other in self.events if other is not event))


FORMS = ("own", "own", "no key", "s3 event")
NAMES_THE_KEY = ("own", "s3 event")
EDITS = ("appends an element", "puts an element first", "changes its element", "sets an attribute")
SERVICES = ("sqs", "s3", "dynamodb")
HITS = (
    LOST_BEFORE,
    LOST_AFTER,
    LOST_AFTER,
    RESET_BEFORE,
    RESET_AFTER,
    RESET_AFTER,
    FAILED_BEFORE,
    FAILED_AFTER,
    THROTTLED,
    UNREACHABLE,
    BREAKS_OFF,
    slow(8),
    late(20),
    late(120),
)


def draw(seed: int, kinds: Sequence[type] = ()) -> Schedule:
    """The schedule of a seed.

    Args:
        seed: any number.
        kinds: of the events, for a search that is after something certain; all kinds by default.
    """
    dice = random.Random(seed)
    videos = dice.choice([1, 1, 2, 2, 3])
    workers = dice.choice([1, 2, 2])
    kinds = kinds or list(_DRAWN)
    weights = [_DRAWN[kind][1] for kind in kinds]
    chosen = dice.choices(kinds, weights, k=dice.randint(0, MOST_EVENTS))
    forms = tuple(dice.choice(FORMS) for _ in range(videos))
    max_receive_count = dice.choice([None, 1, 2, 3, 3, 5])
    events = tuple(_DRAWN[kind][0](dice, videos, workers) for kind in chosen)
    if max_receive_count is None:
        # A message that no record is of comes back for days where there is no dead-letter queue.
        events = tuple(event for event in events if not isinstance(event, RecordDeleted))
    return Schedule(
        seed,
        frames=tuple(dice.randint(2, 16) for _ in range(videos)),
        forms=forms,
        together=max_receive_count is not None and dice.random() < 0.15,
        bare=frozenset(
            video
            for video, form in enumerate(forms, start=1)
            if form in NAMES_THE_KEY and dice.random() < 0.2
        ),
        workers=workers,
        max_receive_count=max_receive_count,
        events=events,
    )


def _request(dice: random.Random) -> Nth:
    if dice.random() < 0.3:
        return Nth(dice.randint(1, REQUESTS))
    operation = dice.choice(list(KINDS))
    return Nth(dice.randint(1, KINDS[operation]), operation)


def _at(dice: random.Random) -> float:
    return round(dice.uniform(0, FAULTY_SECONDS), 1)


_DRAWN: dict[type, tuple[Callable[[random.Random, int, int], Event], int]] = {
    Kill: (
        lambda dice, _, __: Kill(_request(dice), dice.choice([None, None, 0, 0, 5, 90])),
        6,
    ),
    Freeze: (
        lambda dice, _, __: Freeze(
            _request(dice),
            dice.choice([30, 70, 130, 400]),
            dice.random() < 0.7,
            dice.random() < 0.3,
        ),
        6,
    ),
    Hit: (lambda dice, _, __: Hit(_request(dice), dice.choice(HITS)), 6),
    CutOff: (
        lambda dice, _, workers: CutOff(
            _at(dice),
            dice.choice([5, 40, 200]),
            dice.choice(SERVICES),
            dice.choice([None, *range(1, workers + 1)]),
        ),
        3,
    ),
    Terminate: (lambda dice, _, workers: Terminate(_at(dice), dice.randint(1, workers)), 3),
    Deploy: (lambda dice, _, __: Deploy(_at(dice)), 1),
    Skew: (lambda dice, _, workers: Skew(dice.randint(1, workers), dice.choice([-290, -60, 60, 290])), 2),
    Loose: (lambda dice, _, __: Loose(dice.choice([0, 0.1, 0.3]), dice.choice([0, 0.5])), 1),
    Replaced: (lambda dice, videos, _: Replaced(_at(dice), dice.randint(1, videos), dice.random() < 0.2), 2),
    Deleted: (lambda dice, videos, _: Deleted(_at(dice), dice.randint(1, videos)), 1),
    RecordDeleted: (lambda dice, videos, _: RecordDeleted(_at(dice), dice.randint(1, videos)), 1),
    Edited: (lambda dice, videos, _: Edited(_at(dice), dice.randint(1, videos), dice.choice(EDITS)), 3),
    Asked: (
        lambda dice, videos, _: Asked(
            _at(dice),
            dice.randint(1, videos),
            dice.choice(["videos", "videos", "others"]),
            dice.random() < 0.4,
        ),
        3,
    ),
    Crash: (lambda dice, _, __: Crash(dice.randint(1, 4), dice.randint(0, 15)), 2),
}
