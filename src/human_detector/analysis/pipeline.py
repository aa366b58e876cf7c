r"""The threads of an analysis: one takes the frames, one runs each detector, the caller takes the results.

    frames --> images --> HumanDetector --> found --+
          \--> images --> FaceDetector  --> found --+--> caller

Every detector sees every frame in order, in batches of its own size, so the results meet again by position.
Frames in which nothing has changed go past the detectors, from the frames' thread to the caller.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from human_detector.analysis.frame_feed import SampledFrame, Size
from human_detector.analysis.thread_queue import QueueAbandoned, ThreadQueue
from human_detector.detectors.detector import Detector
from human_detector.values import Detection, FrameDetections, Image, ScaledImage

_Picture = Image | ScaledImage
"""A frame in the size that a detector wants."""

_Found = list[Detection]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a frame stands in the video, and whether nothing has changed in it."""

    index: int
    timestamp: float
    is_still: bool


STARTED_BATCHES = 2
"""How many batches a detector works on: while one is computed, the next stands ready."""

FOUND_CAPACITY = 4096
"""How many frames one detector may be ahead of another. It must be more than three of the largest batches
(1024), two that are worked on and one that waits: a detector that collects a batch would otherwise never get
the frames that it waits for."""


def frames_held(detectors: Sequence[Detector]) -> int:
    """How many frames `detect_all` has in hand at a time, at the most."""
    # Of a detector: those that wait, are collected, and are worked on; and one on its way to all detectors.
    return (STARTED_BATCHES + 2) * max(detector.max_batch_size for detector in detectors) + 1


def detect_all(
    frames: Iterator[SampledFrame], detectors: Sequence[Detector]
) -> Generator[FrameDetections, None, None]:
    """Run all detectors over all frames, each frame decoded once.

    Closing the iterator early stops the threads; they have ended when `close` returns.

    Args:
        frames: taken by a thread of its own, as fast as the detectors want them; each in every detector's
            size.
        detectors: loaded; each is called from one thread only.

    Raises:
        Exception: whatever decoding or a detector raised.

    Returns:
        The frames in order; those in which nothing has changed are `carried`, and without detections.
    """
    # Not bounded: while a detector waits for a full batch, still frames must go on. See analysis.still_scenes
    # for how many these can be for each of the few that are in hand.
    places = ThreadQueue[_Place]()
    # One full batch waits while others are worked on: more would only take memory.
    waiting = [ThreadQueue[_Picture](detector.max_batch_size) for detector in detectors]
    found = [ThreadQueue[_Found](FOUND_CAPACITY) for _ in detectors]
    sizes = [detector.input_size for detector in detectors]
    sharing = (frames, sizes, places, waiting)
    threads = [threading.Thread(target=_share, args=sharing, name="frames", daemon=True)]
    threads += [
        threading.Thread(target=_detect, args=arguments, name=arguments[0].name, daemon=True)
        for arguments in zip(detectors, waiting, found, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        rows = {detector.name: iter(queue) for detector, queue in zip(detectors, found, strict=True)}
        for place in places:
            detections = {} if place.is_still else {name: next(row) for name, row in rows.items()}
            yield FrameDetections(place.index, place.timestamp, detections, carried=place.is_still)
    finally:
        places.abandon()
        for frames_queue in waiting:
            frames_queue.abandon()
        for found_queue in found:
            found_queue.abandon()
        for thread in threads:
            thread.join()


def _share(
    frames: Iterator[SampledFrame],
    sizes: Sequence[Size],
    places: ThreadQueue[_Place],
    waiting: Sequence[ThreadQueue[_Picture]],
) -> None:
    """Put every frame that has pictures into every queue, in the size that its detector wants."""
    error: BaseException | None = None
    try:
        for frame in frames:
            places.put(_Place(frame.index, frame.timestamp, frame.is_still))
            if not frame.is_still:
                for size, queue in zip(sizes, waiting, strict=True):
                    queue.put(frame.images[size])
            # Not kept while the next frame is waited for: its place may be needed for that.
            del frame
    except QueueAbandoned:
        pass
    except BaseException as raised:
        error = raised
    for queue in waiting:
        queue.end(error)
    places.end(error)
    del error  # It refers to this function's frame, and both would stay until a garbage collection.


def _detect(detector: Detector, waiting: ThreadQueue[_Picture], found: ThreadQueue[_Found]) -> None:
    error: BaseException | None = None
    frames = iter(waiting)
    started: deque[Callable[[], list[_Found]]] = deque()
    try:
        while batch := list(islice(frames, detector.max_batch_size)):
            started.append(_start(detector, batch))
            # Not kept while the next batch is collected: at 8K a frame has 100 MB.
            del batch
            if len(started) == STARTED_BATCHES:
                _put_all(found, started.popleft()())
        for finish in started:
            _put_all(found, finish())
    except QueueAbandoned:
        pass
    except BaseException as raised:
        error = raised
        # The frames must not wait for a detector that takes no more frames.
        waiting.abandon()
    found.end(error)
    del error  # See _share.


def _start(detector: Detector, batch: Sequence[_Picture]) -> Callable[[], list[_Found]]:
    """Start a batch; the function that is returned waits for what was found."""
    count = len(batch)
    finish = detector.start(batch)

    def results() -> list[_Found]:
        found = finish()
        if len(found) != count:
            raise ValueError(f"{detector.name} returned {len(found)} results for {count} images")
        return found

    return results


def _put_all(found: ThreadQueue[_Found], items: Sequence[_Found]) -> None:
    for item in items:
        found.put(item)
