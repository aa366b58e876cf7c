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
    clock, stream = Clock(), io.StringIO()
    display = ProgressDisplay(stream, clock)
    display.start_batch([VideoWork(1000, 1), VideoWork(0, 0), VideoWork(3000, 2)])
    display.start_video()
    display.start("a.mp4: analysis", 40, 1000)
    for second in range(1, 21):
        clock.now = float(second)
        display.update(second / 20)
    display.start_video()  # was there before
    display.start_video()
    display.start("c.mp4: analysis", 120, 3000)
    for second in range(21, 41):
        clock.now = float(second)
        display.update((second - 20) / 30)
    assert stream.getvalue().splitlines() == [
        "1 of 3 videos, 12 %, 50 frames/s, 1:10 left; a.mp4: analysis: 50 %, 50 frames/s, 2.0x real time, 0:10 left",
        "1 of 3 videos, 25 %, 50 frames/s, 1:00 left; a.mp4: analysis: 100 %, 50 frames/s, 2.0x real time, 0:00 left",
        "3 of 3 videos, 38 %, 50 frames/s, 0:50 left; c.mp4: analysis: 33 %, 100 frames/s, 4.0x real time, 0:20 left",
        "3 of 3 videos, 50 %, 50 frames/s, 0:40 left; c.mp4: analysis: 67 %, 100 frames/s, 4.0x real time, 0:10 left",
    ]


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
    assert stream.getvalue() == "a??[2Jb [red]{x}.mp4: 0 %\n"


def test_clock_times() -> None:
    assert [clock_time(seconds) for seconds in (0, 59.6, 3700)] == ["0:00", "1:00", "1:01:40"]
