"""The scaling of the service as a CloudFormation template has it: nothing of it stands here a second time.

What is not understood is refused, so that a template that grows beyond the simulation is not simulated
wrongly.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

COUNTS = {"ApproximateNumberOfMessagesVisible": "waiting", "ApproximateNumberOfMessagesNotVisible": "at_work"}
"""The metrics of SQS that the simulation has, and what it calls them."""
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
OPERATIONS: Mapping[type, Callable[[Any, Any], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {"CEIL": math.ceil, "FLOOR": math.floor}
DEFAULT_COOLDOWN = 300
"""Of a step policy that says none, by Application Auto Scaling's API reference."""


class UnknownScaling(ValueError):
    """The template scales in a way that the simulation does not have."""


@dataclass(frozen=True)
class StepPolicy:
    """How many tasks there should be.

    Attributes:
        kind: what an adjustment means: ExactCapacity or ChangeInCapacity.
        steps: lower bound, upper bound and adjustment; the bounds are distances from the alarm's threshold.
        cooldown: seconds after a change in which there is no change to fewer.
    """

    kind: str
    steps: Sequence[tuple[float, float, int]]
    cooldown: float

    def tasks(self, current: int, distance: float) -> int:
        """How many for a metric so far above the threshold; as many as there are, if no step fits."""
        for lower, upper, adjustment in self.steps:
            if lower <= distance < upper:
                return adjustment if self.kind == "ExactCapacity" else max(0, current + adjustment)
        return current


@dataclass(frozen=True)
class Alarm:
    """A number that follows from the counts of the queue, and what happens when it is out of bounds.

    Attributes:
        expression: of `waiting` and `at_work`, as CloudWatch's metric math.
        comparison: of the number with the threshold, by CloudWatch's name.
        threshold: the bound.
        periods: how many minutes in a row it must be out of bounds.
        policies: what is done then, each minute anew.
    """

    expression: str
    comparison: str
    threshold: float
    periods: int
    policies: Sequence[StepPolicy]

    def value(self, waiting: int, at_work: int) -> float:
        """The number for these counts."""
        return _computed(_parsed(self.expression), waiting=waiting, at_work=at_work)

    def is_out_of_bounds(self, value: float) -> bool:
        """Whether the alarm would ring, were it that for long enough."""
        return COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True)
class Policy:
    """All that decides how many machines there are.

    Attributes:
        alarms: those that change the number of tasks.
        min_tasks: there are never fewer.
        max_tasks: there are never more.
        max_instances: as above; None on Fargate.
        spot: whether the instances are spot instances.
        visibility_timeout: seconds after which SQS hands out the message of a dead worker again.
    """

    alarms: Sequence[Alarm]
    min_tasks: int
    max_tasks: int
    max_instances: int | None
    spot: bool
    visibility_timeout: float


def read_policy(template: Path, **parameters: object) -> Policy:
    """The scaling of a template.

    Args:
        template: a CloudFormation template such as aws_resources.yml.
        parameters: of the stack, where they are not the template's defaults.

    Raises:
        UnknownScaling: it does something that the simulation does not have.
    """
    stack = _Stack(yaml.load(template.read_text(encoding="utf-8"), Loader=_Loader), parameters)
    (target,) = stack.of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
    (queue,) = [each for each in stack.of_type("AWS::SQS::Queue").values() if "RedrivePolicy" in each]
    groups = [*stack.of_type("AWS::AutoScaling::AutoScalingGroup").values()]
    policies = {
        name: _step_policy(name, each)
        for name, each in stack.of_type("AWS::ApplicationAutoScaling::ScalingPolicy").items()
    }
    alarms = [
        _alarm(name, each, policies)
        for name, each in stack.of_type("AWS::CloudWatch::Alarm").items()
        if set(_names(each.get("AlarmActions"))) & set(policies)
    ]
    for provider in stack.of_type("AWS::ECS::CapacityProvider").values():
        managed = provider["AutoScalingGroupProvider"]["ManagedScaling"]
        if managed != {"Status": "ENABLED", "TargetCapacity": 100}:
            raise UnknownScaling(f"ManagedScaling: {managed}")
    return Policy(
        alarms=alarms,
        min_tasks=int(target["MinCapacity"]),
        max_tasks=int(target["MaxCapacity"]),
        max_instances=int(groups[0]["MaxSize"]) if groups else None,
        spot=any(_is_spot(group) for group in groups),
        visibility_timeout=float(queue["VisibilityTimeout"]),
    )


