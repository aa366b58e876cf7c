"""What tools say of the deployment's files: shellcheck, hadolint, cfn-lint, the API's own schema, pip."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from human_detector.deployment.settings import REQUIREMENTS, load_deployment_settings
from human_detector.deployment.task_definition import fill_in
from support.deployment_clone import variables
from support.paths import ROOT

BIN = Path(sys.executable).parent
CALLER = "arn:aws:iam::123456789012:user/me"
P2_BYTES = 8e9
TEMPLATES = ("aws_resources.yml", "human_detector_taskdef.yml")


def check(*command: str | Path) -> None:
    """A tool finds nothing to say about."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_shellcheck() -> None:
    scripts = sorted(path.name for path in ROOT.glob("*.sh"))
    assert {"deployment.sh", "deploy_to_aws.sh"} <= set(scripts)
    check(BIN / "shellcheck", "-x", *scripts)


def test_hadolint() -> None:
    check(BIN / "hadolint", "Dockerfile")


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:latest\nRUN cd / && apt-get install curl\n")
    done = subprocess.run([BIN / "hadolint", bad], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "DL3007" in done.stdout


def test_cfn_lint() -> None:
    check(BIN / "cfn-lint", "--regions", "eu-west-1", "us-east-1", "--template", *TEMPLATES)


@pytest.mark.parametrize(
    "script", sorted(path.name for path in ROOT.glob("*.sh") if path.stat().st_mode & 0o111)
)
def test_scripts_stop_at_the_first_error(script: str) -> None:
    assert "\nset -euo pipefail\n" in (ROOT / script).read_text()


@pytest.mark.parametrize(
    "file", ["Dockerfile", *TEMPLATES, *(path.name for path in ROOT.glob("*deploy*.sh"))]
)
def test_no_account_and_no_secret(file: str) -> None:
    found = re.findall(r"\b\d{12}\b|AKIA\w{16}|(?i:password|secret)\s*[:=]\s*\S+", (ROOT / file).read_text())
    assert found == []


def definition(tmp_path: Path, **ecs: Any) -> dict[str, Any]:
    """The task definition for a section `ecs`."""
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(variables(ecs=ecs)))
    template = json.loads((ROOT / "human_detector_taskdef.json").read_text())
    return fill_in(template, load_deployment_settings(path), CALLER, "registry/human_detector@sha256:0")


def problems(task_definition: dict[str, Any]) -> str:
    """What the API's own description of its input finds wrong with a task definition."""
    ecs = botocore.session.get_session().get_service_model("ecs")
    shape = ecs.operation_model("RegisterTaskDefinition").input_shape
    report: str = ParamValidator().validate(task_definition, shape).generate_report()
    return report


FARGATE = {"instance_type": "fargate", "subnets": ["subnet-1"]}


@pytest.mark.parametrize("ecs", [{}, {"instance_type": "g5.xlarge"}, {"instance_type": "c7i.large"}, FARGATE])
def test_task_definition_fits_the_api(tmp_path: Path, ecs: dict[str, Any]) -> None:
    filled = definition(tmp_path, **ecs)
    assert problems(filled) == ""
    assert "${" not in json.dumps(filled)
    (container,) = filled["containerDefinitions"]
    assert container["readonlyRootFilesystem"] is True
    assert container["user"] == "10001"
    assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    # ECS kills after this; the worker needs 10 s to give its video back.
    assert container["stopTimeout"] >= 30


def test_misspelt_key_would_not_fit_the_api(tmp_path: Path) -> None:
    filled = definition(tmp_path)
    filled["containerDefinitions"][0]["resourceRequirement"] = []
    filled["memory"] = 12288
    assert "resourceRequirement" in problems(filled)
    assert "memory" in problems(filled)


def test_p2_gets_a_gpu_and_is_placed_on_p2(tmp_path: Path) -> None:
    filled = definition(tmp_path)
    assert filled["containerDefinitions"][0]["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    assert filled["placementConstraints"] == [
        {"type": "memberOf", "expression": "attribute:ecs.instance-type == p2.xlarge"}
    ]
    for role in ("executionRoleArn", "taskRoleArn"):
        assert filled[role] == "arn:aws:iam::123456789012:role/derbyEcsTaskExecutionRole"


def test_fargate_form(tmp_path: Path) -> None:
    filled = definition(tmp_path, **FARGATE, environment={"B": "2", "A": "1"})
    assert filled["requiresCompatibilities"] == ["FARGATE"]
    assert (filled["networkMode"], filled["cpu"], filled["memory"]) == ("awsvpc", "4096", "12288")
    assert "placementConstraints" not in filled
    (container,) = filled["containerDefinitions"]
    assert "resourceRequirements" not in container
    assert container["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


def test_role_may_be_given_by_its_arn_and_lie_in_another_partition(tmp_path: Path) -> None:
    arn = "arn:aws:iam::210987654321:role/path/other"
    filled = definition(tmp_path, task_role=arn)
    assert filled["taskRoleArn"] == arn
    path = tmp_path / "variables.json"
    china = fill_in(
        json.loads((ROOT / "human_detector_taskdef.json").read_text()),
        load_deployment_settings(path),
        "arn:aws-cn:sts::123456789012:assumed-role/me/session",
        "image",
    )
    assert china["executionRoleArn"] == "arn:aws-cn:iam::123456789012:role/derbyEcsTaskExecutionRole"


@pytest.mark.slow
@pytest.mark.parametrize("requirements", sorted(REQUIREMENTS.values()))
def test_requirements_resolve(requirements: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-cache-dir"]
    options = ["--quiet", "--disable-pip-version-check", "--python-version", "3.11", "--only-binary", ":all:"]
    done = subprocess.run(
        [*pip, *options, "--target", "unused", "-r", requirements],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# What the analysis consists of, without the worker around it.
ANALYSIS_TESTS = (
    "detectors",
    "inference/test_parity.py",
    "inference/test_face_converter.py",
    "video",
    "analysis/test_sampling.py",
    "results/test_results.py",
)


@pytest.mark.slow
def test_analysis_runs_on_the_packages_for_p2(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < P2_BYTES:
        pytest.skip("the packages for p2 need 8 GB of free disk")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    development = (ROOT / "requirements-dev.txt").read_text() + (ROOT / "requirements-demo.txt").read_text()
    tools = re.findall(r"^(?:pytest|psutil|moto).*$", development, re.MULTILINE)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run([*pip, "-r", ROOT / "requirements-p2.txt", *tools], check=True)
    tests = [f"tests/{name}" for name in ANALYSIS_TESTS]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", *tests], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print("\n" + done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout[-3000:]
