"""A copy of the project in which a test may deploy: with a configuration and a commit of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.paths import ROOT

REGION = "eu-west-1"
MODELS = ("ssdlite_pedestrian", "mobilenet_ssd_widerface")
SCRIPTS = (
    "build_dockerfile.sh",
    "push_to_aws_ecr.sh",
    "register_and_run_task.sh",
    "deploy_to_aws.sh",
    "run_docker_local.sh",
)


def variables(**sections: Any) -> dict[str, Any]:
    """A configuration for the CPU image, with small models."""
    return {
        "aws_region": REGION,
        "video_split": {"output_bucket": "deploy-test-bucket"},
        "aws_queues": {"human_detection": "deploy-test-queue"},
        "human_detection": {
            "detectors": [["HumanDetector", {"model": MODELS[0]}], ["FaceDetector", {"model": MODELS[1]}]],
            "frame_ratio": 0.2,
        },
        "dynamodb": {"region": REGION, "table_id": "deploy-test-table"},
        "ecs": {"instance_type": "c7i.large"},
        **sections,
    }


class Clone:
    """What a user has after `git clone` and an edit of variables.json.

    Args:
        folder: where to make it.
        configuration: content of variables.json.
        environment: of the scripts that are run in it.
    """

    def __init__(
        self, folder: Path, configuration: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.environment = dict(os.environ if environment is None else environment)
        for name in ("src", "model"):
            shutil.copytree(
                ROOT / name,
                folder / name,
                symlinks=True,
                ignore=shutil.ignore_patterns("__pycache__", *_other_models()),
            )
        shutil.copytree(ROOT / "supply_chain", folder / "supply_chain")
        for pattern in (
            "*.sh",
            "Dockerfile",
            ".dockerignore",
            "human_detector_taskdef.json",
        ):
            for file in ROOT.glob(pattern):
                shutil.copy2(file, folder)
        self.configure(configuration)

    def configure(self, configuration: Mapping[str, Any]) -> None:
        """Write variables.json."""
        (self.folder / "variables.json").write_text(json.dumps(configuration, indent=2))

    def commit(self) -> str:
        """Commit what is there; returns the tag that its image gets."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        ignored = "model/*/\n"
        (self.folder / ".gitignore").write_text(ignored)
        for arguments in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "test"]):
            subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)
        return subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def run(self, script: str, *arguments: str, **extra_environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the clone to its end; stdout and stderr come together as stdout."""
        return subprocess.run(
            [f"./{script}", *arguments],
            cwd=self.folder,
            env={**self.environment, **extra_environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )


def _other_models() -> list[str]:
    """The folders of models that the tests do not put into an image."""
    return [path.name for path in ROOT.glob("model/*") if path.is_dir() and path.name not in MODELS]
