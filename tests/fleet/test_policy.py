"""The simulated fleet scales as the template says: a changed template is a changed policy."""

from __future__ import annotations

import dataclasses
import math
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

sys.path.append(str(ROOT / "benchmarks"))

from fleet_policy import Policy, StepPolicy, UnknownScaling, read_policy
from fleet_simulation import Scaling

TEMPLATE = ROOT / "aws_resources.yml"
ON_INSTANCES = {"InstanceType": "g4dn.xlarge", "MaxTasks": 200, "MaxInstances": 150}


def changed(tmp_path: Path, *replacements: tuple[str, str]) -> Path:
    """The template with other text at these places, each of which is there."""
    text = TEMPLATE.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "changed.yml"
    path.write_text(text)
    return path


def tasks_for(policy: Policy, waiting: int, at_work: int) -> int:
    """How many tasks there are after a minute of that."""
    scaling = Scaling(policy)
    scaling.minute(0.0, waiting, at_work)
    return scaling.tasks


def test_the_shipped_policy() -> None:
    policy = read_policy(TEMPLATE, **ON_INSTANCES)
    assert (policy.min_tasks, policy.max_tasks, policy.max_instances) == (0, 200, 150)
    assert policy.visibility_timeout == 120
    assert not policy.spot
    assert sorted(alarm.periods for alarm in policy.alarms) == [1, 15]
    # A task for ten that wait, one for two at work, and never more than that.
    counts = [(0, 0), (1, 0), (0, 1), (10, 2), (30, 4), (0, 17), (100_000, 0)]
    assert [tasks_for(policy, *each) for each in counts] == [0, 1, 1, 2, 5, 8, 200]


def test_parameters_of_the_stack_are_its_own() -> None:
    assert tasks_for(read_policy(TEMPLATE, **ON_INSTANCES, JobsPerTask=2), 10, 0) == 5
    assert read_policy(TEMPLATE, **ON_INSTANCES, IdleMinutes=3).alarms[1].periods == 3
    assert read_policy(TEMPLATE, **ON_INSTANCES, UseSpot="true").spot
    assert read_policy(TEMPLATE, InstanceType="fargate").max_instances is None
    assert read_policy(TEMPLATE).max_tasks == 4, "the template's default"


@pytest.mark.parametrize(
    ("old", "new", "waiting", "tasks"),
    [
        ("CEIL(at_work / 2 + waiting / ${JobsPerTask})", "CEIL(waiting / 3)", 10, 4),
        ("{MetricIntervalLowerBound: 199, ScalingAdjustment: 200}", "{MetricIntervalLowerBound: 199, ScalingAdjustment: 7}", 99_999, 7),
        ("MinCapacity: 0", "MinCapacity: 3", 1, 3),
        ("MetricIntervalUpperBound: 1, ScalingAdjustment: 1", "MetricIntervalUpperBound: 1, ScalingAdjustment: 9", 1, 9),
    ],
)  # fmt: skip
def test_a_changed_template_is_a_changed_policy(
    old: str, new: str, waiting: int, tasks: int, tmp_path: Path
) -> None:
    assert tasks_for(read_policy(TEMPLATE, **ON_INSTANCES), waiting, 0) != tasks
    assert tasks_for(read_policy(changed(tmp_path, (old, new)), **ON_INSTANCES), waiting, 0) == tasks


def test_other_changes_are_seen_too(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("VisibilityTimeout: 120", "VisibilityTimeout: 30"),
        ("Cooldown: 60\n        # The alarm's", "Cooldown: 600\n        # The alarm's"),
        (
            "OnDemandPercentageAboveBaseCapacity: !If [OnSpot, 0, 100]",
            "OnDemandPercentageAboveBaseCapacity: 0",
        ),
    )
    policy = read_policy(path, **ON_INSTANCES)
    assert policy.visibility_timeout == 30
    assert policy.alarms[0].policies[0].cooldown == 600
    assert policy.spot


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("PolicyType: StepScaling", "PolicyType: TargetTrackingScaling", "TargetTrackingScaling"),
        ("AdjustmentType: ExactCapacity", "AdjustmentType: PercentChangeInCapacity", "PercentChange"),
        ("Stat: Maximum\n            Period: 60", "Stat: Maximum\n            Period: 300", "300"),
        ("ApproximateNumberOfMessagesNotVisible", "NumberOfMessagesSent", "NumberOfMessagesSent"),
        ("CEIL(at_work / 2", "RATE(at_work / 2", "RATE"),
        ("TargetCapacity: 100}", "TargetCapacity: 90}", "90"),
    ],
)
def test_what_the_simulation_does_not_have_is_refused(old: str, new: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownScaling, match=named):
        read_policy(changed(tmp_path, (old, new)), **ON_INSTANCES)
    with pytest.raises(UnknownScaling, match="no parameter JobsPerMachine"):
        read_policy(TEMPLATE, JobsPerMachine=1)


def test_more_come_at_once_and_fewer_after_the_cooldown() -> None:
    policy = read_policy(TEMPLATE, **ON_INSTANCES)
    backlog = policy.alarms[0]
    slow = dataclasses.replace(backlog.policies[0], cooldown=120)
    scaling = Scaling(dataclasses.replace(policy, alarms=[dataclasses.replace(backlog, policies=[slow])]))
    history = []
    for minute, waiting in enumerate([50, 100, 10, 10, 10]):
        scaling.minute(60.0 * minute, waiting, 0)
        history.append(scaling.tasks)
    assert history == [5, 10, 10, 1, 1]


def test_the_last_tasks_go_after_the_idle_minutes() -> None:
    scaling = Scaling(read_policy(TEMPLATE, **ON_INSTANCES, IdleMinutes=3))
    history = []
    for minute, at_work in enumerate([1, 0, 0, 1, 0, 0, 0, 0]):
        scaling.minute(60.0 * minute, 0, at_work)
        history.append(scaling.tasks)
    assert history == [1, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("kind", "current", "tasks"),
    [("ExactCapacity", 7, 3), ("ChangeInCapacity", 7, 10)],
)
def test_what_an_adjustment_means(kind: str, current: int, tasks: int) -> None:
    policy = StepPolicy(kind, [(0, 5, 1), (5, math.inf, 3)], 60)
    assert policy.tasks(current, 5) == tasks
    assert policy.tasks(current, -1) == current, "no step fits"
