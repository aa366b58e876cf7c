"""The service from the arrival of videos to the bill: discrete events on a clock of seconds.

A machine is an instance with room for one task, or a Fargate task. Each minute the alarms look at the queue
as it was a moment ago and set the number of tasks; the capacity provider starts an instance for each task
that has none, and ends those that nobody has used for a while.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fleet_load import Load
from fleet_policy import Alarm, Policy, StepPolicy

MINUTE = 60.0
EMPTY_MINUTES = 15
"""ECS's alarm for ending instances without a task looks at so many values, one a minute."""
MOST_ENDED_AT_ONCE = 0.5
"""Of the instances; AWS, "Faster scaling-in for Amazon ECS cluster auto scaling" (containers blog)."""
WITH_A_TASK = frozenset({"starting", "idle", "busy"})
LEAST_PAID_SECONDS = 60.0
"""EC2 and Fargate bill by the second, after the first minute."""


@dataclass(frozen=True)
class Times:
    """How long things take, in seconds, and how often spot instances go.

    Attributes:
        metrics: from what SQS counts to the alarm.
        boot: from the launch of an instance until ECS may place a task on it.
        pull: of the image, once for each instance.
        start: of the worker, until its models are loaded and it receives.
        fargate: from the request of a task until its worker starts, image included.
        save: `worker.partial_save_seconds`: what a lost worker's video has to do again at most.
        losses_per_hour: of each spot instance.
    """

    metrics: float = 60.0
    boot: float = 90.0
    pull: float = 120.0
    start: float = 20.0
    fargate: float = 60.0
    save: float = 180.0
    losses_per_hour: float = 0.02


