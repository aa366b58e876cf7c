"""variables.schema.json is current, and judges as the worker does."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import make_schema
from human_detector.configuration import find_problems
from human_detector.deployment.instance_types import InstanceType
from human_detector.detectors.kept_classes import CLASS_ID, LABEL
from human_detector.validation import (
    Anything,
    Boolean,
    ByName,
    Check,
    ListOf,
    Number,
    OneOf,
    Pattern,
    Section,
    Text,
    WholeNumber,
)
from support.paths import ROOT

SCHEMA = json.loads((ROOT / "variables.schema.json").read_text(encoding="utf-8"))
GOOD = json.loads((ROOT / "variables.json").read_text(encoding="utf-8"))

VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 2.5, 0.0001, 10, 10.5, 11, 1e300, 10**400,
    "", " ", "\n\t", "a", "A-b_9", "a b", "é", "auto", "AUTO",
    [], [""], ["a"], ["a", 1], [[]], {}, {"a": "b"}, {"a": ""}, {"a": 1}, {"b": 1}, {"a": 1, "b": "c"},
]  # fmt: skip
INSTANCE_TYPES = [
    "fargate", "fargates", "Fargate", "", "p2.xlarge", "p2.16xlarge", "p2", "p2.", "p2.x large", "g2.2xlarge", "g22.large",
    "g3.4xlarge", "g3s.xlarge", "p3.2xlarge", "p3dn.24xlarge", "g4dn.xlarge", "g4ad.xlarge", "g5g.xlarge", "g6f.large",
    "gr6.4xlarge", "p5en.48xlarge", "p6-b200.48xlarge", "p6e-gb200.36xlarge", "c7g.large", "c7gn.large", "im4gn.large",
    "a1.large", "a10.large", "m7i-flex.large", "m7i.metal-24xl", "large", "xg4dn.large", "u-6tb1.metal", "c7i.large\u00e9",
]  # fmt: skip

CHECKS: list[tuple[Check, list[Any]]] = [
    (Anything(), VALUES),
    (Text(), VALUES),
    (Boolean(), VALUES),
    (Number(0, 10), VALUES),
    (Number(0, 10, above_low=True), VALUES),
    (WholeNumber(1, 10), VALUES),
    (OneOf(("auto", "a")), VALUES),
    (Pattern("[a-z]|[A-Z]-b_9", "a letter"), VALUES),
    (ListOf(Text(), "a list"), VALUES),
    (ListOf(Text(), "a list", fewest=2), [*VALUES, ["a", "b"], ["a", ""]]),
    (ByName(Pattern(r"[\s\S]*", "a text"), "an object"), VALUES),
    (ByName(Text(), "an object", fewest=2), [*VALUES, {"a": "b", "b": "c"}]),
    (Section({"a": Text(), "b": Boolean()}), VALUES),
    (Section({"a": Text()}, required=("a",), shared=True), VALUES),
    (Section({"s": Section({"a": Text()}, required=("a",))}), [{}, {"s": {}}, {"s": {"a": "b"}}, {"s": 1}]),
    (CLASS_ID, [*VALUES, [1], [1, 2], [1, "2"], [0], {"person": 1, "bicycle": 2}, {" ": 1}, {"a": True}]),
    (LABEL, VALUES),
    (InstanceType(), [*VALUES, *INSTANCE_TYPES]),
]


@pytest.mark.parametrize(("check", "values"), CHECKS, ids=lambda part: repr(part)[:40])
def test_a_check_and_its_schema_judge_alike(check: Check, values: list[Any]) -> None:
    schema = Draft202012Validator(check.schema())
    by_check = {repr(value): check.problems("here", value) == [] for value in values}
    assert {repr(value): schema.is_valid(value) for value in values} == by_check
    assert set(by_check.values()) == ({True} if check == Anything() else {True, False})


def with_(place: str, value: Any) -> dict[str, Any]:
    """The product's file with another value at a place such as `worker.max_attempts`."""
    document = copy.deepcopy(GOOD)
    *sections, key = place.split(".")
    section = document
    for name in sections:
        section = section.setdefault(name, {})
    section[key] = value
    return document


def without(place: str) -> dict[str, Any]:
    """The product's file without a key."""
    document = copy.deepcopy(GOOD)
    *sections, key = place.split(".")
    section = document
    for name in sections:
        section = section[name]
    del section[key]
    return document


