"""The optional sections `ecr` and `ecs` of the configuration: where the image goes and how it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from human_detector.deployment.instance_types import FARGATE, InstanceType, variant_of
from human_detector.validation import Boolean, ByName, ListOf, Pattern, Schema, Section, Text, WholeNumber

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


class EcsSection(Section):
    """Valid: what `EcsSettings` takes, in combinations that Fargate has."""

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem of the keys, or else of how they go together."""
        if problems := super().problems(path, value):
            return problems
        settings = EcsSettings(**value)
        if settings.is_fargate:
            if not settings.subnets:
                problems.append(
                    f"{path}.subnets: missing, valid with fargate is a list of at least one subnet id"
                )
            if settings.memory not in _FARGATE_MEMORY.get(settings.cpu, ()):
                problems.append(_fargate_sizes(path, settings))
        return problems

    def schema(self) -> Schema:
        """The keys, and what Fargate wants of them."""
        is_fargate = {"properties": {"instance_type": {"const": FARGATE}}, "required": ["instance_type"]}
        sizes = [_fargate_schema(cpu, memory) for cpu, memory in _FARGATE_MEMORY.items()]
        subnets = {"properties": {"subnets": {"minItems": 1}}, "required": ["subnets"]}
        return {**super().schema(), "if": is_fargate, "then": {**subnets, "anyOf": sizes}}


_NAME = Pattern(r"[A-Za-z0-9_-]{1,255}", "up to 255 letters, digits, hyphens and underscores")
_ROLE = Pattern(
    r"arn:[A-Za-z0-9_-]+:iam::[0-9]{12}:role/\S+|[A-Za-z0-9_+=,.@-]{1,64}", "the name or the ARN of a role"
)
_IDS = ListOf(Text(), "a list of texts that are not empty")

ECR = Section(
    {
        "repository": Pattern(
            r"(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*",
            "lower case letters and digits, parted by one of . _ - /",
        ),
    }
)

ECS = EcsSection(
    {
        "cluster": _NAME,
        "service": _NAME,
        "desired_count": WholeNumber(0, 1000),
        "task_family": _NAME,
        "instance_type": InstanceType(),
        "cpu": WholeNumber(128, 196_608),
        "memory": WholeNumber(512, 4_194_304),
        "disk": WholeNumber(21, 200),
        "execution_role": _ROLE,
        "task_role": _ROLE,
        "log_group": Pattern(r"[A-Za-z0-9_./#-]{1,512}", "up to 512 letters, digits and any of _ . / # -"),
        "subnets": _IDS,
        "security_groups": _IDS,
        "assign_public_ip": Boolean(),
        "environment": ByName(Pattern(r"[\s\S]*", "a text"), "an object whose values are texts"),
    }
)


def _fargate_sizes(path: str, settings: EcsSettings) -> str:
    """The sentence for a pair of CPU and memory that Fargate does not have."""
    if settings.cpu not in _FARGATE_MEMORY:
        sizes = ", ".join(map(str, _FARGATE_MEMORY))
        return f"{path}.cpu: found {settings.cpu}, valid with fargate is one of {sizes}"
    memory = _FARGATE_MEMORY[settings.cpu]
    return (
        f"{path}.memory: found {settings.memory}, valid with fargate and {path}.cpu {settings.cpu} is "
        f"{memory[0]} to {memory[-1]} in steps of {memory[-1] - memory[-2]}"
    )


def _fargate_schema(cpu: int, memory: Iterable[int]) -> Schema:
    """A CPU size with its memory sizes; what is not given has its default."""
    sizes = list(memory)
    required = [
        *(["cpu"] if cpu != EcsSettings.cpu else []),
        *(["memory"] if EcsSettings.memory not in sizes else []),
    ]
    return {"properties": {"cpu": {"const": cpu}, "memory": {"enum": sizes}}, "required": required}
