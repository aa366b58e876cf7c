"""The process from which decoders are forked: it has imported and warmed up all that they need.

    python -m human_detector.processes.decoder_main DESCRIPTOR MEMORY_MB

It sees no video itself. For each, it makes a copy of itself, which closes its door and decodes: so a decoder
is there in a few milliseconds, and nothing of one video ever reaches the next.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from typing import Any

from human_detector.processes.cage.doors import look_for_what_doors_need
from human_detector.processes.cage.kernel import end_with_parent
from human_detector.processes.decoder import run_decoder
from human_detector.processes.first_clip import decode_first_clip
from human_detector.processes.wire import Channel, ChannelClosed

GLANCE_SECONDS = 0.01


def main() -> None:
    """Entry point of the process."""
    parent = Channel.of_descriptor(int(sys.argv[1]), takes_descriptors=True)
    memory_mb = int(sys.argv[2])
    decode_first_clip()
    look_for_what_doors_need()
    gc.freeze()  # What is shared with the copies stays shared.
    try:
        while True:
            request = parent.receive()
            match request["say"]:
                case "start":
                    (control,) = parent.take_descriptors(1)
                    parent.send({"say": "started", "pid": _start(control, memory_mb)})
                    os.close(control)
                case "end":
                    parent.send({"say": "over", **_end(request["pid"], request["seconds"])})
    except ChannelClosed:
        pass  # The decoders end with this process.


def _start(control: int, memory_mb: int) -> int:
    """Fork a decoder; its process id."""
    source = os.getpid()
    if pid := os.fork():
        return pid
    status = 1
    try:
        end_with_parent(source)
        run_decoder(control, memory_mb)
        status = 0
    finally:
        os._exit(status)


def _end(pid: int, seconds: float) -> dict[str, Any]:
    """Wait so long for a decoder to end, then end it.

    Returns:
        `code`, its status, or its signal below zero; and whether it ended `by_itself`.
    """
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return {"code": os.waitstatus_to_exitcode(status), "by_itself": True}
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            return {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "by_itself": False}
        time.sleep(GLANCE_SECONDS)


if __name__ == "__main__":
    main()