def _is_spot(group: Mapping[str, Any]) -> bool:
    distribution = group["MixedInstancesPolicy"]["InstancesDistribution"]
    return int(distribution["OnDemandPercentageAboveBaseCapacity"]) == 0


def _step_policy(name: str, properties: Mapping[str, Any]) -> StepPolicy:
    if properties["PolicyType"] != "StepScaling":
        raise UnknownScaling(f"{name}: {properties['PolicyType']}")
    steps = properties["StepScalingPolicyConfiguration"]
    if steps["AdjustmentType"] not in ("ExactCapacity", "ChangeInCapacity"):
        raise UnknownScaling(f"{name}: {steps['AdjustmentType']}")
    return StepPolicy(
        steps["AdjustmentType"],
        [
            (
                float(step.get("MetricIntervalLowerBound", -math.inf)),
                float(step.get("MetricIntervalUpperBound", math.inf)),
                int(step["ScalingAdjustment"]),
            )
            for step in steps["StepAdjustments"]
        ],
        float(steps.get("Cooldown", DEFAULT_COOLDOWN)),
    )


def _alarm(name: str, properties: Mapping[str, Any], policies: Mapping[str, StepPolicy]) -> Alarm:
    (returned,) = [metric for metric in properties["Metrics"] if metric.get("ReturnData", True)]
    expression = returned["Expression"]
    for metric in properties["Metrics"]:
        if metric is returned:
            continue
        source = metric["MetricStat"]
        if source["Metric"]["MetricName"] not in COUNTS or source["Period"] != 60:
            raise UnknownScaling(f"{name}: {source}")
        count = COUNTS[source["Metric"]["MetricName"]]
        expression = re.sub(rf"\b{metric['Id']}\b", count, expression)
    alarm = Alarm(
        expression,
        properties["ComparisonOperator"],
        float(properties["Threshold"]),
        int(properties["EvaluationPeriods"]),
        [policies[each] for each in _names(properties["AlarmActions"])],
    )
    alarm.value(1, 1)  # An expression that is not understood is told now.
    return alarm


def _names(references: Any) -> list[str]:
    return [each["Ref"] for each in references or [] if isinstance(each, dict) and "Ref" in each]


@functools.cache
def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _computed(node: ast.expr, **counts: float) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name) if name in counts:
            return counts[name]
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATIONS:
            return OPERATIONS[type(operation)](_computed(left, **counts), _computed(right, **counts))
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in FUNCTIONS:
            return FUNCTIONS[name](_computed(argument, **counts))
    raise UnknownScaling(f"an expression with {ast.unparse(node)}")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with CloudFormation's short forms, which become its long ones."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _long_form)


class _Stack:
    """A template with its parameters filled in, as far as the scaling needs it."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, object]) -> None:
        self._template = template
        defaults = {name: each["Default"] for name, each in template["Parameters"].items()}
        if unknown := set(parameters) - set(defaults):
            raise UnknownScaling(f"the template has no parameter {', '.join(sorted(unknown))}")
        # A service that can be scaled: the network and the task definition are somebody's.
        self._parameters = {**defaults, "Vpc": "vpc-1", "TaskDefinition": "task", **parameters}

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of that type that exist."""
        return {
            name: self._resolved(each.get("Properties", {}))
            for name, each in self._template["Resources"].items()
            if each["Type"] == kind and ("Condition" not in each or self._is_true(each["Condition"]))
        }

    def _is_true(self, condition: str) -> bool:
        return bool(self._resolved(self._template["Conditions"][condition]))

    def _resolved(self, value: Any) -> Any:
        match value:
            case {"Ref": name} if name in self._parameters:
                return self._parameters[name]
            case {"Condition": str(name)} if len(value) == 1:
                return self._is_true(name)
            case {"Fn::Equals": [left, right]}:
                return str(self._resolved(left)) == str(self._resolved(right))
            case {"Fn::Not": [inner]}:
                return not self._resolved(inner)
            case {"Fn::And": conditions}:
                return all(map(self._resolved, conditions))
            case {"Fn::Or": conditions}:
                return any(map(self._resolved, conditions))
            case {"Fn::If": [condition, then, otherwise]}:
                return self._resolved(then if self._is_true(condition) else otherwise)
            case {"Fn::Sub": str(text)}:
                return re.sub(
                    r"\$\{(\w+)\}", lambda found: str(self._parameters.get(found[1], found[0])), text
                )
            case dict():
                return {key: self._resolved(each) for key, each in value.items()}
            case list():
                return [self._resolved(each) for each in value]
        return value
