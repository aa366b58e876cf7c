"""The simulated fleet: every video is done once, and what can be worked out by hand comes out."""

from __future__ import annotations

import dataclasses
import math
import sys

import numpy as np
import pytest

from support.paths import ROOT

sys.path.append(str(ROOT / "benchmarks"))

from fleet_load import DAY, LOADS, Load
from fleet_policy import Alarm, Policy, StepPolicy, read_policy
from fleet_simulation import Simulation, Times, simulate

TIMES = Times(metrics=0, boot=90, pull=120, start=20, fargate=60, save=180, losses_per_hour=0)
SHIPPED = read_policy(ROOT / "aws_resources.yml", InstanceType="g4dn.xlarge", MaxTasks=200, MaxInstances=200)
ON_SPOT = dataclasses.replace(SHIPPED, spot=True)
ON_FARGATE = dataclasses.replace(SHIPPED, max_instances=None)


def always(tasks: int, max_instances: int | None = 200) -> Policy:
    """So many tasks as long as there is a video, and none after three minutes without."""
    more = StepPolicy("ExactCapacity", [(0, math.inf, tasks)], 60)
    none = StepPolicy("ExactCapacity", [(-math.inf, 0, 0)], 60)
    alarms = [
        Alarm("waiting + at_work", "GreaterThanOrEqualToThreshold", 1, 1, [more]),
        Alarm("waiting + at_work", "LessThanThreshold", 1, 3, [none]),
    ]
    return Policy(alarms, 0, tasks, max_instances, False, 120)


@pytest.mark.parametrize("name", LOADS)
@pytest.mark.parametrize("policy", [SHIPPED, ON_SPOT, ON_FARGATE], ids=["instances", "spot", "fargate"])
def test_every_video_is_done_once(name: str, policy: Policy) -> None:
    load = LOADS[name](600, 60, np.random.default_rng(3))
    outcome = Simulation(policy, load, Times(losses_per_hour=2), seed=3).run(at_most=30 * DAY)
    assert (outcome.finished == 1).all()
    assert (outcome.waited >= 0).all()
    assert 0 < outcome.utilisation <= 1
    assert outcome.most_machines <= 200
    assert (outcome.losses > 0) == policy.spot
    # Who is paid works, waits or starts; what was lost was paid for as well.
    assert outcome.paid_seconds > sum(load.work) + outcome.repeated_seconds


def test_a_day_is_the_same_each_time() -> None:
    load = LOADS["daily wave"](1000, 60, np.random.default_rng(1))
    again = LOADS["daily wave"](1000, 60, np.random.default_rng(1))
    assert load == again
    first, second = (simulate(ON_SPOT, load, Times(losses_per_hour=1), seed=5) for _ in range(2))
    assert first.paid_seconds == second.paid_seconds
    assert first.waited.tolist() == second.waited.tolist()


def test_a_fleet_of_one_by_hand() -> None:
    """A video each 100 s from 0 on, 50 s of work each: all but the first ones find the machine idle."""
    load = Load([100.0 * number for number in range(100)], [50.0] * 100)
    outcome = simulate(always(1), load, TIMES)
    # At 0 the alarm sees the first video; at 60 the provider starts an instance, which is up at 150, has the
    # image at 270 and receives at 290. From then on it gains 50 s with each video.
    assert outcome.waited[:8].tolist() == [290.0, 240.0, 190.0, 140.0, 90.0, 40.0, 0.0, 0.0]
    assert outcome.waited[6:].max() == 0
    # The last video ends at 9950. The alarm sees that at 9960, 10020 and 10080, and the provider sees the empty
    # instance from 10140 on; the fifteenth minute ends it.
    assert outcome.ended == 10140 + 14 * 60
    assert outcome.paid_seconds == outcome.ended - 60
    assert outcome.utilisation == pytest.approx(5000 / outcome.paid_seconds)
    assert outcome.most_machines == 1


def test_a_fleet_of_one_on_fargate_by_hand() -> None:
    """No instance: a task is paid from its request to its end."""
    outcome = simulate(always(1, None), Load([0.0, 200.0], [50.0, 50.0]), TIMES)
    assert outcome.waited.tolist() == [80.0, 0.0]
    assert (outcome.ended, outcome.paid_seconds) == (420, 420), "nothing to do at 300, 360 and 420"
    # At 180, 240 and 300 as well, if the second one comes later: its task is asked for at 360.
    assert simulate(always(1, None), Load([0.0, 350.0], [50.0, 50.0]), TIMES).waited.tolist() == [80.0, 90.0]


