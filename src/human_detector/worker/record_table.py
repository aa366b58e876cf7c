"""The table of records: consistent reads, and conditional writes of one element of a record's list.

Other services write to the same list `process_steps` at the same time. Every write here touches one element
and states what that element must be, so that nothing of theirs is lost and a worker whose lease has passed
to another changes nothing.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from human_detector.aws.error_codes import CONDITION_FAILED, error_code
from human_detector.errors import BadMessage, LeaseLost, PermanentError, TransientError
from human_detector.worker.record import SOURCE_STEP, STEP, Element, Record, has_ended

WRITE_TRIES = 20
"""How often a write is tried while others keep changing the list under it."""

NEXT_OWNER = "next_owner"
"""In a step that has ended: whoever is about to write over it."""


def new_token() -> str:
    """A name for one claim, unlike any other."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"


@dataclass(slots=True)
class OwnElement:
    """An element of a record that carries our token.

    Attributes:
        video_id: key of the record.
        owner: our token; unique to one claim.
        index: where the element was last seen in `process_steps`.
    """

    video_id: int
    owner: str
    index: int


class RecordTable:
    """The records of one table.

    Args:
        client: a DynamoDB client that takes Python values.
        name: the table's name.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def read(self, video_id: int) -> Record:
        """A record as it is now.

        Raises:
            BadMessage: there is no such record, or its steps are no list.
        """
        answer = self._client.get_item(TableName=self._name, Key={"VideoId": video_id}, ConsistentRead=True)
        if "Item" not in answer:
            raise BadMessage(f"the table {self._name} has no record with VideoId {video_id}")
        elements = answer["Item"].get("process_steps")
        if not isinstance(elements, list | None):
            raise BadMessage(
                f"process_steps of record {video_id}: found {type(elements).__name__}, valid is a list"
            )
        return Record.of_item(answer["Item"])

    def source_of(self, video_id: int) -> tuple[str, str]:
        """Bucket and key of a video as its record has them: the latest done step `video_split`.

        Raises:
            BadMessage: there is no such record.
            PermanentError: the record names no video.
        """
        source = self.read(video_id).source
        if source is None:
            raise PermanentError(
                f"the message has no key, and the record {video_id} no done step {SOURCE_STEP} whose "
                "result_file has a bucket and a key"
            )
        return source

    def put(self, record: Record, element: Element) -> bool:
        """Put an element in the place of the worker's own, or behind all others where there is none.

        Args:
            record: as it was read.
            element: the new one.

        Returns:
            Whether it stands there. If not, somebody has written since the record was read: even a renewal
            is a sign of life.
        """
        if record.step is not None:
            at = f"process_steps[{record.index}]"
            values: Element = {":new": element, ":seen": record.step}
            return self._update(record.video_id, f"SET {at} = :new", f"{at} = :seen", {}, values)
        length = len(record.elements)
        if length:
            update, still = "list_append(process_steps, :new)", "size(process_steps) = :length"
            values = {":new": [element], ":length": length}
        else:
            update, still = ":new", "attribute_not_exists(process_steps[0])"
            values = {":new": [element]}
        # attribute_exists: an update of a record that was deleted would make a new one.
        condition = f"attribute_exists(VideoId) AND {still}"
        return self._update(record.video_id, f"SET process_steps = {update}", condition, {}, values)

    def reserve(self, record: Record, token: str) -> Record | None:
        """Make a step that has ended unlike any other, before anything is made of it.

        Two runs may end alike to the letter. Whoever stood still since the record was read, while others ran
        the video again and deleted the message, must not find what was read: what it writes would stay.

        Returns:
            The record as it is now; None if somebody has written since it was read.
        """
        if record.step is None or not has_ended(record.step):
            return record
        step = {**record.step, NEXT_OWNER: token}
        return record.with_step(step) if self.put(record, step) else None

    def replace_own(self, own: OwnElement, element: Element) -> None:
        """Put an element without an owner in the place of ours.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        # A write whose answer got lost is sent again by botocore, and must know its own work.
        self._write_own(own, lambda at: f"SET {at} = :new", {}, {":new": element}, written=element)

    def change_own(self, own: OwnElement, change: Element) -> None:
        """Set some of the attributes of our element.

        Raises:
            LeaseLost: the element is no longer ours.
        """
        self._write_own(
            own,
            lambda at: "SET " + ", ".join(f"{at}.#{name} = :{name}" for name in change),
            {f"#{name}": name for name in change},
            {f":{name}": value for name, value in change.items()},
        )

    def _write_own(
        self,
        own: OwnElement,
        update: Callable[[str], str],
        names: Mapping[str, str],
        values: Element,
        written: Element | None = None,
    ) -> None:
        """Write to our element, and find it again if others have moved it.

        Args:
            own: whose element.
            update: the expression, for where the element stands at the moment.
            names: of the expression.
            values: of the expression.
            written: the element as it is afterwards, if its owner cannot be seen in it any more.
        """
        names = {**names, "#step": "step", "#owner": "owner"}
        values = {**values, ":step": STEP, ":owner": own.owner}
        for _ in range(WRITE_TRIES):
            at = f"process_steps[{own.index}]"
            condition = f"{at}.#step = :step AND {at}.#owner = :owner"
            if self._update(own.video_id, update(at), condition, names, values):
                return
            try:
                elements = self.read(own.video_id).elements
            except BadMessage as error:
                raise LeaseLost(f"the record is gone: {error}") from error
            if written in elements:
                return
            ours = [i for i, element in enumerate(elements) if element.get("owner") == own.owner]
            if not ours:
                raise LeaseLost(f"the step of record {own.video_id} has another owner")
            own.index = ours[0]
        raise TransientError(f"the steps of record {own.video_id} moved {WRITE_TRIES} times during a write")

    def _update(
        self,
        video_id: int,
        update: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> bool:
        """One conditional write; whether the condition held."""
        try:
            self._client.update_item(
                TableName=self._name,
                Key={"VideoId": video_id},
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
