"""human-detector export as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from human_detector.commands import export as export_command
from sample_clip import sample_clip
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


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (
            "{clip}",
            "RESULT: found {clip}, a video; valid is a result file, such as the NAME.json of human-detec",
        ),
        ("{folder}", "RESULT: found {folder}, a folder; valid is a result file"),
        ("{folder}/gone.json", "{folder}/gone.json cannot be read: No such file or directory"),
        ("{folder}/text.json", "{folder}/text.json is no result file: it is not JSON: "),
    ],
)
def test_a_wrong_file_is_told_for_what_it_is(
    place: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"clip": sample_clip(), "folder": tmp_path}
    (tmp_path / "text.json").write_text('{"schema_version": 1')
    assert export_command.main([place.format(**places), "--format=csv"]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"human-detector export: {sentence.format(**places)}")
    assert [path.name for path in tmp_path.iterdir()] == ["text.json"]


def test_a_format_that_fails_costs_none_of_the_others(result: Path) -> None:
    result.with_name("clip.coco.json").mkdir()
    done = run("export", result, "--format=coco", "--format=csv")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [str(result.with_name("clip.csv"))]
    assert done.stderr.startswith("human-detector export: export to coco: IsADirectoryError")
    assert len(done.stderr.splitlines()) == 1
