"""human-detector export as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands import hide_package, run
from support.sample_results import sample_result


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A result file, alone in a folder."""
    path = tmp_path / "results" / "clip.json"
    path.parent.mkdir()
    path.write_text(json.dumps(sample_result(3)))
    return path


def test_a_missing_package_is_said_before_anything_is_written(result: Path, tmp_path: Path) -> None:
    done = run("export", result, "--format=csv", "--format=parquet", path=hide_package(tmp_path, "pyarrow"))
    assert done.returncode == 2
    assert 'the format parquet needs pyarrow: pip install "human-detector[parquet]"' in done.stderr
    assert [path.name for path in result.parent.iterdir()] == ["clip.json"]


def test_a_format_that_fails_costs_none_of_the_others(result: Path) -> None:
    result.with_name("clip.coco.json").mkdir()
    done = run("export", result, "--format=coco", "--format=csv")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [str(result.with_name("clip.csv"))]
    assert done.stderr.startswith("human-detector export: export to coco: IsADirectoryError")
    assert len(done.stderr.splitlines()) == 1
