"""Progress on terminals of all widths, and where there is none."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from human_detector.commands.batch_progress import VideoWork
from human_detector.commands.progress_display import ProgressDisplay, clock_time
from support.commands import command_line, environment, run
from support.media import clip, needs_ffmpeg
from support.terminal import TerminalSession

SLOW = '--detector=support.fake_detectors:SlowDetector={"seconds": 0.05, "max_batch_size": 1}'


@needs_ffmpeg
@pytest.mark.parametrize("columns", [40, 50, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int, tmp_path: Path) -> None:
    """Of the bars of a real run, with a name that is longer than the narrowest terminal."""
    for name in ("the second camera, seen from the roof of the house", "名前"):
        clip(tmp_path / f"{name}.mp4", frames=20)
    command = command_line("analyze", SLOW, "--frame-ratio=1", "--output", tmp_path / "out", tmp_path)
    with TerminalSession(command, environment(), columns) as terminal:
        assert terminal.wait() == 0
    bars = [line for line in terminal.lines if " %" in line]
    assert max(map(cell_len, bars)) <= columns - 2
    assert any(re.match(r"2 of 2 videos .*\d %, (.*, )?0:\d\d left", line) for line in bars)
    assert any(re.match(r"the second cam.*\d %, (.*, )?0:\d\d left", line) for line in bars)
    assert any("━" in line for line in bars) == (columns > 50)
    assert any("frames/s" in line for line in bars) == (columns > 50)
    assert any("x real time" in line for line in bars) == (columns == 200)
    # Bars are taken away where something is said, and in the end the cursor is there.
    assert "名前.mp4: done: " in terminal.text
    assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l")


@needs_ffmpeg
def test_without_a_terminal_nothing_moves(tmp_path: Path) -> None:
    clip(tmp_path / "a.mp4")
    done = run("analyze", SLOW, "--output", tmp_path, tmp_path)
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr.splitlines() == ["loading the models", f"a.mp4: done: {tmp_path}/a.json"]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_there_is_a_line_now_and_then() -> None:
    clock, stream = Clock(), io.StringIO()
    display = ProgressDisplay(stream, clock)
    display.start("clip.mp4")
    for second in range(1, 25):
        clock.now = float(second)
        display.update(second / 100)
    assert stream.getvalue().splitlines() == [
        "clip.mp4: 10 %, 1:30 left",
        "clip.mp4: 20 %, 1:20 left",
    ]


def test_the_lines_tell_of_the_whole_batch() -> None:
    """The second video's page takes a fifth of the time of its analysis."""
    clock, stream = Clock(), io.StringIO()
    display = ProgressDisplay(stream, clock)
    both = ["analysis", "report"]
    display.start_batch([VideoWork(1000, both), VideoWork(0, []), VideoWork(3000, both)])

    def run_stage(title: str, video_seconds: float, frames: float, seconds: int) -> None:
        display.start(title, video_seconds, frames)
        for second in range(1, seconds + 1):
            clock.now += 1
            display.update(second / seconds)

    display.start_video()
    run_stage("a.mp4: analysis", 40, 1000, 20)
    run_stage("a.mp4: report", 40, 1000, 4)
    display.start_video()  # was there before
    display.start_video()
    run_stage("c.mp4: analysis", 120, 3000, 60)
    run_stage("c.mp4: report", 120, 3000, 12)
    lines = stream.getvalue().splitlines()
    shown = [line.split(";")[0] for line in lines]
    assert [(line.split(", ")[1], line.split(", ")[-1]) for line in shown] == [
        ("6 %", "2:30 left"),  # a page may take as long, for all that is known
        ("12 %", "2:20 left"),
        ("35 %", "1:02 left"),
        ("46 %", "0:52 left"),
        ("56 %", "0:42 left"),
        ("67 %", "0:32 left"),
        ("77 %", "0:22 left"),
        ("88 %", "0:12 left"),
        ("98 %", "0:02 left"),
    ]
    assert lines[2].endswith("; c.mp4: analysis: 17 %, 50 frames/s, 2.0x real time, 0:50 left")
    assert lines[-1].endswith("; c.mp4: report: 83 %, 250 frames/s, 10.0x real time, 0:02 left")


def test_what_an_earlier_run_has_done_is_soon_forgotten_by_the_estimate() -> None:
    """An analysis that goes on is quick to where it was; that says nothing about the rest."""
    clock, stream = Clock(), io.StringIO()
    display = ProgressDisplay(stream, clock)
    display.start("clip.mp4")
    clock.now = 1.0
    display.update(0.5)
    for second in range(2, 201):
        clock.now = float(second)
        display.update(0.5 + second / 1000)
    assert stream.getvalue().splitlines()[-1] == "clip.mp4: 70 %, 5:00 left"


def test_nothing_is_promised_before_there_is_progress() -> None:
    clock, stream = Clock(), io.StringIO()
    display = ProgressDisplay(stream, clock)
    display.start("clip.mp4")
    clock.now = 10.0
    display.update(0)
    assert stream.getvalue() == "clip.mp4: 0 %\n"


def test_a_title_cannot_move_the_cursor() -> None:
    clock, stream = Clock(), io.StringIO()
    display = ProgressDisplay(stream, clock)
    display.start("a\n\x1b[2Jb [red]{x}.mp4")
    clock.now = 10.0
    display.update(0)
    assert stream.getvalue() == "a\\n\\x1b[2Jb [red]{x}.mp4: 0 %\n"


def test_clock_times() -> None:
    assert [clock_time(seconds) for seconds in (0, 59.6, 3700)] == ["0:00", "1:00", "1:01:40"]
