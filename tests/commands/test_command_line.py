"""The console command: what it shows, what it refuses, and the help of its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from human_detector import __version__
from human_detector.__main__ import COMMANDS, main

EVERY_WAY = [[Path(sys.executable).parent / "human-detector"], [sys.executable, "-m", "human_detector"]]


@pytest.mark.parametrize("way", EVERY_WAY, ids=["human-detector", "python -m"])
def test_alone_it_shows_a_line_for_each_command(way: list[str | Path]) -> None:
    done = subprocess.run(way, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [line.split(maxsplit=1) for line in shown] == [
        [name, command.purpose] for name, command in COMMANDS.items()
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    usage, _, explanation = capsys.readouterr().out.partition("\n\n")
    assert usage.startswith(f"usage: human-detector {name} ")
    assert f"human-detector {name} " in " ".join(explanation.split())


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(
        "human-detector: found 'analyse', valid is one of analyze, anonymize, report, "
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cost", "--fps=0"], "found '0', valid is a number above 0 and up to 999999"),
        (["cost", "--hours=inf"], "found 'inf', valid is a number above 0 and up to 999999"),
        (["cost", "--price=nan"], "found 'nan', valid is a number above 0 and up to 999999"),
        (["cost", "--frame-ratio=1.5"], "found '1.5', valid is a number above 0 and up to 1"),
        (["submit", "--status=x"], "found 'x', valid is a whole number of at most 38 digits"),
        (["submit", "v.mp4", "--video-id=1.5"], "found '1.5', valid is a whole number of at most 38 digits"),
        (
            ["submit", "--status=1", "--wait", "--timeout=-1"],
            "found '-1', valid is a number from 0 to 999999",
        ),
        (["worker", "--exit-when-idle=soon"], "found 'soon', valid is a number from 0 to 999999"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_number_that_is_none_is_named_with_what_is_valid(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    option = arguments[-1].partition("=")[0]
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"human-detector {arguments[0]}: error: argument {option}: {sentence}"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"human-detector {__version__}\n"


def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    """As `human-detector models list | head -1` does."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "human_detector", "models", "list"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
