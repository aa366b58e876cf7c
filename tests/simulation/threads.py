"""What the product uses of `threading`, made of tasks of the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from simulation.scheduler import FOR_EVER, Scheduler, Task

FAIRNESS = 0.5
"""How often who asks for a lock that is free lets others go first who wait for it: Python promises nothing."""


def threading_on(scheduler: Scheduler) -> SimpleNamespace:
    """A stand-in for the module `threading`."""

    class Thread:
        def __init__(
            self,
            target: Callable[..., object],
            args: Sequence[Any] = (),
            name: str = "",
            daemon: bool = False,
        ) -> None:
            self._act = lambda: target(*args)
            self._task: Task | None = None

        def start(self) -> None:
            self._task = scheduler.spawn(scheduler.process, self._act)

        def join(self) -> None:
            task = self._task
            assert task is not None
            if not task.greenlet.dead:
                scheduler.wait_for(lambda: task.greenlet.dead)

    class Event:
        def __init__(self) -> None:
            self._set = False

        def set(self) -> None:
            self._set = True

        def is_set(self) -> bool:
            return self._set

        def wait(self, timeout: float = FOR_EVER) -> bool:
            if not self._set:
                scheduler.glance_for(self.is_set, timeout)
            return self._set

    class Lock:
        def __init__(self) -> None:
            self._locked = False
            self._waiting = 0

        def locked(self) -> bool:
            return self._locked

        def acquire(self, timeout: float = FOR_EVER) -> bool:
            self._waiting += 1
            try:
                if self._locked:
                    scheduler.glance_for(lambda: not self._locked, timeout)
                elif self._waiting > 1 and scheduler.random.random() < FAIRNESS:
                    scheduler.wait(0)
            finally:
                self._waiting -= 1
            if self._locked:
                return False
            self._locked = True
            return True

        def release(self) -> None:
            self._locked = False

        def __enter__(self) -> None:
            while not self.acquire():
                pass

        def __exit__(self, *error: object) -> None:
            self.release()

    class Condition(Lock):
        def __init__(self) -> None:
            super().__init__()
            self._notified = 0

        def wait(self, timeout: float = FOR_EVER) -> None:
            before = self._notified
            self.release()
            scheduler.glance_for(lambda: self._notified > before, timeout)
            self.__enter__()

        def wait_for(self, condition: Callable[[], bool], timeout: float = FOR_EVER) -> None:
            self.release()
            scheduler.glance_for(condition, timeout)
            self.__enter__()

        def notify_all(self) -> None:
            self._notified += 1

    return SimpleNamespace(
        Thread=Thread,
        Event=Event,
        Lock=Lock,
        Condition=Condition,
        get_ident=lambda: id(scheduler.process),
    )