VALID = [
    GOOD,
    with_("$schema", "./variables.schema.json"),
    with_("video_split.seconds", 5),
    with_("aws_queues.another", ["anything"]),
    with_("report", True),
    with_("worker", {}),
    with_("worker", {"lease_seconds": 10, "stall_timeout": 1.5, "max_job_seconds": 10**9}),
    without("human_detection.frame_ratio"),
    with_("human_detection.frame_ratio", 1),
    with_("human_detection.tracker", True),
    with_("human_detection.skip_still", True),
    with_("human_detection.detectors", [["FaceDetector"]]),
    with_("human_detection.detectors", [["HumanDetector", {"name": "a"}], ["HumanDetector", {"name": "b"}]]),
    with_("human_detection.detectors", [["FaceDetector", {"engine": "openvino", "precision": "bf16"}]]),
    with_("human_detection.detectors", [["HumanDetector", {"class_id": {"person": 1, "bicycle": 2}}]]),
    with_("human_detection.detectors", [["HumanDetector", {"class_id": [1, 2], "label": ["a", "b"]}]]),
    with_("human_detection.detectors", [["mine:Detector", {"whatever": [1, 2]}], ["a.b:C"]]),
    with_("ecr.repository", "team/human_detector"),
    with_("ecs", {"instance_type": "g4dn.xlarge", "desired_count": 0, "environment": {"A": ""}}),
    with_("ecs", {"cpu": 128, "memory": 512}),
    with_("ecs", {"task_role": "arn:aws:iam::123456789012:role/path/role", "execution_role": "role+=,.@-"}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"]}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "memory": 8192}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "cpu": 2048}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "cpu": 256, "memory": 2048}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "cpu": 16384, "memory": 122880}),
]
INVALID = [
    None,
    [],
    {},
    *(without(place) for place in ("aws_region", "video_split", "aws_queues", "human_detection", "dynamodb")),
    *(
        without(place)
        for place in ("video_split.output_bucket", "dynamodb.region", "human_detection.detectors")
    ),
    with_("aws_regoin", "eu-west-1"),
    with_("$schema", 1),
    with_("dynamodb.table", "x"),
    with_("require_gpu", "yes"),
    with_("worker", None),
    with_("worker.lease_seconds", 9),
    with_("worker.max_video_seconds", 0),
    with_("worker.lease", 60),
    with_("human_detection.frame_ratio", 0),
    with_("human_detection.frame_rate", 2),
    with_("human_detection.detectors", []),
    with_("human_detection.detectors", ["FaceDetector"]),
    with_("human_detection.detectors", [[]]),
    with_("human_detection.detectors", [["FaceDetector", {}, {}]]),
    with_("human_detection.detectors", [["FaceDetector", None]]),
    with_("human_detection.detectors", [["HumanDetektor"]]),
    with_("human_detection.detectors", [["mine:Detector", 1]]),
    with_("human_detection.detectors", [["FaceDetector", {"colour": "red"}]]),
    with_("human_detection.detectors", [["mine:Detector"], ["FaceDetector", {"max_batch_size": 0}]]),
    with_("human_detection.detectors", [["FaceDetector", {"engine": "abacus"}]]),
    with_("ecr.repository", "a"),
    with_("ecr.repository", "human__detector"),
    with_("ecr.name", "x"),
    with_("ecs.cluster", "my cluster"),
    with_("ecs.instance_type", "c7g.large"),
    with_("ecs.task_role", "a role"),
    with_("ecs.subnets", "subnet-1"),
    with_("ecs", {"instance_type": "fargate"}),
    with_("ecs", {"instance_type": "fargate", "subnets": []}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "cpu": 3000}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "cpu": 256}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "memory": 4096}),
    with_("ecs", {"instance_type": "fargate", "subnets": ["s"], "cpu": 8192, "memory": 17408}),
]


@pytest.mark.parametrize("document", VALID)
def test_what_the_worker_accepts_an_editor_accepts(document: Any) -> None:
    assert find_problems(document) == []
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)] == []


@pytest.mark.parametrize("document", INVALID)
def test_what_the_worker_refuses_an_editor_refuses(document: Any) -> None:
    assert find_problems(document)
    assert not Draft202012Validator(SCHEMA).is_valid(document)


@pytest.mark.parametrize(
    "document",
    [
        with_("human_detection.detectors", [["FaceDetector"], ["FaceDetector", {"model": "another"}]]),
        with_("worker.max_attempts", 5.0),
        with_("human_detection.detectors", [["HumanDetector", {"class_id": [1, 2]}]]),
    ],
    ids=["one name twice", "5.0", "classes without labels"],
)
def test_what_a_schema_cannot_say(document: Any) -> None:
    assert find_problems(document)
    assert Draft202012Validator(SCHEMA).is_valid(document)


def test_the_file_is_the_one_that_its_script_writes() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    written = (ROOT / "variables.schema.json").read_text(encoding="utf-8")
    assert written == make_schema.schema_text(), "run: .venv/bin/python docs/make_schema.py"
