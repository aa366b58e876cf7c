"""Ctrl-C at a terminal while human-detector analyze works: no traceback, status 130."""

from __future__ import annotations

import json
from pathlib import Path

from sample_clip import sample_clip
from support.commands import command_line, environment
from support.terminal import INTERRUPT, TerminalSession
from support.worker_harness import wait_until

LINGERING = """
import os, time
from support.fake_detectors import InstantDetector as Detector

class Lingering:
    def __del__(self, write=os.write, sleep=time.sleep):
        write(1, b"taken apart\\n")
        sleep(1)

lingering = Lingering()
"""
"""A module that takes its time when Python takes it apart, as large libraries do."""


def session(tmp_path: Path, detector: str, *modules: Path) -> TerminalSession:
    command = command_line("analyze", f"--detector={detector}", "--output", tmp_path / "out", sample_clip())
    return TerminalSession(command, environment(*modules), 80)


def test_the_second_ends_at_once_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "hold").write_text("1")
    arguments = json.dumps({"folder": str(tmp_path), "max_batch_size": 1})
    with session(tmp_path, f"support.fake_detectors:HeldDetector={arguments}") as terminal:
        # In the middle of a frame that does not end: an analysis that can end in order does so at the first.
        wait_until((tmp_path / "counter").exists)
        terminal.press(INTERRUPT)
        terminal.wait_for(lambda text: "Ctrl-C again stops at once" in text)
        before = len(terminal.text)
        terminal.press(INTERRUPT)
        assert terminal.wait() == 130
    after = terminal.text[before:].replace("^C", "")
    assert after.splitlines()[-1] == "stopped at once; the same command goes on from here"
    assert "Traceback" not in terminal.text
    assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l"), "the cursor is shown again"


def test_one_while_it_ends_changes_nothing(tmp_path: Path) -> None:
    """Python, when it takes itself apart, lets a signal kill the process: status -2 in place of what was done."""
    (tmp_path / "lingering.py").write_text(LINGERING)
    with session(tmp_path, "lingering:Detector", tmp_path) as terminal:
        terminal.wait_for(lambda text: "taken apart" in text)
        terminal.press(INTERRUPT)
        assert terminal.wait() == 0


def test_one_is_enough_before_the_work(tmp_path: Path) -> None:
    """While models load: nothing is there that could be kept."""
    with session(tmp_path, "support.fake_detectors:SleepyDetector") as terminal:
        terminal.wait_for(lambda text: "asleep" in text)
        terminal.press(INTERRUPT)
        assert terminal.wait() == 130
    assert terminal.text.replace("^C", "").splitlines()[-1] == "human-detector analyze: stopped"
    assert "Traceback" not in terminal.text
