"""Lets one task act at a time, chosen by a seed, and time pass when nobody can act.

A task is a greenlet: what would be a thread of the product, or somebody else who acts. It goes on until it waits
for time or for a condition; then the next one is drawn. So one seed gives one history, in one thread of the computer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

from simulation.clock import EPOCH

FOR_EVER = float("inf")
GLANCE_SECONDS = 0.25
"""A thread that waits no longer than this looks again and again whether something has changed, so it acts when
something has: or most of a simulation would be such looks."""


class Ended(BaseException):
    """The process of this task was killed. No Exception, so that no code under test goes on."""


@dataclass(eq=False)
class Process:
    """Something that can be killed and frozen as a whole.

    Attributes:
        name: such as `worker 1`.
        ended: nothing of it acts any more.
        frozen_until: nothing of it acts before, in epoch seconds.
        skew: how many seconds its clock is ahead.
        stood_still: for how many seconds its monotonic clock has not gone forward.
    """

    name: str
    ended: bool = False
    frozen_until: float = 0
    skew: float = 0
    stood_still: float = 0


@dataclass(eq=False)
class Task:
    """One thread of a process.

    Attributes:
        process: that it is a part of.
        goes_on: the condition that it waits for; None if it waits for its deadline only.
        deadline: when it goes on without, in epoch seconds; infinity for never.
        glances: its deadline alone is no reason to let time pass.
        turn: when it began to wait, as a number of acts of others.
    """

    process: Process
    greenlet: greenlet
    goes_on: Callable[[], bool] | None = None
    deadline: float = 0
    glances: bool = False
    turn: int = 0


@dataclass(eq=False)
class Scheduler:
    """The tasks of a world, and its clock (see `clock.Clock`).

    Attributes:
        random: draws who acts next.
    """

    random: random.Random
    tasks: list[Task] = field(default_factory=list)
    _now: float = EPOCH
    _current: Task | None = None
    _turn: int = 0
    _hub: greenlet = field(default_factory=getcurrent)

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    @property
    def process(self) -> Process:
        """Whose task acts."""
        assert self._current is not None
        return self._current.process

    def spawn(self, process: Process, act: Callable[[], object]) -> Task:
        """Add a task."""
        task = Task(process, greenlet(lambda: _quietly(act), self._hub))
        self.tasks.append(task)
        return task

    def wait(self, seconds: float) -> None:
        """Return so many seconds later."""
        self._pause(None, seconds, glances=False)

    def wait_for(self, condition: Callable[[], bool], seconds: float = FOR_EVER) -> None:
        """Return once a condition holds, at the latest so many seconds later.

        Raises:
            Ended: the process was killed.
        """
        self._pause(condition, seconds, glances=False)

    def glance_for(self, condition: Callable[[], bool], seconds: float = FOR_EVER) -> None:
        """The same, but whoever waits only a moment acts again when anybody else has acted after that moment.

        Raises:
            Ended: the process was killed.
        """
        self._pause(condition, seconds, glances=seconds <= GLANCE_SECONDS)

    def _pause(self, condition: Callable[[], bool] | None, seconds: float, *, glances: bool) -> None:
        task = self._current
        if task is None:
            return  # The world is being made.
        if task.process.ended:
            raise Ended
        task.goes_on, task.deadline, task.turn = condition, self._now + seconds, self._turn
        task.glances = glances
        self._hub.switch()
        if task.process.ended:
            raise Ended

    def run(self, until: float, at_rest: Callable[[], bool]) -> None:
        """Let the tasks act until all is at rest, or that moment has come; then end them all."""
        try:
            while self._now < until and not at_rest():
                if not self._act():
                    return
        finally:
            for task in self.tasks:
                task.process.ended = True
            for task in [task for task in self.tasks if task.greenlet]:
                self._switch_to(task)
            self._current = None

    def _act(self) -> bool:
        """Let one task act, or time pass; whether there was any."""
        ready = [task for task in self.tasks if self._is_ready(task)]
        if ready:
            task = ready[0] if len(ready) == 1 else ready[int(self.random.random() * len(ready))]
            if not task.glances:
                self._turn += 1
            self._switch_to(task)
            return True
        moments = [(task.glances, max(task.deadline, task.process.frozen_until)) for task in self.tasks]
        # Who only glances waits for what others do, as long as there is something that they will do.
        moments = [moment for moment in moments if moment[1] < FOR_EVER]
        if not moments:
            return False
        self._now = max(self._now, min(moments)[1])
        self._turn += 1
        return True

    def _is_ready(self, task: Task) -> bool:
        if task.process.ended:
            return True
        if task.process.frozen_until > self._now:
            return False
        if task.deadline <= self._now and not (task.glances and task.turn == self._turn):
            return True
        return task.goes_on is not None and task.goes_on()

    def _switch_to(self, task: Task) -> None:
        self._current = task
        task.greenlet.switch()
        if task.greenlet.dead:
            self.tasks.remove(task)


def _quietly(act: Callable[[], object]) -> None:
    with suppress(Ended):
        act()
