"""What becomes of a job and of its message: the whole table in one function."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from human_detector.aws.waiting_times import retry_delay
from human_detector.errors import (
    AlreadyDone,
    BadMessage,
    ConfigurationError,
    HeldByAnother,
    Interrupted,
    LeaseLost,
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
    """

    fate: Fate
    state: str | None = None
    delay: float = 0

    @property
    def log_level(self) -> int:
        """How loud to be: an error for what needs a person, a warning for what heals by itself."""
        if self.state == "error" or self.fate is Fate.BURY:
            return logging.ERROR
        return logging.WARNING if self.fate in (Fate.RETRY, Fate.LEAVE) else logging.INFO


def judge(error: BaseException, attempt: int, max_attempts: int, jitter: float | None = None) -> Verdict:
    """What becomes of a job that ended with an error.

    Args:
        error: what ended it.
        attempt: how often its message has been delivered, this time included.
        max_attempts: how often it may be.
        jitter: 0 to 1, spreads the retries of videos that failed together; random by default.
    """
    match error:
        case LeaseLost():
            return Verdict(Fate.LEAVE)
        case AlreadyDone():
            return Verdict(Fate.DELETE)
        case HeldByAnother(seconds=seconds):
            return Verdict(Fate.PUT_OFF, delay=seconds)
        case Interrupted() | ConfigurationError():
            return Verdict(Fate.PUT_OFF, "interrupted")  # The worker ends; another one is to run the job.
        case BadMessage():
            return Verdict(Fate.BURY)
        case PermanentError():
            return Verdict(Fate.DELETE, "error")
        case _ if attempt >= max_attempts:
            return Verdict(Fate.BURY, "error")
        case _:
            return Verdict(Fate.RETRY, "interrupted", retry_delay(attempt, jitter))
