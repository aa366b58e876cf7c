"""The optional sections `ecr` and `ecs` of the configuration: where the image goes and how it runs.

python -m human_detector.deployment.settings FILE prints what the deployment scripts need, one NAME=VALUE a
line. It makes do with the standard library, because these scripts run outside the worker's environment.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from human_detector.deployment.instance_types import FARGATE, instance_type, variant_of
from human_detector.errors import ConfigurationError
from human_detector.validation import Check, boolean, check_mapping, text, whole_number

REQUIREMENTS = {"gpu": "requirements.txt", "p2": "requirements-p2.txt", "cpu": "requirements-cpu.txt"}
"""The variants of the image, and the packages of each."""

DEFAULT_MODELS = {"HumanDetector": "faster_rcnn_resnet101_coco", "FaceDetector": "mobilenet_ssd_widerface"}
"""The models of detectors that name none. The classes say the same, but need NumPy to say it."""

_MODEL_NAME = re.compile(r"\w[\w.-]*")

# Fargate couples the two: memory in MiB, from, to and in steps of, for each CPU size.
_FARGATE_MEMORY = {
    256: [512, 1024, 2048],
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16_384 + 1, 1024),
    4096: range(8192, 30_720 + 1, 1024),
    8192: range(16_384, 61_440 + 1, 4096),
    16_384: range(32_768, 122_880 + 1, 8192),
}


def _matches(pattern: str, valid: str) -> Check:
    """Valid: a text of that form."""

    def check(value: Any) -> str | None:
        return None if isinstance(value, str) and re.fullmatch(pattern, value) else valid

    return check


def _texts(value: Any) -> str | None:
    """Valid: a list of texts."""
    is_valid = isinstance(value, list) and all(text(item) is None for item in value)
    return None if is_valid else "a list of texts that are not empty"


def _variables(value: Any) -> str | None:
    """Valid: environment variables."""
    is_valid = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return None if is_valid else "an object whose values are texts"


_NAME = _matches(r"[\w-]{1,255}", "up to 255 letters, digits, hyphens and underscores")
_ROLE = _matches(r"arn:[\w-]+:iam::\d{12}:role/\S+|[\w+=,.@-]{1,64}", "the name or the ARN of a role")

ECR_CHECKS: Mapping[str, Check] = {
    "repository": _matches(
        r"(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*", "lower case letters and digits, parted by one of . _ - /"
    ),
}

ECS_CHECKS: Mapping[str, Check] = {
    "cluster": _NAME,
    "service": _NAME,
    "desired_count": whole_number(0, 1000),
    "task_family": _NAME,
    "instance_type": instance_type,
    "cpu": whole_number(128, 196_608),
    "memory": whole_number(512, 4_194_304),
    "disk": whole_number(21, 200),
    "execution_role": _ROLE,
    "task_role": _ROLE,
    "log_group": _matches(r"[\w./#-]{1,512}", "up to 512 letters, digits and any of _ . / # -"),
    "subnets": _texts,
    "security_groups": _texts,
    "assign_public_ip": boolean,
    "environment": _variables,
}


@dataclass(frozen=True)
class EcrSettings:
    """The section `ecr`.

    Attributes:
        repository: name of the ECR repository.
    """

    repository: str = "human_detector"


@dataclass(frozen=True)
class EcsSettings:
    """The section `ecs`.

    Attributes:
        cluster: where the worker runs.
        service: keeps tasks of the worker running; without one, one task is run.
        desired_count: tasks of a service that does not exist yet.
        task_family: name of the task definition.
        instance_type: decides the variant of the image and where a task is placed; `fargate` for no instance.
        cpu: units of 1/1024 virtual CPU on Fargate; on an instance a task takes what is there.
        memory: MiB that a task may use.
        disk: GiB for the image and the videos on Fargate; an instance has its own disk.
        execution_role: fetches the image and writes the log.
        task_role: what the worker may do.
        log_group: of CloudWatch Logs.
        subnets: for Fargate.
        security_groups: for Fargate.
        assign_public_ip: for Fargate: true in a public subnet.
        environment: further environment variables of the container.
    """

    cluster: str = "human_detector"
    service: str | None = None
    desired_count: int = 1
    task_family: str = "human_detector"
    instance_type: str = "p2.xlarge"
    cpu: int = 4096
    memory: int = 12_288
    disk: int = 50
    execution_role: str = "derbyEcsTaskExecutionRole"
    task_role: str = "derbyEcsTaskExecutionRole"
    log_group: str = "/ecs/human_detector"
    subnets: Sequence[str] = ()
    security_groups: Sequence[str] = ()
    assign_public_ip: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def variant(self) -> str:
        """The image that runs there: `gpu`, `p2` or `cpu`."""
        return variant_of(self.instance_type)

    @property
    def is_fargate(self) -> bool:
        """Whether a task runs without an instance of one's own."""
        return self.instance_type == FARGATE


@dataclass(frozen=True)
class DeploymentSettings:
    """What the deployment scripts take from the configuration file.

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


def find_ecr_problems(section: Any) -> list[str]:
    """Every problem of the section `ecr`."""
    return check_mapping("ecr", section, ECR_CHECKS)


def find_ecs_problems(section: Any) -> list[str]:
    """Every problem of the section `ecs`."""
    problems = check_mapping("ecs", section, ECS_CHECKS)
    if problems:
        return problems
    settings = EcsSettings(**section)
    if settings.is_fargate:
        if not settings.subnets:
            problems.append("ecs.subnets: missing, valid with fargate is a list of at least one subnet id")
        if settings.memory not in _FARGATE_MEMORY.get(settings.cpu, ()):
            problems.append(_fargate_sizes(settings))
    return problems


def _fargate_sizes(settings: EcsSettings) -> str:
    """The sentence for a pair of CPU and memory that Fargate does not have."""
    if settings.cpu not in _FARGATE_MEMORY:
        sizes = ", ".join(map(str, _FARGATE_MEMORY))
        return f"ecs.cpu: found {settings.cpu}, valid with fargate is one of {sizes}"
    memory = _FARGATE_MEMORY[settings.cpu]
    return (
        f"ecs.memory: found {settings.memory}, valid with fargate and ecs.cpu {settings.cpu} is "
        f"{memory[0]} to {memory[-1]} in steps of {memory[-1] - memory[-2]}"
    )


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
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"the configuration {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"the configuration {path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"the configuration {path} is not valid: valid is a JSON object")
    problems = check_mapping("", document, {"aws_region": text}, required=["aws_region"], allow_unknown=True)
    problems += find_ecr_problems(document.get("ecr", {})) + find_ecs_problems(document.get("ecs", {}))
    if problems:
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