@dataclass(eq=False)
class Machine:
    """Something that is paid by the second.

    Attributes:
        began: when its bill begins.
        state: booting, empty (no task), starting, idle, busy or gone.
        has_image: whether the image has been fetched.
        video: what it is at while it is busy.
        since: when it began with that.
        turn: counts its changes of state, so that an event meant for an earlier one is known as such.
    """

    began: float
    state: str = "booting"
    has_image: bool = False
    video: int = -1
    since: float = 0.0
    turn: int = 0


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        waited: seconds until the analysis of each video began.
        finished: how often each video was finished.
        useful_seconds: of analysis, each second of each video once.
        paid_seconds: of all machines.
        repeated_seconds: of analysis that was lost with a machine and done again.
        losses: how many machines were lost.
        most_machines: that there were at a time.
        ended: when the last machine had gone.
    """

    waited: np.ndarray
    finished: np.ndarray
    useful_seconds: float
    paid_seconds: float = 0.0
    repeated_seconds: float = 0.0
    losses: int = 0
    most_machines: int = 0
    ended: float = 0.0

    @property
    def utilisation(self) -> float:
        """Share of the paid time in which a video got further."""
        return self.useful_seconds / self.paid_seconds if self.paid_seconds else 0.0


class Scaling:
    """The alarms and their policies: from the counts of the queue to the number of tasks."""

    def __init__(self, policy: Policy) -> None:
        """Begin with as few tasks as there may be."""
        self._policy = policy
        self.tasks = policy.min_tasks
        self._minutes = [0] * len(policy.alarms)
        self._changed_at = -math.inf

    def minute(self, now: float, waiting: int, at_work: int) -> None:
        """Let each alarm look at the queue, and do what those do that ring."""
        for number, alarm in enumerate(self._policy.alarms):
            value = alarm.value(waiting, at_work)
            self._minutes[number] = self._minutes[number] + 1 if alarm.is_out_of_bounds(value) else 0
            if self._minutes[number] >= alarm.periods:
                for policy in alarm.policies:
                    self._apply(now, alarm, policy, value)

    def _apply(self, now: float, alarm: Alarm, policy: StepPolicy, value: float) -> None:
        wanted = policy.tasks(self.tasks, value - alarm.threshold)
        wanted = min(max(wanted, self._policy.min_tasks), self._policy.max_tasks)
        # More come at once; fewer only when the last change has had its time to take effect.
        if wanted > self.tasks or (wanted < self.tasks and now - self._changed_at >= policy.cooldown):
            self.tasks = wanted
            self._changed_at = now


class Simulation:
    """One fleet on one load."""

    def __init__(self, policy: Policy, load: Load, times: Times, seed: int = 0) -> None:
        """Prepare."""
        self._policy, self._times = policy, times
        self._scaling = Scaling(policy)
        self._random = np.random.default_rng(seed)
        self._arrivals = load.arrivals
        self._left = list(load.work)
        self._now = 0.0
        self._events: list[tuple[float, int, Callable[..., None], Machine | None, int]] = []
        self._numbers = itertools.count()
        self._waiting: deque[int] = deque()
        self._at_work = 0
        self._machines: dict[Machine, None] = {}  # In order, so that a day is the same each time.
        self._idle: list[Machine] = []
        self._placed = 0
        self._unplaced = 0
        """Tasks that have a machine, and tasks that have none yet."""
        self._empty_minutes = 0
        self._seen = (0, 0)
        """The counts of the queue that the alarms see next."""
        videos = len(load.arrivals)
        self._outcome = Outcome(np.full(videos, np.nan), np.zeros(videos, int), float(sum(load.work)))

    def run(self, at_most: float) -> Outcome:
        """Let time pass until everything is done and all machines have gone.

        Args:
            at_most: seconds.
        """
        arrived = 0
        self._at(0.0, self._minute)
        while self._now < at_most:
            if arrived < len(self._arrivals) and self._arrivals[arrived] <= self._events[0][0]:
                self._now = self._arrivals[arrived]
                self._queue(arrived)
                arrived += 1
                continue
            self._now, _, happens, machine, turn = heapq.heappop(self._events)
            if machine is None:
                happens()
            elif machine.turn == turn:
                happens(machine)
            if arrived == len(self._arrivals) and not self._has_work() and not self._machines:
                break
        self._outcome.ended = self._now
        for machine in list(self._machines):
            self._end(machine)
        return self._outcome

    def _has_work(self) -> bool:
        return bool(self._waiting or self._at_work or self._scaling.tasks)

    def _at(self, when: float, happens: Callable[..., None], machine: Machine | None = None) -> None:
        turn = machine.turn if machine else 0
        heapq.heappush(self._events, (when, next(self._numbers), happens, machine, turn))

    def _become(self, machine: Machine, state: str) -> None:
        self._placed += (state in WITH_A_TASK) - (machine.state in WITH_A_TASK)
        machine.state = state
        machine.turn += 1

    # ---- videos ----

    def _queue(self, video: int) -> None:
        if self._idle:
            self._begin(self._idle.pop(), video)
        else:
            self._waiting.append(video)

    def _begin(self, machine: Machine, video: int) -> None:
        if np.isnan(self._outcome.waited[video]):
            self._outcome.waited[video] = self._now - self._arrivals[video]
        self._at_work += 1
        machine.video, machine.since = video, self._now
        self._become(machine, "busy")
        self._at(self._now + self._left[video], self._finish, machine)

    def _finish(self, machine: Machine) -> None:
        self._outcome.finished[machine.video] += 1
        self._at_work -= 1
        self._receive(machine)

    def _receive(self, machine: Machine) -> None:
        """A worker takes a video, or waits for one; but its task may be one too many by now."""
        if self._tasks() > self._scaling.tasks:
            self._end_task(machine)
        elif self._waiting:
            self._begin(machine, self._waiting.popleft())
        else:
            self._become(machine, "idle")
            self._idle.append(machine)

    # ---- each minute ----

    def _minute(self) -> None:
        # What SQS counts takes a while to come.
        self._at(self._now + self._times.metrics, self._alarms_see(len(self._waiting), self._at_work))
        if self._policy.max_instances is not None:
            self._provide_instances()
        self._at(self._now + MINUTE, self._minute)

    def _alarms_see(self, waiting: int, at_work: int) -> Callable[[], None]:
        def see() -> None:
            self._scaling.minute(self._now, waiting, at_work)
            self._adjust_tasks()

        return see

    def _tasks(self) -> int:
        return self._placed + self._unplaced

    def _adjust_tasks(self) -> None:
        """ECS ends tasks that have not begun first, and none that is protected, which is in a video."""
        too_many = self._tasks() - self._scaling.tasks
        self._unplaced += max(0, -too_many)
        dropped = min(max(0, too_many), self._unplaced)
        self._unplaced -= dropped
        for state in ("starting", "idle"):
            for machine in [each for each in self._machines if each.state == state]:
                if dropped < too_many:
                    self._end_task(machine)
                    dropped += 1
        self._place()

    def _place(self) -> None:
        """Put tasks on machines that are free; on Fargate each gets one of its own at once."""
        if self._policy.max_instances is None:
            for _ in range(self._unplaced):
                machine = self._launch()
                self._become(machine, "starting")
                self._at(self._now + self._times.fargate + self._times.start, self._receive, machine)
            self._unplaced = 0
            return
        for machine in [each for each in self._machines if each.state == "empty"][: self._unplaced]:
            self._start_task(machine)

    def _start_task(self, machine: Machine) -> None:
        self._unplaced -= 1
        self._become(machine, "starting")
        pull = 0.0 if machine.has_image else self._times.pull
        self._at(self._now + pull + self._times.start, self._receive, machine)
        machine.has_image = True

    def _end_task(self, machine: Machine) -> None:
        if machine.state == "idle":
            self._idle.remove(machine)
        self._become(machine, "empty")
        if self._policy.max_instances is None:
            self._end(machine)

    # ---- machines ----

    def _provide_instances(self) -> None:
        """The capacity provider: an instance for each task without one; empty ones go after a while."""
        states = [each.state for each in self._machines]
        missing = self._unplaced - states.count("booting")
        for _ in range(min(missing, (self._policy.max_instances or 0) - len(states))):
            machine = self._launch()
            self._at(self._now + self._times.boot, self._boot, machine)
        self._empty_minutes = self._empty_minutes + 1 if "empty" in states else 0
        if self._empty_minutes >= EMPTY_MINUTES:
            for machine in [each for each in self._machines if each.state == "empty"][
                : math.ceil(MOST_ENDED_AT_ONCE * len(states))
            ]:
                self._end(machine)

    def _launch(self) -> Machine:
        machine = Machine(self._now)
        self._machines[machine] = None
        self._outcome.most_machines = max(self._outcome.most_machines, len(self._machines))
        return machine

    def _boot(self, machine: Machine) -> None:
        self._become(machine, "empty")
        if self._policy.spot and self._times.losses_per_hour:
            lifetime = self._random.exponential(3600 / self._times.losses_per_hour)
            self._at(self._now + lifetime, lambda: self._lose(machine))
        if self._unplaced:
            self._start_task(machine)

    def _lose(self, machine: Machine) -> None:
        """A spot instance goes without warning; its message, which nobody prolongs, comes again."""
        if machine.state == "gone":
            return
        self._outcome.losses += 1
        self._unplaced += machine.state in WITH_A_TASK
        if machine.state == "idle":
            self._idle.remove(machine)
        if machine.state == "busy":
            worked = self._now - machine.since
            saved = worked // self._times.save * self._times.save
            self._left[machine.video] -= saved
            self._outcome.repeated_seconds += worked - saved
            self._at(self._now + self._policy.visibility_timeout, self._hands_out_again(machine.video))
        self._end(machine)

    def _hands_out_again(self, video: int) -> Callable[[], None]:
        def come_back() -> None:
            self._at_work -= 1
            self._queue(video)

        return come_back

    def _end(self, machine: Machine) -> None:
        self._become(machine, "gone")
        del self._machines[machine]
        self._outcome.paid_seconds += max(LEAST_PAID_SECONDS, self._now - machine.began)


def simulate(policy: Policy, load: Load, times: Times, seed: int = 0) -> Outcome:
    """Run a load to its end.

    Raises:
        RuntimeError: it is not done after a hundred times the day.
    """
    outcome = Simulation(policy, load, times, seed).run(at_most=100 * 86_400)
    if not (outcome.finished == 1).all():
        raise RuntimeError(f"{(outcome.finished != 1).sum()} videos were not finished once")
    return outcome
