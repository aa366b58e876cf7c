"""What can happen to a request, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request on its way. What botocore sends again is another request.

    Attributes:
        number: 1 for the first of the world, in the order of sending.
        sender: who sends it, such as `worker 1`.
        service: `sqs`, `s3` or `dynamodb`.
        operation: the client's method, such as `put_object`.
        parameters: its arguments.
        attempt: 1, or more where botocore sends it again.
        sent_at: epoch seconds.
    """

    number: int
    sender: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    attempt: int
    sent_at: float

    def __str__(self) -> str:
        again = "" if self.attempt == 1 else f", try {self.attempt}"
        return f"request {self.number}: {self.sender} sends {self.service} {self.operation}{again}"


class Trouble(Enum):
    """What the sender sees of a request."""

    NONE = "its answer"
    UNREACHABLE = "no connection until it gives up"
    SILENT = "no answer until it gives up"
    RESET = "a connection that breaks"
    BREAKS_OFF = "the first half of what it fetches"
    THROTTLED = "that it asks too often"
    SERVER_ERROR = "that the service failed"


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    Attributes:
        trouble: what the sender sees.
        takes_effect_after: seconds until the service carries it out; 0 for at once, None for never. What takes effect
            late does so after its sender has given up, and whatever happened in between: a packet can be slow.
        answer_after: seconds from the effect to the answer.
    """

    trouble: Trouble = Trouble.NONE
    takes_effect_after: float | None = 0
    answer_after: float = 0

    def __post_init__(self) -> None:
        if self.trouble is Trouble.NONE and self.takes_effect_after != 0:
            raise ValueError("a request that is answered takes effect at once")
        if self.trouble in (Trouble.UNREACHABLE, Trouble.THROTTLED) and self.takes_effect_after is not None:
            raise ValueError(f"a request that meets {self.trouble.name} takes no effect")
        if self.trouble is not Trouble.NONE and self.answer_after:
            raise ValueError(f"there is no answer to a request that meets {self.trouble.name}")


FINE = Fault()
UNREACHABLE = Fault(Trouble.UNREACHABLE, takes_effect_after=None)
"""No connection can be made within the time-out."""
LOST_BEFORE = Fault(Trouble.SILENT, takes_effect_after=None)
"""The request never arrives, and the sender waits until its time-out."""
LOST_AFTER = Fault(Trouble.SILENT)
"""The request takes effect, its answer never arrives, and the sender waits until its time-out."""
RESET_BEFORE = Fault(Trouble.RESET, takes_effect_after=None)
RESET_AFTER = Fault(Trouble.RESET)
BREAKS_OFF = Fault(Trouble.BREAKS_OFF)
"""The answer begins, and the connection breaks while its content is read; without content, it breaks before."""
THROTTLED = Fault(Trouble.THROTTLED, takes_effect_after=None)
FAILED_BEFORE = Fault(Trouble.SERVER_ERROR, takes_effect_after=None)
FAILED_AFTER = Fault(Trouble.SERVER_ERROR)
"""The service says 500 for what it has carried out nevertheless."""


def slow(seconds: float) -> Fault:
    """The answer takes that long."""
    return Fault(answer_after=seconds)


def late(seconds: float) -> Fault:
    """The sender gives up, and the request takes effect that long after it was sent."""
    return Fault(Trouble.SILENT, takes_effect_after=seconds)


@dataclass(frozen=True)
class Outage:
    """A time in which the requests to a service all meet the same fault.

    Attributes:
        starts_at: epoch seconds.
        ends_at: epoch seconds.
        service: `sqs`, `s3` or `dynamodb`; None for all.
        sender: whose requests; None for everybody's.
        fault: what they meet.
    """

    starts_at: float
    ends_at: float
    service: str | None = None
    sender: str | None = None
    fault: Fault = UNREACHABLE

    def concerns(self, request: Request) -> bool:
        """Whether a request meets it."""
        return (
            self.starts_at <= request.sent_at < self.ends_at
            and self.service in (None, request.service)
            and self.sender in (None, request.sender)
        )


@dataclass(frozen=True)
class FaultPlan:
    """Decides the fault of each request from data that a failure can print and a shrinker can cut down.

    Attributes:
        by_number: the faults of single requests.
        outages: what else is cut off, and when.
    """

    by_number: Mapping[int, Fault] = field(default_factory=dict)
    outages: Sequence[Outage] = ()

    def __call__(self, request: Request) -> Fault:
        """The fault of a request."""
        for outage in self.outages:
            if outage.concerns(request):
                return outage.fault
        return self.by_number.get(request.number, FINE)


Decide = Callable[[Request], Fault]
"""Called before a request: says what happens to it. A scheduler lets others act in here, or ends the sender."""
Notice = Callable[[Request, object], None]
"""Called after a request with what the sender gets, an answer or an exception."""