def test_nothing_to_do_costs_nothing() -> None:
    assert simulate(SHIPPED, Load([], []), TIMES).paid_seconds == 0
    once = simulate(SHIPPED, Load([0.0], [60.0]), TIMES)
    twice = simulate(SHIPPED, Load([0.0, DAY], [60.0, 60.0]), TIMES)
    assert once.ended < 3600
    assert twice.paid_seconds == 2 * once.paid_seconds


def test_more_machines_share_the_work() -> None:
    load = Load([0.0] * 400, [100.0] * 400)
    alone, four = (simulate(always(tasks), load, TIMES) for tasks in (1, 4))
    # 290 s until the first machine receives; then one video after the other on each.
    assert alone.waited.max() == 290 + 399 * 100
    assert four.waited.max() == 290 + 99 * 100
    assert four.most_machines == 4


def test_the_number_of_instances_bounds_the_number_of_tasks() -> None:
    outcome = simulate(always(4, max_instances=2), Load([0.0] * 20, [100.0] * 20), TIMES)
    assert outcome.most_machines == 2
    assert outcome.waited.max() == 290 + 9 * 100


class Lost(Simulation):
    """Loses its first machine at a time that is known."""

    def __init__(self, policy: Policy, load: Load, at: float) -> None:
        super().__init__(policy, load, TIMES)
        self._at(at, self._lose_first)

    def _lose_first(self) -> None:
        (machine,) = self._machines
        self._lose(machine)


def test_a_lost_worker_costs_what_was_not_saved() -> None:
    """The video begins at 290 and takes 1000 s; it is lost after 400 s, of which 360 s were saved."""
    outcome = Lost(always(1), Load([0.0], [1000.0]), at=690).run(DAY)
    assert outcome.repeated_seconds == 40
    assert outcome.losses == 1
    assert outcome.finished.tolist() == [1]
    # The next instance is asked for at 720 and receives at 950, when SQS has handed the message out again (810):
    # 640 s are left, until 1590. The task goes at 1740, and the instance has been seen empty 15 times at 2640.
    assert outcome.ended == 2640
    assert outcome.paid_seconds == (690 - 60) + (2640 - 720)


def test_a_loss_between_videos_costs_no_work() -> None:
    outcome = Lost(always(1), Load([0.0, 400.0], [100.0, 100.0]), at=395).run(DAY)
    assert (outcome.repeated_seconds, outcome.losses) == (0, 1)
    assert outcome.finished.tolist() == [1, 1]


def test_losses_come_as_often_as_said() -> None:
    load = LOADS["all at once"](3000, 600, np.random.default_rng(2))
    outcome = simulate(dataclasses.replace(always(100), spot=True), load, Times(losses_per_hour=0.5), seed=2)
    expected = 0.5 * outcome.paid_seconds / 3600
    assert abs(outcome.losses - expected) < 4 * math.sqrt(expected)
    # At a random moment of a video, that is what the last save is ago on average.
    whole, rest = np.divmod(load.work, 180)
    ago = (whole * 180**2 / 2 + rest**2 / 2).sum() / sum(load.work)
    assert outcome.repeated_seconds / outcome.losses == pytest.approx(ago, rel=0.2)


def test_a_task_in_the_middle_of_a_video_is_not_ended() -> None:
    """Fewer are wanted while ten long videos are at work: each is finished by the machine that began it."""
    outcome = simulate(SHIPPED, Load([0.0] * 100, [3000.0] * 100), TIMES)
    assert outcome.repeated_seconds == 0
    assert (outcome.finished == 1).all()


@pytest.mark.parametrize("name", LOADS)
def test_loads_are_what_they_are_called(name: str) -> None:
    load = LOADS[name](50_000, 60, np.random.default_rng(7))
    arrivals, work = np.array(load.arrivals), np.array(load.work)
    assert len(arrivals) == len(work) == 50_000
    assert (np.diff(arrivals) >= 0).all()
    assert work.mean() == pytest.approx(60)
    assert work.min() > 0
    night, noon = ((arrivals // 3600 == hour).sum() for hour in (0, 12))
    if name in ("daily wave", "heavy tail"):
        assert noon / night == pytest.approx(9, rel=0.2)
    if name == "steady":
        assert noon / night == pytest.approx(1, rel=0.1)
    if name == "all at once":
        assert arrivals.max() == 0
    assert (work.max() > 1000) == (name == "heavy tail")


def test_the_shipped_policy_keeps_its_promise() -> None:
    """As in docs/speed_and_cost.md, with a tenth of the videos that take ten times as long."""
    policy = read_policy(
        ROOT / "aws_resources.yml", InstanceType="g4dn.xlarge", MaxTasks=200, MaxInstances=200, JobsPerTask=1
    )
    load = LOADS["daily wave"](10_000, 600, np.random.default_rng(1))
    outcome = simulate(policy, load, Times())
    assert outcome.utilisation >= 0.85
    assert np.percentile(outcome.waited, 95) < 600
