"""What Ctrl-C does to a command that has something to bring to an end."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from human_detector.commands.exit_statuses import EXIT_INTERRUPTED
from human_detector.commands.progress_display import ProgressDisplay


def end_on_interrupt(stopping: threading.Event, display: ProgressDisplay) -> None:
    """The first Ctrl-C (or SIGTERM) asks for an orderly end, the second ends at once.

    Args:
        stopping: set when an end is asked for.
        display: says so.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            display.leave("stopped at once; the same command goes on from here")
            # A model may compute for a minute, and whatever is on the disk is of use.
            os._exit(EXIT_INTERRUPTED)
        stopping.set()
        display.interject("stopping, when what is being computed is done; Ctrl-C again stops at once")

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
