"""When the machine or the emulator stood still: a fault that nobody planted, and that may cost a lease as well."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.torments import LEASE_SECONDS, Hit

LATE_SECONDS = 1.0
"""Less than a renewal may take: a lease ends after four times as long without one."""
GLANCE_SECONDS = 0.1


class Stalls:
    """Notes what came too late, so that a loaded machine is not taken for a fault of the product.

    Attributes:
        hits: when it did.
    """

    def __init__(self) -> None:
        self.hits: list[Hit] = []

    def watch(self, over: threading.Event) -> None:
        """See whether a short pause takes long, until it is over."""
        while not over.is_set():
            with self.timed("the machine stood still"):
                over.wait(GLANCE_SECONDS)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """A block that must not take long."""
        began = time.time()
        yield
        ended = time.time()
        if ended - began > LATE_SECONDS:
            # What was received before counts as renewed at that time.
            self.hits.append(Hit(what, began=began, ended=ended + LEASE_SECONDS))
