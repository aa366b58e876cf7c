"""The records of the videos, from the side of the person who submits them: written, looked up and listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from human_detector.aws.error_codes import CONDITION_FAILED, error_code
from human_detector.errors import PermanentError, TransientError
from human_detector.worker.claim import WRITE_TRIES
from human_detector.worker.record import SOURCE_STEP, STEP, Element, Record, lease_seconds_left

SUBMITTED_AGAIN = {"step": STEP, "state": "interrupted", "reason": "submitted again"}
"""What a step becomes that is to be run again. To the worker it is one that another has given back."""


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

    def read(self, video_id: int) -> Record | None:
        """A record as it stands; None if there is none."""
        item = self._client.get_item(TableName=self._table, Key={"VideoId": video_id}, ConsistentRead=True)
        return _record(item["Item"]) if "Item" in item else None

    def all(self) -> Iterator[Record]:
        """Every record of the table, in no order. It reads the whole table, which AWS bills."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, ProjectionExpression="VideoId, process_steps"
        )
        for page in pages:
            yield from map(_record, page["Items"])

    def add_source(self, video_id: int, bucket: str, key: str) -> None:
        """Say where a video is: as the latest done step `video_split`, in a new record if there is none."""
        element = {
            "step": SOURCE_STEP,
            "state": "done",
            "result_file": {"bucket": bucket, "key": key},
        }
        self._client.update_item(
            TableName=self._table,
            Key={"VideoId": video_id},
            UpdateExpression="SET process_steps = list_append(if_not_exists(process_steps, :none), :element)",
            ExpressionAttributeValues={":none": [], ":element": [element]},
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


def _record(item: Mapping[str, Any]) -> Record:
    return Record(int(item["VideoId"]), list(item.get("process_steps", [])))
