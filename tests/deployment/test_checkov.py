"""What checkov's rules say of the Dockerfile and the templates."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from support.own_environment import own_environment
from support.paths import ROOT

RULES = ROOT / "supply_chain" / "checkov.yaml"
REQUIREMENTS = ROOT / "tests" / "support" / "requirements-checkov.txt"

PLANTED = {
    "Dockerfile": "FROM python:3.11-slim-bookworm\nADD src /src\n",
    "role.yml": """\
Resources:
  Role:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: All
      Roles: [somebody]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
""",
}
RUNS_AS_ROOT, ADDS_FILES, ALLOWS_ALL = "CKV_DOCKER_3", "CKV_DOCKER_4", "CKV_AWS_107"


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The program, in an environment of its own: half a minute, once."""
    try:
        return own_environment(ROOT / ".cache" / "checkov", REQUIREMENTS) / "checkov"
    except subprocess.CalledProcessError:
        pytest.skip("checkov cannot be installed here")


def test_checkov_finds_what_is_planted_and_nothing_else(checkov: Path, tmp_path: Path) -> None:
    for file in ("Dockerfile", "aws_resources.yml", "human_detector_taskdef.yml"):
        shutil.copy(ROOT / file, tmp_path)
    planted = tmp_path / "planted"
    planted.mkdir()
    for name, text in PLANTED.items():
        (planted / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [checkov, "--directory", tmp_path, "--config-file", RULES, "--output", "json", "--skip-download"],
        capture_output=True,
        text=True,
        check=False,
    )
    findings = {
        (check["check_id"], Path(check["file_path"]).parts[1])
        for report in json.loads(done.stdout)
        for check in report["results"]["failed_checks"]
    }
    assert findings >= {(rule, "planted") for rule in (RUNS_AS_ROOT, ADDS_FILES, ALLOWS_ALL)}
    assert {finding for finding in findings if finding[1] != "planted"} == set()
