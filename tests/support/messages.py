"""Messages as the queue gives them, for tests that have no queue."""

from __future__ import annotations

import uuid
from typing import Any

from human_detector.aws.queue import Message
from human_detector.worker.claim import Purpose


def received(body: str = "body", **facts: Any) -> Message:
    """A message that was just received, for the first time; `facts` are attributes that differ."""
    usual = {
        "message_id": uuid.uuid4().hex,
        "receipt_handle": "receipt",
        "receive_count": 1,
        "queue_seconds": 0,
        "received_at": 0,
    }
    return Message(body=body, **{**usual, **facts})


def purpose(**facts: Any) -> Purpose:
    """What a record is claimed for by a message of its own."""
    return Purpose(received(**facts))
