"""When a worker that finds nothing to do has done enough, and what it leaves behind."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from human_detector.aws.queue import JobQueue, QueueDepth
from human_detector.aws.waiting_times import COUNT_SETTLED_SECONDS, LONG_POLL_SECONDS

log = logging.getLogger(__name__)


class EndOfWork:
    """Ends a worker once its queue has been empty for long enough.

    Empty is a queue from which nothing is received. Messages may be hidden in it: other workers hold them, or
    they wait for their next try. A worker that is to see everything done waits for those, too.

    Args:
        queue: from which the worker receives.
        idle_seconds: how long the queue has to be empty; None to work for ever.
        until_done: whether hidden messages are waited for.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        queue: JobQueue,
        idle_seconds: float | None = None,
        *,
        until_done: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._idle_seconds = COUNT_SETTLED_SECONDS if idle_seconds is None and until_done else idle_seconds
        self._until_done = until_done
        self._clock = clock
        self._empty_since: float | None = None
        self._waits_for = ""

    @property
    def longest_poll(self) -> int:
        """How long to ask for a message in one request."""
        if self._idle_seconds is None:
            return LONG_POLL_SECONDS
        return min(LONG_POLL_SECONDS, max(1, round(self._idle_seconds)))

    def postpone(self) -> None:
        """The queue was not empty: the time begins anew."""
        self._empty_since = None

    def is_reached(self, poll_began: float) -> bool:
        """Whether to end, after a request that brought nothing.

        Args:
            poll_began: when that was sent, on the clock.

        Raises:
            ClientError, BotoCoreError: the queue cannot be counted.
        """
        if self._idle_seconds is None:
            return False
        if self._until_done and (hidden := _named(self._queue.depth())):
            self.postpone()
            if hidden != self._waits_for:
                log.info("waiting for %s", hidden)
            self._waits_for = hidden
            return False
        self._empty_since = poll_began if self._empty_since is None else self._empty_since
        return self._clock() - self._empty_since >= self._idle_seconds

    def describe(self) -> str:
        """What to say at the end.

        Raises:
            ClientError, BotoCoreError: the queue cannot be counted.
        """
        if self._until_done:
            return f"the queue has held nothing for {self._idle_seconds:g} s: done"
        empty = f"the queue has been empty for {self._idle_seconds:g} s: done"
        if hidden := _named(self._queue.depth()):
            return (
                f"{empty}, but {hidden} are left: others hold them, or they wait for their next try; "
                "--until-done waits for them"
            )
        return empty


def _named(depth: QueueDepth) -> str:
    """What a queue holds; empty if that is nothing."""
    counts = {"waiting": depth.waiting, "in flight": depth.in_flight, "delayed": depth.delayed}
    shown = ", ".join(f"{count} {where}" for where, count in counts.items() if count)
    return f"messages in the queue ({shown})" if shown else ""
