"""Instance types of EC2: which variant of the image runs on each, and which can run none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from human_detector.validation import Check, Schema

FARGATE = "fargate"
"""No instance type: ECS finds the machine."""

_FAMILY = r"[a-z]+[0-9]+(?P<attributes>[a-z-]*[0-9]*)"
_SIZE = r"[a-z0-9][a-z0-9-]*"
_INSTANCE_TYPE = re.compile(rf"(?P<family>{_FAMILY})\.{_SIZE}")
_UNUSABLE = {
    **dict.fromkeys(["g2", "g3", "g3s", "p3", "p3dn"], "AWS has retired it"),
    "g4ad": "its GPU is not NVIDIA's",
}
_FIRST_ARM = "a1"
_INSTANCE_EXAMPLES = (
    "fargate, p2.xlarge, a type with a current NVIDIA GPU such as g4dn.xlarge, or an x86 type without a GPU"
)


def variant_of(instance_type: str) -> str:
    """Which image runs on an instance type: `gpu`, `p2` or `cpu`.

    Raises:
        ValueError: no image runs on it; says why.
    """
    if instance_type == FARGATE:
        return "cpu"
    match = _INSTANCE_TYPE.fullmatch(instance_type)
    if match is None:
        raise ValueError(f"an instance type ({_INSTANCE_EXAMPLES})")
    family = match["family"]
    # Graviton: a g right after the generation, as in c7g, g5g and im4gn. p6e-gb200 has an Arm CPU as well.
    is_arm = match["attributes"].startswith("g") or "-gb" in family or family == _FIRST_ARM
    reason = _UNUSABLE.get(family) or ("its CPU is no x86" if is_arm else None)
    if reason:
        raise ValueError(f"{_INSTANCE_EXAMPLES}, not {instance_type} ({reason})")
    if family == "p2":
        return "p2"
    return "gpu" if re.match(r"(g|gr|p)\d", family) else "cpu"


@dataclass(frozen=True)
class InstanceType(Check):
    """Valid: an instance type that one of the images runs on, or fargate."""

    def __call__(self, value: Any) -> str | None:
        try:
            variant_of(value if isinstance(value, str) else "")
        except ValueError as error:
            return str(error)
        return None

    def schema(self) -> Schema:
        refused = rf"(?:{'|'.join([*_UNUSABLE, _FIRST_ARM])})\.|[a-z]+[0-9]+g|[a-z0-9-]*-gb"
        family = _FAMILY.replace("?P<attributes>", "?:")
        return {"type": "string", "pattern": rf"^(?:{FARGATE}|(?!{refused}){family}\.{_SIZE})$"}
