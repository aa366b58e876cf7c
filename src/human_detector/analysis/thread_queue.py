"""A bounded queue between two threads that can be closed from either side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, NoReturn, TypeVar

Item = TypeVar("Item")


class QueueAbandoned(Exception):
    """The other side wants no more items."""


class ThreadQueue(Generic[Item]):
    """A bounded first-in, first-out queue for one producer and one consumer.

    `queue.Queue` is not enough: a producer that waits for room must wake up when the consumer gives up, and
    the consumer must get the producer's exception.

    Args:
        capacity: how many items may wait; `put` waits while there are that many.
    """

    def __init__(self, capacity: float = float("inf")) -> None:
        self._capacity = capacity
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._abandoned = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> None:
        """Add an item; wait while the queue is full.

        Raises:
            QueueAbandoned: the consumer has abandoned the queue.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or len(self._items) < self._capacity)
            if self._abandoned:
                raise QueueAbandoned
            self._items.append(item)
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more items come; the consumer gets the error after the items that wait."""
        with self._changed:
            self._ended, self._error = True, None if self._abandoned else error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that no more items are wanted, and drop those that wait."""
        with self._changed:
            self._abandoned, self._error = True, None
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Take items until the queue is ended or abandoned.

        Raises:
            BaseException: the error that the producer ended the queue with.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._ended or self._abandoned)
                if not self._items:
                    if self._error:
                        self._raise_error()
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item

    def _raise_error(self) -> NoReturn:
        """Raise the producer's error, and let go of it: it refers to all that was in hand when it came."""
        error, self._error = self._error, None
        assert error is not None
        try:
            raise error
        finally:
            del error
