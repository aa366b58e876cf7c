"""A decoder that has been broken into: it is started in place of the real one, and obeys the video.

It is the real program, up to where it holds the video. One that begins with `BREAK_IN` tells it what to try; any
other it decodes as it should. What the kernel says to what it tries goes out the only way that there is: in the
sentence that says why a video cannot be analysed.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from human_detector.processes import decoder, decoder_main
from human_detector.processes.wire import Channel, ChannelClosed
from human_detector.video.limits import VideoLimits
from support.intruder import DEADLY, Hold, start_many_threads, try_all
from support.intruder_lies import LIES, PICTURES, WAITING, alive_for_ever

PROGRAM = "support.broken_decoder"
BREAK_IN = b"this video breaks in\n"

ATTACKS = {
    each.__name__: each
    for each in (try_all, *DEADLY, start_many_threads, *LIES, *WAITING, alive_for_ever, *PICTURES)
}


def break_in(attack: str, **facts: Any) -> bytes:
    """A video that makes the decoder try something.

    Args:
        attack: its name.
        **facts: what it knows: `worker`, `analysis`, `source` and `sibling` are ids of processes, `port` is of a listener,
            `secret` is the path of a file.
    """
    return BREAK_IN + json.dumps({"attack": attack, **facts}).encode()


def serve(video: int, channel: Channel, limits: VideoLimits) -> None:
    """What the real decoder does, unless the video breaks in."""
    head = os.pread(video, 1 << 16, 0)
    if not head.startswith(BREAK_IN):
        _real_serve(video, channel, limits)
        return
    facts = json.loads(head.removeprefix(BREAK_IN))
    with suppress(ChannelClosed, OSError):  # the analysis has had enough of it
        hold = Hold(channel, facts)
        ATTACKS[facts["attack"]](hold)
        while True:
            channel.receive()


if __name__ == "__main__":
    _real_serve, decoder.serve = decoder.serve, serve
    decoder_main.main()
