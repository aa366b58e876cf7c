"""The worker of the campaign: with shorter leases than a user may choose, and with a fault if one is planted.

python -m support.campaign_worker FAULT [ARGUMENT ...]

It is the same program. What it waits for is set before anything reads it, so that hundreds of jobs can lose their
lease in minutes. FAULT is the name of one of `PLANTED`, or `none`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from human_detector import configuration
from human_detector.__main__ import main
from human_detector.aws import waiting_times
from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.storage import S3Object, Storage
from human_detector.validation import WholeNumber
from human_detector.worker.job import JobRunner

WAITING_TIMES = {
    # A message that is handed to a worker which was killed in its poll is hidden for nothing.
    "LONG_POLL_SECONDS": 3,
    "FIRST_RETRY_SECONDS": 1,
    "LONGEST_RETRY_SECONDS": 4,
    "FIRST_PAUSE_SECONDS": 1,
    "LONGEST_PAUSE_SECONDS": 3,
    "DEAD_LETTER_LOOK_SECONDS": 5,
}

_store = Storage.store
_run = JobRunner.run


def _store_whatever_stands_there(self: Storage, *arguments: Any, **named: Any) -> S3Object:
    def put_object(*, IfMatch: str = "", IfNoneMatch: str = "", **request: Any) -> Any:  # noqa: N803
        return self._client.put_object(**request)

    return _store(Storage(SimpleNamespace(put_object=put_object)), *arguments, **named)


def _delete_before_anything_is_recorded(self: JobRunner, message: Message, request: Any) -> Any:
    self._around.queue.delete(message)
    return _run(self, message, request)


PLANTED: Mapping[str, tuple[Any, str, Callable[..., Any]]] = {
    "an upload without its condition": (Storage, "store", _store_whatever_stands_there),
    "a message deleted before the record": (JobRunner, "run", _delete_before_anything_is_recorded),
    "a visibility that is never extended": (JobQueue, "hide", lambda _queue, _message, _seconds: None),
}
"""By name: of which class which function is replaced, and by what."""

if __name__ == "__main__":
    fault, *arguments = sys.argv[1:]
    for name, seconds in WAITING_TIMES.items():
        assert hasattr(waiting_times, name), name
        setattr(waiting_times, name, seconds)
    assert isinstance(configuration.WORKER.checks, dict)
    configuration.WORKER.checks["lease_seconds"] = WholeNumber(1, 3600)
    if fault != "none":
        owner, function, replacement = PLANTED[fault]
        assert hasattr(owner, function), function
        setattr(owner, function, replacement)
    sys.exit(main(["worker", *arguments]))
