"""The CloudFormation templates, deployed on the emulator as far as it supports them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.decode.cfn_yaml import load

from human_detector.deployment.sections import ECS, EcrSettings, EcsSettings
from human_detector.deployment.settings import DeploymentSettings
from human_detector.deployment.task_definition import fill_in
from support.deployment_clone import REGION, variables
from support.deployment_cloud import Cloud
from support.paths import ROOT

Eventually = Callable[..., Any]

CALLER = "arn:aws:iam::123456789012:user/me"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/human_detector@sha256:{'0' * 64}"

# What the emulator refuses to create.
REFUSED_TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::ClusterCapacityProviderAssociations",
}
# Alarms on an expression instead of a metric.
REFUSED_RESOURCES = {"BacklogAlarm", "IdleAlarm"}


def full_parameters(prefix: str) -> dict[str, str]:
    """Everything at once: an account that has nothing yet, with a network and a registered task definition."""
    names = {
        name: f"{prefix}-{name.lower()}"
        for name in (
            "QueueName",
            "DeadLetterQueueName",
            "BucketName",
            "TableName",
            "RepositoryName",
            "ClusterName",
            "ServiceName",
            "LogGroupName",
            "ExecutionRoleName",
            "TaskRoleName",
        )
    }
    return {
        **names,
        "VideoPrefix": "videos/",
        "InstanceType": "g4dn.xlarge",
        "Vpc": "vpc-0123456789abcdef0",
        "Subnets": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
        "TaskDefinition": "not_registered_yet",
        "AlarmEmail": "nobody@example.com",
    }


def supported_template() -> str:
    """aws_resources.yml without what the emulator refuses."""
    template = json.loads(json.dumps(load(str(ROOT / "aws_resources.yml"))))
    resources = template["Resources"]
    gone = [name for name, resource in resources.items() if resource["Type"] in REFUSED_TYPES]
    for name in {*gone, *REFUSED_RESOURCES}:
        del resources[name]
    resources["ServiceMayStart"].pop("Metadata")
    return json.dumps(template)


def test_stack_names_what_variables_json_needs(stack: dict[str, str]) -> None:
    section = json.loads(stack["EcsSection"])
    assert ECS.problems("ecs", section) == []
    assert section["task_role"] == "derbyHumanDetectorTaskRole"
    assert stack["RepositoryUri"].endswith("/human_detector")


def test_what_the_emulator_refuses_and_all_the_rest_works(cloud: Cloud, eventually: Eventually) -> None:
    template = (ROOT / "aws_resources.yml").read_text()
    with pytest.raises(ClientError) as refusal:
        cloud.deploy_stack("whole", template, full_parameters("whole"))
    refused = set(re.findall(r"AWS::\w+::\w+", str(refusal.value)))
    print(f"\nnot supported by the emulator: {', '.join([*sorted(refused), *sorted(REFUSED_RESOURCES)])}")
    assert refused == REFUSED_TYPES
    parameters = full_parameters("full")
    outputs = cloud.deploy_stack("full", supported_template(), parameters)
    assert json.loads(outputs["EcsSection"])["service"] == "full-servicename"
    # New objects under the prefix, and no others, really arrive in the queue.
    url = outputs["QueueUrl"]
    for key in ("videos/7.mp4", "human_detector/7/7.json"):
        cloud.s3.put_object(Bucket=parameters["BucketName"], Key=key, Body=b"x")

    def keys() -> list[str]:
        received = cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(message["Body"]) for message in received]
        return [record["s3"]["object"]["key"] for body in bodies for record in body.get("Records", [])]

    assert eventually(keys, 10, "the notification arrives") == ["videos/7.mp4"]
    policy = json.loads(cloud.s3.get_bucket_policy(Bucket=parameters["BucketName"])["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_more_videos_never_mean_fewer_tasks() -> None:
    resources = load(str(ROOT / "aws_resources.yml"))["Resources"]
    threshold = resources["BacklogAlarm"]["Properties"]["Threshold"]
    steps = resources["MoreTasks"]["Properties"]["StepScalingPolicyConfiguration"]["StepAdjustments"]

    def tasks(wanted: int) -> int:
        (found,) = [
            step["ScalingAdjustment"]
            for step in steps
            if step["MetricIntervalLowerBound"]
            <= wanted - threshold
            < step.get("MetricIntervalUpperBound", math.inf)
        ]
        return int(found)

    counts = [tasks(wanted) for wanted in range(1, 40)]
    assert counts[:4] == [1, 2, 3, 4]
    assert counts == sorted(counts)
    assert all(count <= wanted for wanted, count in enumerate(counts, 1))
    idle = resources["NoTasks"]["Properties"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
    assert [step["ScalingAdjustment"] for step in idle] == [0]


def settings_for(instance_type: str) -> DeploymentSettings:
    """The settings of a deployment to that instance type."""
    fargate = {"subnets": ["subnet-1"]} if instance_type == "fargate" else {}
    ecs = EcsSettings(instance_type=instance_type, task_role="derbyHumanDetectorTaskRole", **fargate)
    return DeploymentSettings(variables()["aws_region"], [], EcrSettings(), ecs)


def resolve(value: Any, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """What CloudFormation makes of a value, as far as human_detector_taskdef.yml needs; None for no value."""
    match value:
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: str(parameters[found[1]]), text)
        case {"Fn::Equals": [left, right]}:
            return resolve(left, template, parameters) == right
        case {"Fn::If": [condition, then, otherwise]}:
            is_true = resolve(template["Conditions"][condition], template, parameters)
            return resolve(then if is_true else otherwise, template, parameters)
        case dict():
            resolved = {key: resolve(item, template, parameters) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not None}
        case list():
            return [resolve(item, template, parameters) for item in value]
    return value


def in_api_form(value: Any, shape: Any) -> Any:
    """A property in the names and types of the API, whose names begin with a small letter.

    Raises:
        KeyError: the API has no such property.
    """
    match shape.type_name:
        case "structure":
            names = {name[0].upper() + name[1:]: name for name in shape.members}
            return {names[key]: in_api_form(item, shape.members[names[key]]) for key, item in value.items()}
        case "list":
            return [in_api_form(item, shape.member) for item in value]
        case "string":
            return str(value)
    return value


@pytest.mark.parametrize("instance_type", ["p2.xlarge", "g4dn.xlarge", "c7i.large", "fargate"])
def test_both_files_register_the_same_task_definition(cloud: Cloud, instance_type: str) -> None:
    settings = settings_for(instance_type)
    by_script = fill_in(
        json.loads((ROOT / "human_detector_taskdef.json").read_text()), settings, CALLER, IMAGE
    )
    given = {
        "Image": IMAGE,
        "InstanceType": instance_type,
        "HasGpu": "true" if settings.ecs.variant != "cpu" else "false",
        "TaskRole": settings.ecs.task_role,
    }
    # No emulator gives back all that a stack registers, so the comparison resolves the template itself.
    template = load(str(ROOT / "human_detector_taskdef.yml"))
    defaults = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    pseudo = {"AWS::Region": REGION, "AWS::Partition": "aws", "AWS::AccountId": CALLER.split(":")[4]}
    properties = resolve(
        template["Resources"]["TaskDefinition"]["Properties"], template, {**defaults, **pseudo, **given}
    )
    shape = cloud.ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    assert in_api_form(properties, shape) == by_script

    # And both register.
    first = cloud.ecs.register_task_definition(**by_script)["taskDefinition"]
    stack = f"definition-{instance_type.replace('.', '-')}"
    outputs = cloud.deploy_stack(stack, (ROOT / "human_detector_taskdef.yml").read_text(), given)
    second = cloud.ecs.describe_task_definition(taskDefinition=outputs["TaskDefinition"])["taskDefinition"]
    assert first["taskDefinitionArn"] != second["taskDefinitionArn"]
    assert second["containerDefinitions"][0]["image"] == first["containerDefinitions"][0]["image"]
