"""Claim and lease: the record's element `human_detector` is taken, kept and finished by conditional writes.

Other services write to the same list `process_steps` at the same time. Every write here touches one element
and states what that element must be, so that nothing of theirs is lost and a worker whose lease has passed
to another changes nothing.

    claimed ------ renewed ------ renewed ------ done         state `running`, then `done`
       |<- lease ->|                                          the owner's element is nobody else's
                   |<-- lease -->|
    claimed - - - killed - - - - - - - - claimed              a lease that was not renewed is free
       |<------ lease ------>|              by another
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from human_detector.aws.error_codes import CONDITION_FAILED, error_code
from human_detector.errors import (
    AlreadyDone,
    BadMessage,
    HeldByAnother,
    LeaseLost,
    PermanentError,
    TransientError,
)
from human_detector.worker.record import (
    SOURCE_STEP,
    STEP,
    Element,
    Record,
    attempts_so_far,
    lease_seconds_left,
)

WRITE_TRIES = 20
"""How often a write is tried while others keep changing the list under it."""
MAX_ERROR_CHARACTERS = 2000


@dataclass(slots=True)
class ClaimedStep:
    """Our element of a record while we own it.

    Attributes:
        video_id: key of the record.
        owner: our token; unique to this claim.
        index: where the element was last seen in `process_steps`.
        attempt: 1 for the first time that this video is run.
        started_at: when, ISO 8601.
    """

    video_id: int
    owner: str
    index: int
    attempt: int
    started_at: str


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

    def claim(self, video_id: int, *, force: bool = False) -> ClaimedStep:
        """Make the record's step ours: `running`, with a lease.

        Args:
            video_id: key of the record.
            force: also if it is done.

        Raises:
            BadMessage: there is no such record, or it has no list of steps.
            AlreadyDone: the video is done.
            HeldByAnother: another worker's lease has not ended.
        """
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
        for _ in range(WRITE_TRIES):
            record = self._read(video_id)
            index, seen = record.index, record.step or {}
            if index is not None and seen.get("owner") == owner:
                # The answer to our write was lost, and botocore's second try met the first one.
                return ClaimedStep(video_id, owner, index, int(seen["attempt"]), str(seen["started_at"]))
            self._refuse_if_taken(seen, force)
            step = ClaimedStep(
                video_id,
                owner,
                index=len(record.elements) if index is None else index,
                attempt=attempts_so_far(seen) + 1,
                started_at=datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds"),
            )
            element = {"step": STEP, "state": "running", **self._lease(step), "progress": Decimal(0)}
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
        lease = self._lease(step)
        self._change_own(
            step,
            {"lease_expires_at": lease["lease_expires_at"], "progress": Decimal(str(round(progress, 3)))},
        )

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
        """Record that the job was given back and will be run again.

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
            },
        )

    def _lease(self, step: ClaimedStep) -> Element:
        return {
            "owner": step.owner,
            "lease_expires_at": int(self._now() + self._lease_seconds),
            "started_at": step.started_at,
            "attempt": step.attempt,
        }

    def _refuse_if_taken(self, seen: Element, force: bool) -> None:
        if seen.get("state") == "done" and not force:
            raise AlreadyDone("the record says done")
        if seconds := lease_seconds_left(seen, self._now()):
            raise HeldByAnother(seconds)

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


def _at(step: ClaimedStep) -> str:
    return f"process_steps[{step.index}]"
