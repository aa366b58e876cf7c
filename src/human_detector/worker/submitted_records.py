"""The records of the videos, from the side of the person who submits them: written, looked up and listed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.error_codes import CONDITION_FAILED, error_code
from human_detector.errors import PermanentError, TransientError
from human_detector.worker.messages import is_video_id
from human_detector.worker.record import SOURCE_STEP, STEP, Element, Record, lease_seconds_left
from human_detector.worker.record_table import WRITE_TRIES

SUBMITTED_AGAIN = {"step": STEP, "state": "interrupted", "reason": "submitted again"}
"""What a step becomes that is to be run again. To the worker it is one that another has given back."""

MOST_KEYS = 100
"""That DynamoDB takes in one BatchGetItem."""


class VideoRecords:
    """The records of one table.

    Args:
        client: a DynamoDB client that takes Python values.
        table: the table's name.
        now: epoch seconds.
    """

    def __init__(self, client: Any, table: str, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._now = now
        self._next_id: int | None = None

    def read(self, video_id: int) -> Record | None:
        """A record as it stands; None if there is none."""
        item = self._client.get_item(TableName=self._table, Key={"VideoId": video_id}, ConsistentRead=True)
        return Record.of_item(item["Item"]) if "Item" in item else None

    def all(self) -> Iterator[Record]:
        """Every record of the table, in no order. It reads the whole table, which AWS bills."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, ProjectionExpression="VideoId, process_steps"
        )
        for page in pages:
            yield from map(Record.of_item, page["Items"])

    def read_many(self, video_ids: Collection[int]) -> dict[int, Record]:
        """Records as they stand, by key; without those that there are none of."""
        found: dict[int, Record] = {}
        keys = [{"VideoId": video_id} for video_id in video_ids]
        for start in range(0, len(keys), MOST_KEYS):
            some = keys[start : start + MOST_KEYS]
            asked: Any = {self._table: {"Keys": some, "ConsistentRead": True}}
            while asked:
                answer = self._client.batch_get_item(RequestItems=asked)
                records = map(Record.of_item, answer["Responses"][self._table])
                found.update((record.video_id, record) for record in records)
                # What did not fit into the answer.
                asked = answer["UnprocessedKeys"]
        return found

    def count_workers(self) -> int:
        """How many workers hold a lease. It reads the whole table, which AWS bills."""
        steps = [record.step for record in self.all() if record.step is not None]
        owners = [str(step.get("owner")) for step in steps if lease_seconds_left(step, self._now())]
        # A worker holds two while it fetches the next video; the last part of the token is of the claim.
        return len({owner.rpartition(":")[0] for owner in owners})

    @contextmanager
    def new_record(self, source_of: Callable[[int], tuple[str, str]]) -> Iterator[int]:
        """Make a record with a number of its own, above all in the table, for a body that has its video run.

        Several people may do so at once: DynamoDB makes a record only if there is none, in one step, so that
        one of them gets the number and the others go on to the next. If the body fails, the record is taken
        away, unless somebody has changed it.

        Args:
            source_of: bucket and key of the video, given the number.

        Raises:
            PermanentError: there is no number above the table's highest.
        """
        video_id = self._highest() + 1 if self._next_id is None else self._next_id
        while not self._make(video_id, elements := [_source(*source_of(video_id), token=uuid.uuid4().hex)]):
            video_id += 1
        self._next_id = video_id + 1
        try:
            yield video_id
        except BaseException:
            # What the body failed of is what to tell; an empty record does no harm.
            with suppress(ClientError, BotoCoreError):
                self._client.delete_item(
                    TableName=self._table,
                    Key={"VideoId": video_id},
                    ConditionExpression="process_steps = :ours",
                    ExpressionAttributeValues={":ours": elements},
                )
            raise

    def add_source(self, video_id: int, bucket: str, key: str) -> None:
        """Say where a video is: as the latest done step `video_split`, in a new record if there is none."""
        self._client.update_item(
            TableName=self._table,
            Key={"VideoId": video_id},
            UpdateExpression="SET process_steps = list_append(if_not_exists(process_steps, :none), :element)",
            ExpressionAttributeValues={":none": [], ":element": [_source(bucket, key)]},
        )

    @contextmanager
    def marked_again(self, video_id: int) -> Iterator[None]:
        """Mark the worker's step, if there is one, as to be run again, for a body that has it run again.

        Whoever waits for the end can then tell the old end from the new one. If the body fails, no worker
        will come, and the step is put back.

        Raises:
            PermanentError: a worker is at it.
            TransientError: others keep changing the list.
        """
        index, seen = self._mark_again(video_id)
        try:
            yield
        except BaseException:
            if seen is not None:
                self._replace(video_id, index, SUBMITTED_AGAIN, seen)
            raise

    def _highest(self) -> int:
        """The highest number in the table; 0 if there is none above it."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, ProjectionExpression="VideoId", ConsistentRead=True
        )
        return max([0, *(int(item["VideoId"]) for page in pages for item in page["Items"])])

    def _make(self, video_id: int, elements: list[Element]) -> bool:
        """Whether there was no record with that number; there is now."""
        if not is_video_id(video_id):
            raise PermanentError(f"there is no VideoId left above the highest in the table {self._table}")
        try:
            self._client.put_item(
                TableName=self._table,
                Item={"VideoId": video_id, "process_steps": elements},
                ConditionExpression="attribute_not_exists(VideoId)",
            )
        except ClientError as error:
            if error_code(error) != CONDITION_FAILED:
                raise
            # The answer to our write may have been lost, and botocore's second try met the first one.
            made = self.read(video_id)
            return made is not None and list(made.elements) == elements
        return True

    def _mark_again(self, video_id: int) -> tuple[int, Element | None]:
        """Where the step stands, and what it was; None if there is none."""
        for _ in range(WRITE_TRIES):
            record = self.read(video_id)
            if record is None or record.step is None or record.index is None:
                return 0, None
            if lease_seconds_left(record.step, self._now()):
                raise PermanentError(f"a worker is at the record {video_id} right now")
            if self._replace(video_id, record.index, record.step, SUBMITTED_AGAIN):
                return record.index, record.step
        raise TransientError(f"the steps of record {video_id} changed {WRITE_TRIES} times during a write")

    def _replace(self, video_id: int, index: int, seen: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether the element was still the one that was seen."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"VideoId": video_id},
                UpdateExpression=f"SET process_steps[{index}] = :new",
                ConditionExpression=f"process_steps[{index}] = :seen",
                ExpressionAttributeValues={":new": new, ":seen": seen},
            )
        except ClientError as error:
            if error_code(error) == CONDITION_FAILED:
                return False
            raise
        return True


def _source(bucket: str, key: str, **more: str) -> Element:
    """The step that says where a video is."""
    return {"step": SOURCE_STEP, "state": "done", "result_file": {"bucket": bucket, "key": key}, **more}
