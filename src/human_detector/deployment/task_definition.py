"""Fills in human_detector_taskdef.json: the input of `aws ecs register-task-definition`.

python -m human_detector.deployment.task_definition
    --template FILE --variables FILE --caller-arn ARN --image IMAGE
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from human_detector.deployment.settings import DeploymentSettings, run_with_settings


def fill_in(
    template: Mapping[str, Any], settings: DeploymentSettings, caller_arn: str, image: str
) -> dict[str, Any]:
    """The task definition of a deployment.

    Args:
        template: the form for a GPU instance, with placeholders.
        settings: of the deployment.
        caller_arn: who deploys, as `aws sts get-caller-identity` says: has the partition and the account.
        image: with its registry and its tag or digest.
    """
    ecs = settings.ecs
    _, partition, _, _, account, _ = caller_arn.split(":", 5)
    definition: dict[str, Any] = _substitute(
        template,
        {
            "task_family": ecs.task_family,
            "memory": str(ecs.memory),
            "execution_role_arn": _role_arn(ecs.execution_role, partition, account),
            "task_role_arn": _role_arn(ecs.task_role, partition, account),
            "instance_type": ecs.instance_type,
            "image": image,
            "log_group": ecs.log_group,
            "aws_region": settings.aws_region,
        },
    )
    (container,) = definition["containerDefinitions"]
    container["environment"] += [
        {"name": name, "value": value} for name, value in sorted(ecs.environment.items())
    ]
    if ecs.variant == "cpu":
        del container["resourceRequirements"]
    if ecs.is_fargate:
        # No instance to be placed on: Fargate sizes the machine by the task, with a network of its own.
        del definition["placementConstraints"]
        definition |= {
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": str(ecs.cpu),
            "ephemeralStorage": {"sizeInGiB": ecs.disk},
        }
    return definition


def _role_arn(role: str, partition: str, account: str) -> str:
    return role if role.startswith("arn:") else f"arn:{partition}:iam::{account}:role/{role}"


def _substitute(value: Any, values: Mapping[str, str]) -> Any:
    """The value with the placeholders of each text in it filled in."""
    match value:
        case str():
            return Template(value).substitute(values)
        case dict():
            return {key: _substitute(item, values) for key, item in value.items()}
        case list():
            return [_substitute(item, values) for item in value]
    return value


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description="Print the task definition of a deployment.")
    parser.add_argument("--variables", type=Path, required=True, help="the configuration file")
    parser.add_argument("--caller-arn", required=True, help="who deploys")
    parser.add_argument("--image", required=True, help="the image with its registry and its tag or digest")
    parser.add_argument("--template", type=Path, required=True, help="human_detector_taskdef.json")
    options = parser.parse_args()
    template = json.loads(options.template.read_text(encoding="utf-8"))

    def show(settings: DeploymentSettings) -> None:
        print(json.dumps(fill_in(template, settings, options.caller_arn, options.image), indent=2))

    return run_with_settings(show, options.variables)


if __name__ == "__main__":
    sys.exit(main())
