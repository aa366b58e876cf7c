"""One decoder: opens what a stranger sent, behind a door that it closes itself; one video, and it ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from human_detector.analysis.frame_feed import Size, Wanted, open_source, wanted_frames
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.processes.cage.doors import close_decoder_door
from human_detector.processes.messages import failed, video_message
from human_detector.processes.ring import RingWriter, SlotLayout
from human_detector.processes.wire import Channel, ChannelClosed
from human_detector.video.limits import VideoLimits
from human_detector.video.probe import declared_length, why_no_video
from human_detector.video.source import VideoSource

ALIVE_SECONDS = 0.2


def run_decoder(control: int, memory_mb: int) -> None:
    """All that a decoder process does, once its modules are imported and warm.

    Args:
        control: descriptor of its socket to whoever wants the video decoded.
        memory_mb: how much more memory it may take, in MiB.
    """
    cage = close_decoder_door(memory_mb << 20, [control])
    channel = Channel.of_descriptor(control, takes_descriptors=True)
    channel.send({"say": "caged", **cage.lacks})
    try:
        job = channel.receive()
    except ChannelClosed:
        return  # It is not needed any more.
    video, analysis = channel.take_descriptors(2)
    threading.Thread(target=_end_with_parent, args=(channel,), daemon=True).start()
    serve(video, Channel.of_descriptor(analysis, takes_descriptors=True), VideoLimits(**job["limits"]))


def serve(video: int, analysis: Channel, limits: VideoLimits) -> None:
    """Do what the analysis asks for, with one video.

    Args:
        video: descriptor of the file.
        analysis: says what it wants.
        limits: what the video may ask for.
    """
    with suppress(ChannelClosed):  # Nobody wants it any more.
        request = analysis.receive()
        try:
            match request["say"]:
                case "wanted":
                    hand_over(video, analysis, _wanted(request), limits)
                case "look":
                    analysis.send(_look(video, decode=request["decode"]))
        except ChannelClosed:
            raise
        except Exception as error:
            analysis.send(failed(error))


def _look(video: int, *, decode: bool) -> dict[str, Any]:
    """What a file says of itself, or whether its pictures move.

    Raises:
        VideoError: it is no video.
    """
    if decode:
        return {"say": "looked", "seconds": 0, "frames": 0, "why_no_video": why_no_video(video) or ""}
    seconds, frames = declared_length(video)
    return {"say": "looked", "seconds": seconds, "frames": frames, "why_no_video": ""}


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
        for frame, is_still in wanted_frames(source, wanted):
            if is_still:
                tell("still", index=frame.index, timestamp=frame.timestamp)
                continue
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
    return Wanted(message["frame_ratio"], message["first"], sizes, held=0, skip_still=message["skip_still"])


def _end_with_parent(control: Channel) -> None:
    """Do not outlive whoever started this process."""
    try:
        control.receive()
    finally:
        os._exit(1)
