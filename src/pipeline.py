r"""The threads of an analysis: one decodes, one runs each detector, the caller takes the results.

    decode --> frames --> HumanDetector --> found --+
           \-> frames --> FaceDetector  --> found --+--> caller

Every detector sees every frame in order, in batches of its own size, so the results meet again by position.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from itertools import islice

from channel import Channel, ChannelClosed
from detector import Detection, Detector
from results import FrameDetections
from video_source import Frame

_Found = tuple[int, float, list[Detection]]

FOUND_CAPACITY = 4096
"""How many frames one detector may be ahead of another. It must be more than the largest batch (1024): a
detector that still collects its batch would otherwise never get the frames that it waits for."""


def detect_all(
    frames: Iterator[Frame], detectors: Sequence[Detector]
) -> Generator[FrameDetections, None, None]:
    """Run all detectors over all frames, each frame decoded once.

    Closing the iterator early stops the threads; they have ended when `close` returns.

    Args:
        frames: taken by a thread of its own, as fast as the detectors want them.
        detectors: loaded; each is called from one thread only.

    Raises:
        Exception: whatever decoding or a detector raised.
    """
    # One full batch waits while another is worked on: more would only take memory.
    waiting = [Channel[Frame](detector.max_batch_size) for detector in detectors]
    found = [Channel[_Found](FOUND_CAPACITY) for _ in detectors]
    threads = [threading.Thread(target=_decode, args=(frames, waiting), name="decode", daemon=True)]
    threads += [
        threading.Thread(target=_detect, args=arguments, name=arguments[0].name, daemon=True)
        for arguments in zip(detectors, waiting, found, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        for same_frame in zip(*found, strict=True):
            index, timestamp, _ = same_frame[0]
            yield FrameDetections(
                index,
                timestamp,
                {detector.name: row[2] for detector, row in zip(detectors, same_frame, strict=True)},
            )
    finally:
        for frames_channel in waiting:
            frames_channel.abandon()
        for found_channel in found:
            found_channel.abandon()
        for thread in threads:
            thread.join()


def _decode(frames: Iterator[Frame], waiting: Sequence[Channel[Frame]]) -> None:
    error: BaseException | None = None
    try:
        for frame in frames:
            for channel in waiting:
                channel.put(frame)
    except ChannelClosed:
        pass
    except BaseException as raised:
        error = raised
    for channel in waiting:
        channel.end(error)


def _detect(detector: Detector, waiting: Channel[Frame], found: Channel[_Found]) -> None:
    error: BaseException | None = None
    frames = iter(waiting)
    try:
        while batch := list(islice(frames, detector.max_batch_size)):
            for item in _detect_batch(detector, batch):
                found.put(item)
            # Not kept while the next batch is collected: at 8K a frame has 100 MB.
            del batch
    except ChannelClosed:
        pass
    except BaseException as raised:
        error = raised
        # The decoder must not wait for a detector that takes no more frames.
        waiting.abandon()
    found.end(error)


def _detect_batch(detector: Detector, batch: Sequence[Frame]) -> Iterator[_Found]:
    results = detector.detect([frame.image for frame in batch])
    if len(results) != len(batch):
        raise ValueError(f"{detector.name} returned {len(results)} results for {len(batch)} images")
    return ((frame.index, frame.timestamp, result) for frame, result in zip(batch, results, strict=True))
