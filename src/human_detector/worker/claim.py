"""Claim and lease: the record's element `human_detector` is taken, kept and finished by conditional writes.

Other services write to the same list `process_steps` at the same time. Every write here touches one element
and states what that element must be, so that nothing of theirs is lost and a worker whose lease has passed
to another changes nothing.

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

import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from human_detector.aws.error_codes import CONDITION_FAILED, error_code
from human_detector.aws.queue import Message
from human_detector.errors import (
    BadMessage,
    HeldByAnother,
    LeaseLost,
    NothingToDo,
    PermanentError,
    TransientError,
)
from human_detector.worker.record import (
    SOURCE_STEP,
    STEP,
    Element,
    Record,
    attempts_so_far,
    failures_so_far,
    lease_seconds_left,
    sign_of_life,
)

WRITE_TRIES = 20
"""How often a write is tried while others keep changing the list under it."""
MAX_ERROR_CHARACTERS = 2000
CLOCK_TOLERANCE_SECONDS = 3600
"""More than two clocks can differ on machines whose requests AWS takes: it allows 5 minutes, S3 15."""


@dataclass(slots=True)
class ClaimedStep:
    """Our element of a record while we own it.

    Attributes:
        video_id: key of the record.
        owner: our token; unique to this claim.
        index: where the element was last seen in `process_steps`.
        attempt: 1 for the first time that this video is run.
        started_at: when, ISO 8601.
        message_id: of the message that the video is run for.
        source: bucket and key of the video.
        failures: see `failures_so_far`; set to 0 when this attempt gets further than those before it.
        beat: counts the renewals.
    """

    video_id: int
    owner: str
    index: int
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


@dataclass(frozen=True, slots=True)
class Closing:
    """What was done about the record of a dead letter.

    Attributes:
        revive: nothing; it is to be tried again, for the record counts fewer failures than SQS deliveries.
        reason: that was recorded as the error.
        source: bucket and key of the video, as far as the record said it.
    """

    revive: bool = False
    reason: str = ""
    source: Element | None = None


class ProcessSteps:
    """The records of one table.

    Args:
        client: a DynamoDB client that takes Python values.
        table: the table's name.
        lease_seconds: how long a claim lasts without renewal.
        now: epoch seconds.
    """

    def __init__(
        self, client: Any, table: str, lease_seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._table = table
        self._lease_seconds = lease_seconds
        self._now = now

    def source_of(self, video_id: int) -> tuple[str, str]:
        """Bucket and key of a video as the record has them: the latest done step `video_split`.

        Raises:
            BadMessage: there is no such record.
            PermanentError: the record names no video.
        """
        source = self._read(video_id).source
        if source is None:
            raise PermanentError(
                f"the message has no key, and the record {video_id} no done step {SOURCE_STEP} whose "
                "result_file has a bucket and a key"
            )
        return source

    def claim(self, video_id: int, purpose: Purpose) -> ClaimedStep:
        """Make the record's step ours: `running`, with a lease.

        Raises:
            BadMessage: there is no such record, or its steps are no list.
            NothingToDo: it is done, or about another video.
            HeldByAnother: another worker may be at it.
            LeaseLost: the message is no longer ours: the step may be the work of whoever has it.
        """
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
        for _ in range(WRITE_TRIES):
            record = self._read(video_id)
            index, seen = record.index, record.step or {}
            step = ClaimedStep(
                video_id,
                owner,
                index=len(record.elements) if index is None else index,
                attempt=attempts_so_far(seen) + 1,
                started_at=datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds"),
                message_id=purpose.message.message_id,
                source=purpose.source,
                failures=failures_so_far(seen),
            )
            if seen.get("owner") == owner:
                # The answer to our write was lost, and botocore's second try met the first one.
                step.attempt, step.failures = int(seen["attempt"]), int(seen["failures"])
                return step
            _refuse_if_not_needed(seen, purpose)
            self._refuse_if_taken(seen, purpose.message)
            if seen:
                # While this worker stood still, its message may have been delivered again, and the step be
                # the work of whoever got it: a living one, or one that has ended it and deleted the message.
                purpose.check_message()
            element = {
                "step": STEP,
                "state": "running",
                "owner": owner,
                "message_id": step.message_id,
                "source": step.source,
                "started_at": step.started_at,
                "attempt": step.attempt,
                "lease_seconds": Decimal(str(self._lease_seconds)),
                **self._signs_of_life(step, 0),
            }
            written = (
                self._append(step, element) if index is None else self._replace_seen(step, seen, element)
            )
            if written:
                return step
        raise TransientError(f"the steps of record {video_id} changed {WRITE_TRIES} times during a claim")

    def renew(self, step: ClaimedStep, progress: float) -> None:
        """Prolong the lease, and say how far the work is (0 to 1).

        Raises:
            LeaseLost: the element is no longer ours.
        """
        step.beat += 1
        self._change_own(step, self._signs_of_life(step, progress))

    def finish_done(self, step: ClaimedStep, bucket: str, key: str) -> None:
        """Record success.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        self._replace_own(step, {"state": "done", "result_file": {"bucket": bucket, "key": key}})

    def finish_error(self, step: ClaimedStep, reason: str) -> None:
        """Record a failure that is final.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        self._replace_own(step, {"state": "error", "error": reason[:MAX_ERROR_CHARACTERS]})

    def finish_interrupted(self, step: ClaimedStep, reason: str) -> None:
        """Record that the job was given back and will be run again, with its failures so far.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        self._replace_own(
            step,
            {
                "state": "interrupted",
                "reason": reason[:MAX_ERROR_CHARACTERS],
                "started_at": step.started_at,
                "attempt": step.attempt,
                "failures": step.failures,
                "source": step.source,
            },
        )

    def close(
        self,
        video_id: int,
        letter: Message,
        max_failures: int,
        is_outdated: Callable[[Element], bool] = lambda _: False,
    ) -> Closing | None:
        """End a step that nobody will work on: its message is a dead letter.

        Args:
            video_id: key of the record.
            letter: the message.
            max_failures: how many attempts may fail.
            is_outdated: whether the result at a place is of another content than the letter asks for.

        Returns:
            What was done about it; None if the step has ended already, or another message may be at it.

        Raises:
            BadMessage: there is no such record, or its steps are no list.
        """
        record = self._read(video_id)
        seen = record.step or {}
        failures = failures_so_far(seen)
        match seen.get("state"):
            case "running" if seen.get("message_id") != letter.message_id and self._may_last(seen):
                return None  # Another message is at it. Or was: then the letter is looked at again.
            case "running" if failures < max_failures:
                return Closing(revive=True)
            case "running":
                reason = died(failures)
            case "interrupted" | None:
                last = f"; the last time: {seen['reason']}" if "reason" in seen else ""
                reason = f"its message was delivered too often, and is in the dead-letter queue{last}"
            case "done" if is_outdated(seen["result_file"]):
                reason = "the video was replaced, and the message for the new one is in the dead-letter queue"
            case _:
                return None
        place = len(record.elements) if record.index is None else record.index
        step = ClaimedStep(video_id, owner="", index=place, attempt=0, started_at="")
        error = {"step": STEP, "state": "error", "error": reason[:MAX_ERROR_CHARACTERS]}
        written = self._append(step, error) if record.step is None else self._replace_seen(step, seen, error)
        return Closing(reason=reason, source=seen.get("source")) if written else None

    def _signs_of_life(self, step: ClaimedStep, progress: float) -> Element:
        """What changes with each renewal; the time is for people to look at."""
        return {
            "beat": step.beat,
            "lease_expires_at": int(self._now() + self._lease_seconds),
            "progress": Decimal(str(round(progress, 3))),
            "failures": step.failures,
        }

    def _may_last(self, seen: Element) -> bool:
        """Whether the lease of a step may last, however wrong clocks may be."""
        return bool(lease_seconds_left(seen, self._now() - CLOCK_TOLERANCE_SECONDS))

    def _refuse_if_taken(self, seen: Element, message: Message) -> None:
        """Refuse a step whose owner may be alive: see the head of this file."""
        sign = sign_of_life(seen, self._lease_seconds)
        if sign is None or seen.get("message_id") == message.message_id:
            return
        if not self._may_last(seen):
            return
        waited = message.waited_seconds if message.seen_beat == sign.beat else 0
        if waited < sign.lease_seconds:
            raise HeldByAnother(sign.beat, sign.lease_seconds - waited)

    def _read(self, video_id: int) -> Record:
        answer = self._client.get_item(TableName=self._table, Key={"VideoId": video_id}, ConsistentRead=True)
        if "Item" not in answer:
            raise BadMessage(f"the table {self._table} has no record with VideoId {video_id}")
        elements = answer["Item"].get("process_steps")
        if not isinstance(elements, list | None):
            raise BadMessage(
                f"process_steps of record {video_id}: found {type(elements).__name__}, valid is a list"
            )
        return Record.of_item(answer["Item"])

    def _append(self, step: ClaimedStep, element: Element) -> bool:
        if step.index == 0:
            update, still = "SET process_steps = :new", "attribute_not_exists(process_steps[0])"
            values: Element = {":new": [element]}
        else:
            update = "SET process_steps = list_append(process_steps, :new)"
            still = "size(process_steps) = :length"
            values = {":new": [element], ":length": step.index}
        # attribute_exists: an update of a record that was deleted would make a new one.
        return self._update(step, update, f"attribute_exists(VideoId) AND {still}", {}, values)

    def _replace_seen(self, step: ClaimedStep, seen: Element, element: Element) -> bool:
        """Put `element` where `seen` was, if nobody has touched it since: a renewal is a sign of life."""
        return self._update(
            step, f"SET {_at(step)} = :new", f"{_at(step)} = :seen", {}, {":new": element, ":seen": seen}
        )

    def _replace_own(self, step: ClaimedStep, change: Element) -> None:
        element = {"step": STEP, **change}
        self._write_own(step, lambda: f"SET {_at(step)} = :new", {}, {":new": element}, written=element)

    def _change_own(self, step: ClaimedStep, change: Element) -> None:
        self._write_own(
            step,
            lambda: "SET " + ", ".join(f"{_at(step)}.#{name} = :{name}" for name in change),
            {f"#{name}": name for name in change},
            {f":{name}": value for name, value in change.items()},
        )

    def _write_own(
        self,
        step: ClaimedStep,
        update: Callable[[], str],
        names: Mapping[str, str],
        values: Element,
        written: Element | None = None,
    ) -> None:
        """Write to our element, and find it again if others have moved it.

        Args:
            step: whose element.
            update: the expression, for where the element stands at the moment.
            names: of the expression.
            values: of the expression.
            written: the element as it is after a last write, which leaves no owner in it. A write whose
                answer got lost is sent again by botocore, and must know its own work.
        """
        for _ in range(WRITE_TRIES):
            condition = f"{_at(step)}.#step = :step AND {_at(step)}.#owner = :owner"
            own_names = {**names, "#step": "step", "#owner": "owner"}
            own_values = {**values, ":step": STEP, ":owner": step.owner}
            if self._update(step, update(), condition, own_names, own_values):
                return
            try:
                elements = self._read(step.video_id).elements
            except BadMessage as error:
                raise LeaseLost(f"the record is gone: {error}") from error
            if written in elements:
                return
            ours = [i for i, element in enumerate(elements) if element.get("owner") == step.owner]
            if not ours:
                raise LeaseLost(f"the step of record {step.video_id} has another owner")
            step.index = ours[0]
        raise TransientError(f"the steps of record {step.video_id} moved {WRITE_TRIES} times during a write")

    def _update(
        self,
        step: ClaimedStep,
        update: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> bool:
        """One conditional write; whether the condition held."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"VideoId": step.video_id},
                UpdateExpression=update,
                ConditionExpression=condition,
                **({"ExpressionAttributeNames": names} if names else {}),
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error_code(error) == CONDITION_FAILED:
                return False
            raise
        return True


def died(times: int) -> str:
    """Why a video is given up that its workers did not survive."""
    return f"the worker died {times} times while analysing it"


def _refuse_if_not_needed(seen: Element, purpose: Purpose) -> None:
    if seen.get("state") == "done" and seen.get("result_file") == purpose.result is not None:
        raise NothingToDo("the record says done, and names the result that is wanted")
    if purpose.only_own and seen and seen.get("source") != purpose.source:
        raise NothingToDo("the object is gone, and its record is about another video")


def _at(step: ClaimedStep) -> str:
    return f"process_steps[{step.index}]"
