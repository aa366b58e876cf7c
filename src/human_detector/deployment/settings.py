"""What the deployment scripts take from the configuration file.

python -m human_detector.deployment.settings FILE prints what the deployment scripts need, one NAME=VALUE a
line. It makes do with the standard library, because these scripts run outside the worker's environment.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.deployment.sections import ECR, ECS, EcrSettings, EcsSettings
from human_detector.detectors.defaults import DEFAULT_MODELS
from human_detector.errors import ConfigurationError
from human_detector.utils import parse_json
from human_detector.validation import Section, Text

REQUIREMENTS = {"gpu": "requirements.txt", "p2": "requirements-p2.txt", "cpu": "requirements-cpu.txt"}
"""The variants of the image, and the packages of each."""

_MODEL_NAME = re.compile(r"\w[\w.-]*")

_DOCUMENT = Section({"aws_region": Text(), "ecr": ECR, "ecs": ECS}, required=("aws_region",), shared=True)
"""What the deployment scripts check of the configuration file."""


@dataclass(frozen=True)
class DeploymentSettings:
    """The settings of a deployment.

    Attributes:
        aws_region: where everything is.
        models: names of the models that the image needs.
        ecr: the section `ecr`.
        ecs: the section `ecs`.
    """

    aws_region: str
    models: Sequence[str]
    ecr: EcrSettings
    ecs: EcsSettings


def models_of(human_detection: Any) -> list[str]:
    """The models that a section `human_detection` uses, as far as they are known by name.

    The model of a detector from outside this repository, or one that is given by its path, is not for the
    scripts in model/ to get: it belongs into an image that builds on this one.
    """
    models = []
    for entry in human_detection.get("detectors", []) if isinstance(human_detection, dict) else []:
        match entry:
            case [str(name)] | [str(name), dict()]:
                arguments = entry[1] if len(entry) == 2 else {}
                model = arguments.get("model", DEFAULT_MODELS.get(name))
                if isinstance(model, str) and _MODEL_NAME.fullmatch(model) and model not in models:
                    models.append(model)
    return models


def load_deployment_settings(path: Path) -> DeploymentSettings:
    """Read and check what the deployment scripts need of the configuration file.

    Raises:
        ConfigurationError: lists every problem with its path in the file, what was found and what is valid.
    """
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"the configuration {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"the configuration {path} is not JSON: {error}") from error
    if problems := _DOCUMENT.problems("", document):
        raise ConfigurationError(*(f"{path.name}: {sentence}" for sentence in problems))
    return DeploymentSettings(
        aws_region=document["aws_region"],
        models=models_of(document.get("human_detection")),
        ecr=EcrSettings(**document.get("ecr", {})),
        ecs=EcsSettings(**document.get("ecs", {})),
    )


def shell_lines(settings: DeploymentSettings) -> list[str]:
    """The settings as NAME=VALUE lines; the items of a list are parted by commas."""
    ecs = settings.ecs
    values = {
        "aws_region": settings.aws_region,
        "repository": settings.ecr.repository,
        "variant": ecs.variant,
        "requirements": REQUIREMENTS[ecs.variant],
        "models": " ".join(settings.models),
        "cluster": ecs.cluster,
        "service": ecs.service or "",
        "desired_count": ecs.desired_count,
        "task_family": ecs.task_family,
        "instance_type": ecs.instance_type,
        "execution_role": ecs.execution_role,
        "task_role": ecs.task_role,
        "log_group": ecs.log_group,
        "subnets": ",".join(ecs.subnets),
        "security_groups": ",".join(ecs.security_groups),
        "assign_public_ip": "ENABLED" if ecs.assign_public_ip else "DISABLED",
    }
    return [f"{name}={value}" for name, value in values.items()]


def run_with_settings(action: Callable[[DeploymentSettings], None], path: Path) -> int:
    """Do something with the settings of a file; returns the exit status, 2 if they are not valid."""
    try:
        action(load_deployment_settings(path))
    except ConfigurationError as error:
        for sentence in error.problems:
            print(sentence, file=sys.stderr)
        return 2
    return 0


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description="Print the settings of a deployment.")
    parser.add_argument("variables", type=Path, help="the configuration file")
    options = parser.parse_args()
    return run_with_settings(lambda settings: print(*shell_lines(settings), sep="\n"), options.variables)


if __name__ == "__main__":
    sys.exit(main())
