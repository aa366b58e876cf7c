"""Claim and lease: the record's element `human_detector` is taken, kept and finished by conditional writes.

    claimed ------ renewed ------ renewed ------ done         state `running`, then `done`
      beat 0        beat 1         beat 2                     the owner's element is nobody else's

    claimed ------ renewed - - killed - - - - - claimed       another worker takes over
      beat 0        beat 1 |<---- lease ---->|    by another

Whether an owner is dead is judged without a clock of its machine, and without one of ours. Either its own
message is delivered again: it has then not hidden it for as long as a lease lasts, by SQS's clock. Or another
message for the same video has waited that long in the queue, carrying the beat that was seen before, and
finds the same. Only a lease that ended an hour ago needs no such proof: AWS refuses requests from machines
whose clocks are that wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from human_detector.aws.queue import Message
from human_detector.errors import HeldByAnother, NothingToDo, TransientError
from human_detector.worker.record import (
    STEP,
    Element,
    Record,
    attempts_so_far,
    failed,
    failures_so_far,
    lease_seconds_left,
    sign_of_life,
    told,
)
from human_detector.worker.record_table import WRITE_TRIES, OwnElement, RecordTable, new_token

CLOCK_TOLERANCE_SECONDS = 3600
"""More than two clocks can differ on machines whose requests AWS takes: it allows 5 minutes, S3 15."""


@dataclass(slots=True)
class ClaimedStep(OwnElement):
    """Our element of a record while we own it.

    Attributes:
        attempt: 1 for the first time that this video is run.
        started_at: when, ISO 8601.
        message_id: of the message that the video is run for.
        source: bucket and key of the video.
        failures: see `failures_so_far`; set to 0 when this attempt gets further than those before it.
        beat: counts the renewals.
    """

    attempt: int
    started_at: str
    message_id: str = ""
    source: Element = field(default_factory=dict)
    failures: int = 0
    beat: int = 0


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a record is claimed for.

    Attributes:
        message: that asks for the video.
        source: bucket and key of the video; empty if nothing says where it is.
        result: bucket and key of the result, if nothing better than what is stored there can be made.
        only_own: leave a step alone that is about another video.
        check_message: raises LeaseLost unless the message is still ours.
    """

    message: Message
    source: Element = field(default_factory=dict)
    result: Element | None = None
    only_own: bool = False
    check_message: Callable[[], None] = lambda: None


class Claims:
    """Takes, keeps and finishes the steps of the records of a table.

    Args:
        records: the table.
        lease_seconds: how long a claim lasts without renewal.
        now: epoch seconds.

    Attributes:
        records: the table.
    """

    def __init__(
        self, records: RecordTable, lease_seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self.records = records
        self._lease_seconds = lease_seconds
        self._now = now

    def claim(self, video_id: int, purpose: Purpose) -> ClaimedStep:
        """Make the record's step ours: `running`, with a lease.

        Raises:
            BadMessage: there is no such record, or its steps are no list.
            NothingToDo: it is done, or about another video.
            HeldByAnother: another worker may be at it.
            LeaseLost: the message is no longer ours: the step may be the work of whoever has it.
        """
        owner = new_token()
        for _ in range(WRITE_TRIES):
            record = self.records.read(video_id)
            seen = record.step or {}
            if seen.get("owner") == owner:
                # The answer to our write was lost, and botocore's second try met the first one.
                return self._step(record, owner, purpose, int(seen["attempt"]), int(seen["failures"]))
            _refuse_if_not_needed(seen, purpose)
            self._refuse_if_taken(seen, purpose.message)
            reserved = self.records.reserve(record, owner)
            if reserved is None:
                continue
            if seen:
                # While this worker stood still, its message may have been delivered again, and the step be
                # the work of whoever got it: a living one, or one that has ended it and deleted the message.
                purpose.check_message()
            attempt, failures = attempts_so_far(seen) + 1, failures_so_far(seen)
            step = self._step(record, owner, purpose, attempt, failures)
            if self.records.put(reserved, self._running(step)):
                return step
        raise TransientError(f"the steps of record {video_id} changed {WRITE_TRIES} times during a claim")

    def renew(self, step: ClaimedStep, progress: float) -> None:
        """Prolong the lease, and say how far the work is (0 to 1).

        Raises:
            LeaseLost: the element is no longer ours.
        """
        step.beat += 1
        self.records.change_own(step, self._signs_of_life(step, progress))

    def finish_done(self, step: ClaimedStep, bucket: str, key: str) -> None:
        """Record success.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        result = {"bucket": bucket, "key": key}
        self.records.replace_own(step, {"step": STEP, "state": "done", "result_file": result})

    def finish_error(self, step: ClaimedStep, reason: str) -> None:
        """Record a failure that is final.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        self.records.replace_own(step, failed(reason))

    def finish_interrupted(self, step: ClaimedStep, reason: str) -> None:
        """Record that the job was given back and will be run again, with its failures so far.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        self.records.replace_own(
            step,
            {
                "step": STEP,
                "state": "interrupted",
                "reason": told(reason),
                "started_at": step.started_at,
                "attempt": step.attempt,
                "failures": step.failures,
                "source": step.source,
            },
        )

    def may_last(self, step: Element) -> bool:
        """Whether the lease of a running step may last, however wrong clocks may be."""
        return lease_seconds_left(step, self._now() - CLOCK_TOLERANCE_SECONDS) > 0

    def _refuse_if_taken(self, seen: Element, message: Message) -> None:
        """Refuse a step whose owner may be alive: see the head of this file."""
        sign = sign_of_life(seen, self._lease_seconds)
        if sign is None or seen.get("message_id") == message.message_id:
            return
        if not self.may_last(seen):
            return
        waited = message.waited_seconds if message.seen_beat == sign.beat else 0
        if waited < sign.lease_seconds:
            raise HeldByAnother(sign.beat, sign.lease_seconds - waited)

    def _step(self, record: Record, owner: str, purpose: Purpose, attempt: int, failures: int) -> ClaimedStep:
        return ClaimedStep(
            record.video_id,
            owner,
            index=len(record.elements) if record.index is None else record.index,
            attempt=attempt,
            started_at=datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds"),
            message_id=purpose.message.message_id,
            source=purpose.source,
            failures=failures,
        )

    def _running(self, step: ClaimedStep) -> Element:
        return {
            "step": STEP,
            "state": "running",
            "owner": step.owner,
            "message_id": step.message_id,
            "source": step.source,
            "started_at": step.started_at,
            "attempt": step.attempt,
            "lease_seconds": Decimal(str(self._lease_seconds)),
            **self._signs_of_life(step, 0),
        }

    def _signs_of_life(self, step: ClaimedStep, progress: float) -> Element:
        """What changes with each renewal; the time is for people to look at."""
        return {
            "beat": step.beat,
            "lease_expires_at": int(self._now() + self._lease_seconds),
            "progress": Decimal(str(round(progress, 3))),
            "failures": step.failures,
        }


def _refuse_if_not_needed(seen: Element, purpose: Purpose) -> None:
    if seen.get("state") == "done" and seen.get("result_file") == purpose.result is not None:
        raise NothingToDo("the record says done, and names the result that is wanted")
    if purpose.only_own and seen and seen.get("source") != purpose.source:
        raise NothingToDo("the object is gone, and its record is about another video")
