"""A worker that cannot work says why at its start, and receives nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.worker_harness import (
    Aws,
    run_worker,
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aws_region": 7, "require_gpu": "no"}, ["aws_region: found 7", 'require_gpu: found "no"']),
        ({"aws_queues": {"human_detection": "no-such-queue"}}, ["'no-such-queue' cannot be used"]),
        ({"require_gpu": True}, ["require_gpu is true, but TensorFlow sees no GPU"]),
        (
            {"human_detection": {"detectors": [["HumanDetector", {"model": "no_such_model"}]]}},
            ["the model 'no_such_model' is missing", "human-detector models get"],
        ),
        (
            {"human_detection": {"detectors": [["no_module:Cat", {}], ["support.fake_detectors:NeedyDetector",
                                                                       {"colour": "green"}]]}},
            ["detectors[0] (no_module:Cat)", "colour: found 'green'"],
        ),
    ],
)  # fmt: skip
def test_a_worker_that_cannot_work_says_why_and_receives_nothing(
    aws: Aws, tmp_path: Path, changes: dict[str, Any], said: list[str]
) -> None:
    aws.send({"VideoId": 1})
    ran = run_worker(aws.variables(**changes), tmp_path, CUDA_VISIBLE_DEVICES="")
    assert ran.wait() == 2
    for text in said:
        assert text in ran.log
    assert "Traceback" not in ran.log
    assert aws.counts() == (1, 0)


def test_a_model_that_fails_to_load_ends_the_worker_with_a_sentence(aws: Aws, tmp_path: Path) -> None:
    aws.send({"VideoId": 1})
    detectors = [["support.fake_detectors:UnloadableDetector", {}]]
    ran = run_worker(aws.variables(human_detection={"detectors": detectors}), tmp_path)
    assert ran.wait() == 2
    assert "cannot work: RuntimeError: no kernel image is available" in ran.log
    assert aws.counts() == (1, 0)


def test_missing_credentials_end_the_start_with_one_sentence(aws: Aws, tmp_path: Path) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    ran = run_worker(aws.variables(), tmp_path, **nothing)
    assert ran.wait() == 2
    assert "cannot work: " in ran.log
    assert "credentials" in ran.log
    assert "Traceback" not in ran.log
