"""Files, keys and errors that hold what a terminal would obey: real commands on a real terminal show them spelled out."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sample_clip import sample_clip
from support.commands import INSTANT, command_line, environment
from support.hostile import NAME, OBEYED, SPELLED
from support.submitting import FAILED, SPLIT
from support.terminal import TerminalSession
from support.worker_harness import Aws


def shown(*arguments: str | Path, status: int, columns: int = 200) -> str:
    """All that a terminal got, in which nothing of it is obeyed; folded lines are joined."""
    with TerminalSession(command_line(*arguments), environment(), columns) as terminal:
        assert terminal.wait() == status, terminal.text
    assert not any(each in terminal.raw for each in OBEYED), terminal.raw
    return "".join(line.rstrip("\r\n") for line in terminal.lines)


def piped(*arguments: str | Path) -> tuple[int, bytes, bytes]:
    """The status, and what another program reads."""
    done = subprocess.run(command_line(*arguments), capture_output=True, check=False, env=environment())
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder with a video, and with a file that is none, of such names."""
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(sample_clip(), folder / f"{NAME}.mp4")
    (folder / f"broken {NAME}.mp4").write_bytes(b"\0" * 100)
    return folder


def test_analyze_report_and_export(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = shown("analyze", INSTANT, "--frame-ratio", "0.05", "--output", out, *videos.iterdir(), status=1)
    assert f"{SPELLED}.mp4: done: {out}/{SPELLED}.json" in text
    assert f"broken {SPELLED}.mp4: failed: " in text
    result, video = out / f"{NAME}.json", videos / f"{NAME}.mp4"
    assert f"{out}/{SPELLED}.report.html" in shown("report", video, result, status=0)
    assert f"{out}/{SPELLED}.csv" in shown("export", result, "--format", "csv", status=0)
    assert "RESULT: found" in shown("export", video, "--format", "csv", status=1)
    assert "unrecognized arguments" in shown("report", video, result, f"--{NAME}", status=2)
    # Another program gets the very place.
    assert piped("report", video, result) == (0, os.fsencode(f"{out / NAME}.report.html\n"), b"")


def test_names_as_long_as_they_can_be(tmp_path: Path) -> None:
    for name in ("x" * 251 + ".mp4", "x" * 250 + "y.mp4", "é" * 125 + ".mp4"):
        shutil.copy(sample_clip(), tmp_path / name)
    out = tmp_path / "out"
    wanted = ("--frame-ratio", "0.05", "--report", "--annotate", "--export", "yolo", "--output", out)
    status, _, errors = piped("analyze", INSTANT, *wanted, *tmp_path.glob("*.mp4"))
    assert status == 0, errors
    assert {path.name for path in out.glob("*.report.html")} == {
        f"{'x' * 210}.report.html",
        f"{'x' * 210}-2.report.html",
        f"{'é' * 105}.report.html",
    }


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """Such as one from a machine with another encoding."""
    video = tmp_path / "n\udce4me.mp4"
    shutil.copy(sample_clip(), video)
    status, _, errors = piped("analyze", INSTANT, "--frame-ratio", "0.05", "--output", tmp_path, video)
    assert (status, b"n\\udce4me.mp4: done" in errors) == (0, True), errors
    page = tmp_path / "n\udce4me.report.html"
    assert piped("report", video, tmp_path / "n\udce4me.json") == (0, os.fsencode(page) + b"\n", b"")
    assert page.exists()


def test_submit(aws: Aws, tmp_path: Path) -> None:
    config = tmp_path / "variables.json"
    config.write_text(json.dumps(aws.variables()))
    aws.put_record(1, {**FAILED, "error": f"the decoder says {NAME}"})
    source = {**SPLIT, "result_file": {"bucket": aws.bucket, "key": f"{NAME}.mp4"}}
    # The emulator knows no keys of several lines.
    done = {"bucket": aws.bucket, "key": f"human_detector/2/{'k' * 900}{NAME}.json".replace("\n", "")}
    aws.put_record(2, source, {"step": "human_detector", "state": "done", "result_file": done})
    aws.s3.put_object(Bucket=aws.bucket, Key=done["key"], Body=b"{}")
    rows = shown("submit", "--list", "--config", config, status=0)
    assert f"the decoder says {SPELLED.replace(chr(92) + 'n', ' ')}" in rows
    assert "kkk[...]" in rows, "a long name does not hide the rows around it"
    assert "the decoder says a\\u001b[2J" in shown("submit", "--status", "1", "--config", config, status=1)
    got = shown("submit", "--status", "2", "--wait", "--output", tmp_path, "--config", config, status=0)
    assert SPELLED.partition(r"\n")[0] in got
    (fetched,) = tmp_path.glob("a_*.json")
    assert fetched.read_text() == "{}"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_where_nobody_listens(closed: str) -> None:
    command = f"{shlex.join(command_line('cost'))} {closed}"
    assert subprocess.run(["sh", "-c", command], check=False, env=environment()).returncode == 0


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_an_analysis_where_nobody_listens(tmp_path: Path, closed: str) -> None:
    """What TensorFlow prints is caught, and where it would be printed there is nothing."""
    given = command_line("analyze", INSTANT, "--frame-ratio", "0.05", "--output", tmp_path, sample_clip())
    done = subprocess.run(["sh", "-c", f"{shlex.join(given)} {closed}"], check=False, env=environment())
    assert done.returncode == 0
    assert list(tmp_path.glob("*.json"))
