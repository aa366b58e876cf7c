"""Shows how far work is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

BAR_CELLS = 24
BAR_SECONDS = 0.1
LINE_SECONDS = 10.0


class ProgressDisplay:
    """Shows one piece of work after another.

    Args:
        stream: where to; a terminal gets a bar that moves.
        clock: seconds that only go forward.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._is_terminal = stream.isatty()
        self._pause = BAR_SECONDS if self._is_terminal else LINE_SECONDS
        self._lock = threading.Lock()
        self.start("")

    def start(self, title: str, video_seconds: float = 0) -> None:
        """Begin a piece of work.

        Args:
            title: what it is.
            video_seconds: the length of the video, for the rate; 0 if unknown.
        """
        with self._lock:
            self._title, self._video_seconds = title, video_seconds
            self._began = self._shown_at = self._clock()

    def update(self, fraction: float) -> None:
        """Show how far it is, 0 to 1. May be called often, and from several threads."""
        with self._lock:
            now = self._clock()
            if now - self._shown_at < self._pause:
                return
            self._shown_at = now
            text = describe(fraction, now - self._began, self._video_seconds)
            if self._is_terminal:
                filled = round(fraction * BAR_CELLS)
                bar = "█" * filled + "░" * (BAR_CELLS - filled)
                self._stream.write(f"\r\033[K{self._title} {bar} {text}")
            else:
                self._stream.write(f"{self._title}: {text}\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Write a line that stays; the bar gives way to it."""
        with self._lock:
            self._stream.write(("\r\033[K" if self._is_terminal else "") + text + "\n")
            self._stream.flush()


def describe(fraction: float, seconds: float, video_seconds: float) -> str:
    """The share that is done, the rate, and the time left.

    Args:
        fraction: done, 0 to 1.
        seconds: since the beginning.
        video_seconds: length of the video; 0 if unknown.
    """
    parts = [f"{100 * fraction:.0f} %"]
    if fraction > 0 and seconds > 0:
        if video_seconds:
            parts.append(f"{fraction * video_seconds / seconds:.1f}x real time")
        parts.append(f"{clock_time(seconds * (1 - fraction) / fraction)} left")
    return ", ".join(parts)


def clock_time(seconds: float) -> str:
    """Seconds as h:mm:ss or m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
