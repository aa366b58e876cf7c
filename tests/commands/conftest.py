"""The command `submit` against the emulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from human_detector.commands import submit as submit_command
from support.submitting import Submit
from support.worker_harness import Aws


@pytest.fixture
def submit(aws: Aws, tmp_path: Path) -> Submit:
    """The command, with a configuration for this test's resources."""
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(aws.variables()))
    return lambda *arguments, **time: submit_command.main(
        [*map(str, arguments), "--config", str(path)], **time
    )
