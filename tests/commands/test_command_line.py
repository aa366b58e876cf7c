"""The console command: what it shows, what it refuses, and the help of its commands."""

from __future__ import annotations

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
    assert shown.err.startswith("human-detector: found 'analyse', valid is one of analyze, report, ")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"human-detector {__version__}\n"
