"""Ctrl-C at a terminal while human-detector analyze works: no traceback, status 130."""

from __future__ import annotations

from pathlib import Path

from sample_clip import sample_clip
from support.commands import command_line, environment
from support.terminal import INTERRUPT, TerminalSession

SLOW = '--detector=support.fake_detectors:SlowDetector={"seconds": 600, "max_batch_size": 1}'
"""The second frame is waited for longer than any test lasts."""


def session(tmp_path: Path, *options: str) -> TerminalSession:
    command = command_line("analyze", *options, "--output", tmp_path / "out", sample_clip())
    return TerminalSession(command, environment(), 80)


def test_the_second_ends_at_once_with_one_line(tmp_path: Path) -> None:
    with session(tmp_path, SLOW) as terminal:
        terminal.wait_for(lambda text: "analysis" in text)
        terminal.press(INTERRUPT)
        terminal.wait_for(lambda text: "Ctrl-C again stops at once" in text)
        before = len(terminal.text)
        terminal.press(INTERRUPT)
        assert terminal.wait() == 130
    after = terminal.text[before:].replace("^C", "")
    assert after.splitlines()[-1] == "stopped at once; the same command goes on from here"
    assert "Traceback" not in terminal.text
    assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l"), "the cursor is shown again"


def test_one_is_enough_before_the_work(tmp_path: Path) -> None:
    """While models load: nothing is there that could be kept."""
    with session(tmp_path, "--detector=support.fake_detectors:SleepyDetector") as terminal:
        terminal.wait_for(lambda text: "asleep" in text)
        terminal.press(INTERRUPT)
        assert terminal.wait() == 130
    assert terminal.text.replace("^C", "").splitlines()[-1] == "human-detector analyze: stopped"
    assert "Traceback" not in terminal.text
