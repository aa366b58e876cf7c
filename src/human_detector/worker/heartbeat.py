"""Keeps a job ours while it is worked on: renews the message's visibility and the record's lease together."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from human_detector.aws.waiting_times import RENEWALS_PER_LEASE, RETRIES_PER_INTERVAL
from human_detector.errors import LeaseLost

log = logging.getLogger(__name__)


class Heartbeat:
    """A thread that renews until it is stopped or the lease is lost.

    Leaving the `with` block stops and joins the thread, so that no renewal can come after what follows it: a
    late one would hide again a message that was just given back.

    Args:
        renewals: each prolongs one thing by `lease_seconds` from now, and raises LeaseLost if it is not ours.
        lease_seconds: how long one renewal lasts.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        renewals: Sequence[Callable[[], None]],
        lease_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._renewals = renewals
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._expires_at = clock() + lease_seconds
        self._stopped = threading.Event()
        self._lost: LeaseLost | None = None
        # The log lines of the thread carry the names of the job that it was made for.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="heartbeat", daemon=True)

    def check(self) -> None:
        """Return if the job is still ours.

        Raises:
            LeaseLost: it is not, or was not renewed in time and may not be.
        """
        if self._lost is None and self._clock() >= self._expires_at:
            self._lost = LeaseLost("the lease ended without a renewal")
        if self._lost is not None:
            raise self._lost

    def beat(self) -> float:
        """Renew once.

        Returns:
            Seconds until the next renewal is due.
        """
        # Counted from before the requests: the services may have started the lease that early.
        began = self._clock()
        interval = self._lease_seconds / RENEWALS_PER_LEASE
        try:
            for renew in self._renewals:
                renew()
        except LeaseLost as error:
            self._lost = error
        except Exception as error:  # a throttle, a time-out: the next try may succeed while the lease lasts
            log.warning("a renewal failed, will try again: %s", error)
            return interval / RETRIES_PER_INTERVAL
        else:
            self._expires_at = began + self._lease_seconds
        return interval

    def _run(self) -> None:
        wait = self._lease_seconds / RENEWALS_PER_LEASE
        while self._lost is None and not self._stopped.wait(wait):
            wait = self.beat()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
