"""The decoder process: opens what strangers sent, behind a door that it has closed itself.

    python -m human_detector.processes.decoder_main DESCRIPTOR MEMORY_MB

It serves one video, and ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from human_detector.analysis.frame_feed import Size, Wanted, open_source
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.processes.cage.doors import close_decoder_door
from human_detector.processes.first_clip import decode_first_clip
from human_detector.processes.messages import failed, video_message
from human_detector.processes.ring import RingWriter, SlotLayout
from human_detector.processes.wire import Channel, ChannelClosed
from human_detector.video.limits import VideoLimits
from human_detector.video.source import VideoSource

ALIVE_SECONDS = 0.2


def main() -> None:
    """Entry point of the process."""
    control_descriptor, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    control = Channel.of_descriptor(control_descriptor, takes_descriptors=True)
    decode_first_clip()
    cage = close_decoder_door(memory_mb << 20, [control_descriptor])
    control.send({"say": "caged", "missing": list(cage.missing), "missing_extras": list(cage.missing_extras)})
    job = control.receive()
    video, channel = control.take_descriptors(2)
    threading.Thread(target=_end_with_parent, args=(control,), daemon=True).start()
    serve(video, Channel.of_descriptor(channel, takes_descriptors=True), VideoLimits(**job["limits"]))


def serve(video: int, channel: Channel, limits: VideoLimits) -> None:
    """Decode one video for the analysis.

    Args:
        video: descriptor of the file.
        channel: to the analysis, which says first what it wants.
        limits: what the video may ask for.
    """
    try:
        wanted = _wanted(channel.receive())
        try:
            hand_over(video, channel, wanted, limits)
        except (ChannelClosed, EOFError):
            raise
        except Exception as error:
            channel.send(failed(error))
    except (ChannelClosed, EOFError):
        pass  # Nobody wants it any more.


def hand_over(video: int, channel: Channel, wanted: Wanted, limits: VideoLimits) -> None:
    """Decode the video, and put the wanted frames into the shared memory.

    Raises:
        VideoError: it is no video that can be analysed.
        ChannelClosed: nobody wants the frames any more.
    """
    scalers = {size: FrameScaler(*size) for size in wanted.sizes if size}
    told_at = time.monotonic()

    def tell(say: str, **more: Any) -> None:
        nonlocal told_at
        told_at = time.monotonic()
        channel.send({"say": say, **more, "progress": source.progress, "video": video_message(source.info())})

    def tell_now_and_then(_: float) -> None:
        if time.monotonic() - told_at >= ALIVE_SECONDS:
            tell("alive")

    with open_source(video, wanted, tell_now_and_then, limits) as source:
        ring: RingWriter | None = None
        for frame in source.frames():
            ring = ring or _ring(channel, wanted, source)
            room = ring.room()
            for size, scaler in scalers.items():
                scaler.scale(frame.image, out=room[size])  # type: ignore[arg-type]
            if None in room:
                np.copyto(room[None], frame.image)
            tell("frame", index=frame.index, timestamp=frame.timestamp)
        tell("ended")


def _ring(channel: Channel, wanted: Wanted, source: VideoSource) -> RingWriter:
    """The memory that the analysis makes once it knows how large the frames are."""
    info = source.info()
    channel.send({"say": "opened", "width": info.width, "height": info.height})
    slots = channel.receive()["slots"]
    return RingWriter(SlotLayout(wanted.sizes, info.width, info.height), slots, *channel.take_descriptors(2))


def _wanted(message: Mapping[str, Any]) -> Wanted:
    sizes: list[Size] = [size and (size[0], size[1]) for size in message["sizes"]]
    return Wanted(message["frame_ratio"], message["first"], sizes, held=0)


def _end_with_parent(control: Channel) -> None:
    """Do not outlive whoever started this process."""
    try:
        control.receive()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
