"""Shows how far work is: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from human_detector.commands.batch_progress import MEMORY_SECONDS, BatchProgress, VideoWork
from human_detector.commands.tables import terminal_columns
from human_detector.harmless_text import beneath, harmless

LOOK_SECONDS = 0.2
"""How often progress is taken note of, and shown on a terminal."""
LINE_SECONDS = 10.0
COLUMNS_FOR_A_BAR, COLUMNS_FOR_EVERYTHING = 60, 100
LEAST_BAR = 10
SHOW_CURSOR = "\033[?25h"


class ProgressDisplay:
    """Shows one piece of work after another, and how far the batch is that they belong to.

    Args:
        stream: where to; a terminal gets bars that move.
        clock: seconds that only go forward.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = beneath(stream)
        self._clock = clock
        self._console = Console(file=self._stream, highlight=False)
        self._is_terminal = self._console.is_terminal and not self._console.is_dumb_terminal
        self._progress = Progress(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            speed_estimate_period=MEMORY_SECONDS,
            get_time=clock,
            expand=True,
        )
        self._lock = threading.Lock()
        self._waiting_words: list[str] = []
        self._batch: BatchProgress | None = None
        self._batch_task = self._progress.add_task("", visible=False)
        self._task = self._progress.add_task("")
        self.start("")
        if self._is_terminal:
            # Whatever ends the command: the cursor comes back.
            atexit.register(self._progress.stop)

    def start_batch(self, videos: Sequence[VideoWork]) -> None:
        """Begin a batch; `start_video` begins each of its videos."""
        with self._lock:
            self._batch = BatchProgress(videos)
            self._progress.reset(
                self._batch_task, total=self._batch.total, visible=self._batch.is_long, seconds_left=None
            )

    def start_video(self) -> None:
        """Begin the next video of the batch."""
        with self._lock:
            assert self._batch is not None
            self._batch.start_video(self._clock())
            task = self._tasks()[0]
            # Not by `update`, which would forget how fast it goes.
            task.total = self._batch.total
            task.description = f"{self._batch.number} of {self._batch.count} videos"

    def start(self, title: str, video_seconds: float = 0, frames: float = 0) -> None:
        """Begin a piece of work; in a batch, the next stage of the video.

        Args:
            title: what it is.
            video_seconds: the length of the video, for the rate; 0 if unknown.
            frames: of the video, for the rate; 0 if unknown.
        """
        with self._lock:
            if self._batch:
                self._batch.start_stage(self._clock())
            self._progress.reset(
                self._task,
                total=frames or 1,
                description=harmless(title),
                frames=frames,
                video_seconds=video_seconds,
            )
            self._looked_at = self._shown_at = self._clock()
            if self._is_terminal and title:
                self._draw()

    def update(self, fraction: float) -> None:
        """Show how far it is, 0 to 1. May be called often, and from several threads."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at < LOOK_SECONDS:
                if self._batch and fraction >= 1:  # What is short must not count as left undone.
                    self._batch.advance(fraction, now)
                return
            self._looked_at = now
            task = self._tasks()[1]
            self._progress.update(self._task, completed=fraction * (task.total or 1))
            if self._batch:
                self._batch.advance(fraction, now)
                left = self._batch.seconds_left()
                self._progress.update(self._batch_task, completed=self._batch.done(), seconds_left=left)
            if self._is_terminal:
                self._draw()
            elif now - self._shown_at >= LINE_SECONDS:
                self._shown_at = now
                self._write(self._as_line())
            self._say_what_waits()

    def say(self, text: str) -> None:
        """Write a line that stays; the bars give way to it."""
        with self._lock:
            self._waiting_words.append(text)
            self._say_what_waits()

    def interject(self, text: str) -> None:
        """Say something from a signal handler, which must not wait for what it interrupts: now or soon."""
        self._waiting_words.append(text)
        if self._lock.acquire(blocking=False):
            try:
                self._say_what_waits()
            finally:
                self._lock.release()

    def leave(self, text: str) -> None:
        """Say a last word from a signal handler and hand the terminal back: nothing is shown after it."""
        last = f"\r\033[K{SHOW_CURSOR}{harmless(text)}\n" if self._is_terminal else f"{harmless(text)}\n"
        # Past the stream, which may be in the middle of something.
        os.write(self._stream.fileno(), last.encode(errors="replace"))

    def _say_what_waits(self) -> None:
        while self._waiting_words:
            self._write(self._waiting_words.pop(0))

    def _write(self, text: str) -> None:
        if self._is_terminal:
            self._progress.stop()
        self._stream.write(harmless(text) + "\n")
        self._stream.flush()

    def _tasks(self) -> tuple[Task, Task]:
        batch, piece = self._progress.tasks
        return batch, piece

    def _draw(self) -> None:
        # Some terminals begin a new line when the last column is written to, and "^C" takes two.
        width = terminal_columns(self._stream) - 2
        self._console.width = width
        details = _Details(width)
        needed = max(cell_len(details.text(task)) for task in self._tasks() if task.visible) + 1
        if width >= COLUMNS_FOR_A_BAR:
            needed += LEAST_BAR + 1
        title = Column(no_wrap=True, overflow="ellipsis", max_width=max(width - needed, 1), ratio=None)
        bars = [BarColumn(bar_width=None)] if width >= COLUMNS_FOR_A_BAR else []
        self._progress.columns = (
            TextColumn("{task.description}", markup=False, table_column=title),
            *bars,
            details,
        )
        self._progress.start()
        self._progress.refresh()

    def _as_line(self) -> str:
        batch, task = self._tasks()
        details = _Details(COLUMNS_FOR_EVERYTHING)
        line = f"{task.description}: {details.text(task)}"
        if self._batch and batch.visible:
            line = f"{batch.description}, {details.text(batch)}; {line}"
        return line


class _Details(ProgressColumn):
    """The share that is done, the rate, and the time left.

    Args:
        width: of the terminal; the narrower, the fewer details.
    """

    def __init__(self, width: int) -> None:
        super().__init__(Column(no_wrap=True, justify="right"))
        self._width = width

    def render(self, task: Task) -> Text:
        return Text(self.text(task))

    def text(self, task: Task) -> str:
        """The details of a task."""
        parts = [f"{task.percentage:.0f} %"]
        if task.speed and self._width >= COLUMNS_FOR_A_BAR:
            parts += self._rates(task, task.speed)
        if (left := _seconds_left(task)) is not None:
            parts.append(f"{clock_time(left)} left")
        return ", ".join(parts)

    def _rates(self, task: Task, speed: float) -> list[str]:
        frames, video_seconds = task.fields.get("frames", task.total), task.fields.get("video_seconds")
        rates = [f"{speed:.{0 if speed >= 10 else 1}f} frames/s"] if frames else []
        if video_seconds and task.total and (self._width >= COLUMNS_FOR_EVERYTHING or not frames):
            rates.append(f"{speed / task.total * video_seconds:.1f}x real time")
        return rates


def _seconds_left(task: Task) -> float | None:
    """What the batch itself says, or the speed of a piece of work; None as long as nothing tells."""
    if "seconds_left" in task.fields:
        seconds: float | None = task.fields["seconds_left"]
        return seconds
    return task.remaining / task.speed if task.speed and task.remaining is not None else None


def clock_time(seconds: float) -> str:
    """Seconds as h:mm:ss or m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
