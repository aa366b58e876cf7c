"""What becomes of a job and of its message: the whole table in one function."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from human_detector.aws.waiting_times import retry_delay
from human_detector.errors import (
    BadMessage,
    ConfigurationError,
    HeldByAnother,
    Interrupted,
    LeaseLost,
    NothingToDo,
    PermanentError,
)


class Fate(Enum):
    """What to do with a message, in ascending rank: of a message's videos, the highest decides."""

    DELETE = 1
    """It is done, or its failure is recorded."""
    BURY = 2
    """No attempt can succeed: move it to the dead-letter queue."""
    PUT_OFF = 3
    """Nothing failed: deliver it again, without counting this delivery against it."""
    RETRY = 4
    """This attempt failed: deliver it again later."""
    LEAVE = 5
    """It is not ours any more: do not touch it."""

    def outranks(self, other: Fate) -> bool:
        """Whether this decides over another video's fate."""
        return self.value > other.value


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about one outcome.

    Attributes:
        fate: what becomes of the message.
        state: the state to record, or None to leave the record alone.
        delay: seconds until the message is delivered again.
        beat: the last sign of life of another worker, for the message to carry.
    """

    fate: Fate
    state: str | None = None
    delay: float = 0
    beat: str = ""

    @property
    def log_level(self) -> int:
        """How loud to be: an error for what needs a person, a warning for what heals by itself."""
        if self.state == "error" or self.fate is Fate.BURY:
            return logging.ERROR
        return logging.WARNING if self.fate in (Fate.RETRY, Fate.LEAVE) else logging.INFO


def judge(error: BaseException, failures: int, max_failures: float, jitter: float | None = None) -> Verdict:
    """What becomes of a job that ended with an error.

    Args:
        error: what ended it.
        failures: how many attempts have failed in a row, this one included, if it is a failure.
        max_failures: how many may.
        jitter: 0 to 1, spreads the retries of videos that failed together; random by default.
    """
    match error:
        case LeaseLost():
            return Verdict(Fate.LEAVE)
        case NothingToDo():
            return Verdict(Fate.DELETE)
        case HeldByAnother(seconds=seconds, beat=beat):
            return Verdict(Fate.PUT_OFF, delay=seconds, beat=beat)
        case Interrupted() | ConfigurationError():
            return Verdict(Fate.PUT_OFF, "interrupted")  # The worker ends; another one is to run the job.
        case BadMessage():
            return Verdict(Fate.BURY)
        case PermanentError():
            return Verdict(Fate.DELETE, "error")
        case _ if failures >= max_failures:
            return Verdict(Fate.BURY, "error")
        case _:
            return Verdict(Fate.RETRY, "interrupted", retry_delay(failures, jitter))
