"""Shows what the person on duty asks for: how full the queue is, all records, one record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.queue import JobQueue, QueueDepth
from human_detector.commands.lines import say
from human_detector.commands.submit_stranded import NO_MESSAGE, needs_a_message
from human_detector.commands.tables import print_table
from human_detector.worker.record import Element, Record, lease_seconds_left, number_of


def print_queue(name: str, queue: JobQueue, depth: QueueDepth) -> None:
    """Print a line about a queue and its dead letters."""
    say(
        f"queue {name}: {depth.waiting} waiting, {depth.in_flight} in flight, {depth.delayed} delayed; "
        f"{_dead_letters(queue)}"
    )


def _dead_letters(queue: JobQueue) -> str:
    if not queue.has_dead_letter_queue:
        return "it has no dead-letter queue"
    try:
        return f"{queue.dead_letters()} dead letters"
    except (ClientError, BotoCoreError) as error:
        # The permission to look into the queue does not bring that for the other one.
        return f"its dead letters cannot be counted: {error}"


def print_records(records: Iterable[Record], now: float, *, has_messages: bool) -> None:
    """Print a row for each record, with what is worth knowing of it.

    Args:
        records: in any order.
        now: epoch seconds.
        has_messages: whether the queue holds any, hidden or not.
    """
    print_table(
        ("VIDEO ID", "STATE", "PROGRESS", "DETAILS"),
        [
            (
                str(record.video_id),
                describe_state(record, now, has_messages=has_messages),
                _progress(record.step or {}),
                _details(record.step or {}),
            )
            for record in sorted(records, key=lambda record: record.video_id)
        ],
        right=("VIDEO ID", "PROGRESS"),
    )


def print_record(record: Record) -> None:
    """Print the worker's step of a record as it stands."""
    print(json.dumps(record.step or {"state": record.state}, default=_plain, indent=1))


def describe_state(record: Record, now: float, *, has_messages: bool = True) -> str:
    """The state of a record, and whether the worker that should be at it has fallen silent.

    Args:
        record: as it was read.
        now: epoch seconds.
        has_messages: whether the queue holds any that could bring another worker.
    """
    stranded = not has_messages and needs_a_message(record, now)
    return f"{_state(record, now)}, {NO_MESSAGE}" if stranded else _state(record, now)


def _state(record: Record, now: float) -> str:
    step = record.step or {}
    if record.state != "running" or lease_seconds_left(step, now):
        return record.state
    if "lease_expires_at" not in step:
        return "running, no sign of life"
    return f"running, no sign of life since {_moment(float(number_of(step, 'lease_expires_at')))}"


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # no year that there is
        return f"{seconds:g} s"


def _progress(step: Element) -> str:
    return f"{100 * number_of(step, 'progress'):.0f} %" if "progress" in step else "-"


def _details(step: Element) -> str:
    match step:
        case {"result_file": {"bucket": bucket, "key": key}}:
            return f"s3://{bucket}/{key}"
        case {"error": error}:
            return str(error)
        case {"started_at": started, "attempt": attempt}:
            return f"attempt {attempt}, started {started}"
    return str(step.get("reason", ""))


def _plain(value: Any) -> Any:
    """DynamoDB's numbers are Decimals; and others may have put sets and bytes into a step."""
    match value:
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case set():
            return sorted(map(str, value))
    return repr(value)
