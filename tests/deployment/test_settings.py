"""The sections `ecr` and `ecs` of the configuration."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from human_detector.configuration import find_problems
from human_detector.deployment.instance_types import variant_of
from human_detector.deployment.sections import ECR, ECS, EcrSettings, EcsSettings
from human_detector.deployment.settings import load_deployment_settings, models_of
from human_detector.detectors.defaults import DEFAULT_MODELS
from human_detector.detectors.factory import REGISTERED_DETECTORS, create_detector
from human_detector.errors import ConfigurationError
from support.deployment_clone import variables


@pytest.mark.parametrize(
    ("instance_type", "variant"),
    [
        ("p2.xlarge", "p2"),
        ("p2.16xlarge", "p2"),
        ("g4dn.xlarge", "gpu"),
        ("g6f.large", "gpu"),
        ("gr6.4xlarge", "gpu"),
        ("p5en.48xlarge", "gpu"),
        ("p6-b200.48xlarge", "gpu"),
        ("c7i.large", "cpu"),
        ("m7i-flex.large", "cpu"),
        ("fargate", "cpu"),
    ],
)
def test_instance_type_decides_the_variant(instance_type: str, variant: str) -> None:
    assert variant_of(instance_type) == variant


@pytest.mark.parametrize(
    ("instance_type", "reason"),
    [
        ("g3.4xlarge", "retired"),
        ("p3.2xlarge", "retired"),
        ("g4ad.xlarge", "not NVIDIA's"),
        ("g5g.xlarge", "no x86"),
        ("c7g.large", "no x86"),
        ("im4gn.large", "no x86"),
        ("p6e-gb200.36xlarge", "no x86"),
        ("large", "an instance type"),
        ("Fargate", "an instance type"),
    ],
)
def test_instance_type_that_no_image_runs_on_says_why(instance_type: str, reason: str) -> None:
    (sentence,) = ECS.problems("ecs", {"instance_type": instance_type})
    assert sentence.startswith(f'ecs.instance_type: found "{instance_type}", valid is ')
    assert reason in sentence


def test_every_setting_is_checked_and_every_default_is_valid() -> None:
    for settings, checks in ((EcsSettings(), ECS.checks), (EcrSettings(), ECR.checks)):
        fields = dataclasses.asdict(settings)
        assert set(fields) == set(checks)
        for name, value in fields.items():
            if value is not None:
                as_json = list(value) if isinstance(value, tuple) else value
                assert checks[name](as_json) is None, name


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"clutser": "x"}, "ecs.clutser: unknown key (did you mean cluster?)"),
        ({"cluster": "my cluster"}, 'ecs.cluster: found "my cluster", valid is up to 255 letters'),
        ({"desired_count": -1}, "ecs.desired_count: found -1, valid is a whole number from 0"),
        ({"subnets": "subnet-1"}, 'ecs.subnets: found "subnet-1", valid is a list of texts'),
        (
            {"environment": ["A=1"]},
            'ecs.environment: found ["A=1"], valid is an object whose values are texts',
        ),
        (
            {"environment": {"A": 1}},
            "ecs.environment.A: found 1, valid is a text",
        ),
        ({"subnets": ["subnet-1", ""]}, 'ecs.subnets[1]: found "", valid is a text that is not empty'),
        ({"task_role": "a role"}, 'ecs.task_role: found "a role", valid is the name or the ARN of a role'),
        ({"instance_type": "fargate"}, "ecs.subnets: missing, valid with fargate is a list of at least one"),
        (
            {"instance_type": "fargate", "subnets": ["s"], "cpu": 4096, "memory": 4096},
            "ecs.memory: found 4096, valid with fargate and ecs.cpu 4096 is 8192 to 30720 in steps of 1024",
        ),
        (
            {"instance_type": "fargate", "subnets": ["s"], "cpu": 3000},
            "ecs.cpu: found 3000, valid with fargate is one of 256, 512, 1024",
        ),
    ],
)
def test_problems_say_what_is_valid(section: dict[str, Any], sentence: str) -> None:
    (found,) = ECS.problems("ecs", section)
    assert found.startswith(sentence)


@pytest.mark.parametrize("name", ["Human", "human__detector", "-human", "a"])
def test_repository_name_that_ecr_refuses(name: str) -> None:
    assert len(ECR.problems("ecr", {"repository": name})) == 1


def test_worker_accepts_the_sections_and_reports_their_problems() -> None:
    good = variables(ecr={"repository": "team/human_detector"}, ecs={"instance_type": "g4dn.xlarge"})
    assert find_problems(good) == []
    bad = variables(ecr={"name": "x"}, ecs={"instance_type": "c7g.large"})
    assert {sentence.split(":")[0] for sentence in find_problems(bad)} == {"ecr.name", "ecs.instance_type"}


def test_default_models_are_those_of_the_classes() -> None:
    assert {*DEFAULT_MODELS, "OnnxDetector"} == set(REGISTERED_DETECTORS)
    for name, model in DEFAULT_MODELS.items():
        assert create_detector(name).arguments["model"] == model


def test_models_of_a_configuration() -> None:
    detectors = [
        ["HumanDetector", {"model": "ssdlite_pedestrian"}],
        ["FaceDetector"],
        ["FaceDetector", {"name": "again"}],
        ["HumanDetector", {"name": "own", "model": "/models/own.pb"}],
        ["mine:Detector", {}],
        ["HumanDetector", {"name": "zoo", "model": "ssd_mobilenet_v2_fpn-1.5_coco17_tpu-8"}],
        ["HumanDetector", {"name": "here", "model": "../model/own"}],
    ]
    assert models_of({"detectors": detectors}) == [
        "ssdlite_pedestrian",
        "mobilenet_ssd_widerface",
        "ssd_mobilenet_v2_fpn-1.5_coco17_tpu-8",
    ]
    assert models_of({"detectors": "nonsense"}) == models_of(None) == []


def test_file_without_a_region_or_without_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    for content, sentence in (
        (json.dumps({}), "variables.json: aws_region: missing"),
        ("[]", "variables.json: the whole file: found [], valid is an object"),
        ("{", f"the configuration {path} is not JSON"),
    ):
        path.write_text(content)
        with pytest.raises(ConfigurationError) as refusal:
            load_deployment_settings(path)
        assert refusal.value.problems[0].startswith(sentence)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_deployment_settings(tmp_path / "missing.json")
