"""The threads between the decoder and the results: order, full batches, overlap, errors, and an early end."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from human_detector.analysis import pipeline
from human_detector.analysis.frame_feed import SampledFrame
from human_detector.analysis.pipeline import detect_all, frames_held
from human_detector.detectors.detector import Detector
from human_detector.values import Box, Detection, FrameDetections, Image, ScaledImage


class Recorder(Detector):
    """Says of each image how bright it is, and remembers what it was given."""

    def __init__(self, *, input_size: tuple[int, int] | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.batches: list[Sequence[Image]] = []
        self._input_size = input_size

    @property
    def input_size(self) -> tuple[int, int] | None:
        return self._input_size

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        self.batches.append(images)
        return [[Detection("thing", float(image.flat[0]) / 255, Box(0, 0, 1, 1))] for image in images]


class Failing(Recorder):
    """Fails in its second batch."""

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        if self.batches:
            raise RuntimeError("the device is gone")
        return super().detect(images)


class DecodedOnly(Detector):
    """Finds nothing."""

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        return [[] for _ in images]


class BreakingDown(DecodedOnly):
    """Fails in a late batch, or never."""

    def __init__(self, *, fails: bool, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._left = 2 if fails else 100

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        self._left -= 1
        if not self._left:
            raise RuntimeError("the device is gone")
        return super().detect(images)


def frames(count: int) -> Iterator[SampledFrame]:
    """Frames of 8 rows and 12 columns whose brightness is their index."""
    return (SampledFrame(i, i / 10, {None: np.full((8, 12, 3), i % 256, np.uint8)}) for i in range(count))


def collect(results: Iterable[FrameDetections], seen: list[int]) -> None:
    for result in results:
        seen.append(result.index)


def brightness(found: Sequence[Detection]) -> int:
    return round(found[0].score * 255)


def test_every_detector_sees_every_frame_in_order() -> None:
    detectors = [Recorder(name="a", max_batch_size=3), Recorder(name="b", max_batch_size=4)]
    results = list(detect_all(frames(10), detectors))
    assert [(result.index, result.timestamp) for result in results] == [(i, i / 10) for i in range(10)]
    for result in results:
        assert {name: brightness(found) for name, found in result.detections.items()} == {
            "a": result.index,
            "b": result.index,
        }


def test_only_the_last_batch_is_not_full() -> None:
    detector = Recorder(max_batch_size=4)
    list(detect_all(frames(10), [detector]))
    assert [len(batch) for batch in detector.batches] == [4, 4, 2]


def test_a_video_without_frames_has_no_results() -> None:
    assert list(detect_all(frames(0), [Recorder()])) == []


def test_detectors_of_very_different_batch_sizes_do_not_wait_for_each_other_for_ever() -> None:
    detectors = [Recorder(name="small", max_batch_size=1), Recorder(name="large", max_batch_size=1024)]
    assert sum(1 for _ in detect_all(frames(7000), detectors)) == 7000


def test_every_detector_gets_its_size() -> None:
    pictures = {
        (4, 6): np.zeros((4, 6, 3), np.float32),
        (16, 16): np.zeros((16, 16, 3), np.float32),
        None: np.zeros((8, 12, 3), np.uint8),
    }
    detectors = [
        Recorder(name="a", input_size=(4, 6)),
        Recorder(name="b", input_size=(4, 6)),
        Recorder(name="c", input_size=(16, 16)),
        Recorder(name="d"),
    ]
    list(detect_all(iter([SampledFrame(0, 0.0, pictures)]), detectors))
    given = [detector.batches[0][0] for detector in detectors]
    wanted = [pictures[4, 6], pictures[4, 6], pictures[16, 16], pictures[None]]
    assert all(one is other for one, other in zip(given, wanted, strict=True))


def test_no_more_frames_are_in_hand_than_it_says() -> None:
    in_hand: weakref.WeakValueDictionary[int, Image] = weakref.WeakValueDictionary()
    most = 0

    def watched() -> Iterator[SampledFrame]:
        nonlocal most
        for i in range(60):
            picture = np.zeros((8, 12, 3), np.uint8)
            in_hand[i] = picture
            most = max(most, len(in_hand))
            yield SampledFrame(i, i / 10, {None: picture})

    class Device(Recorder):
        """Looks at its pictures when it is asked for what it found."""

        def start(self, images: Sequence[Image | ScaledImage]) -> Callable[[], list[list[Detection]]]:
            return lambda: [[] for _ in images]

    detectors = [Device(name="a", max_batch_size=2), Device(name="b", max_batch_size=5)]
    list(detect_all(watched(), detectors))
    assert 10 < most <= frames_held(detectors)


def test_the_next_batch_is_started_before_the_result_of_the_last_one_is_asked_for() -> None:
    events: list[str] = []

    class Device(Recorder):
        def start(self, images: Sequence[Image | ScaledImage]) -> Callable[[], list[list[Detection]]]:
            number = len(self.batches)
            events.append(f"start {number}")
            finish = super().start(images)

            def wait() -> list[list[Detection]]:
                events.append(f"finish {number}")
                return finish()

            return wait

    list(detect_all(frames(6), [Device(max_batch_size=2)]))
    assert events == ["start 0", "start 1", "finish 0", "start 2", "finish 1", "finish 2"]


def test_the_decoder_does_not_run_far_ahead_of_a_detector() -> None:
    decoded: list[int] = []
    far_enough = threading.Event()

    def watched() -> Iterator[SampledFrame]:
        for frame in frames(100):
            decoded.append(frame.index)
            if frame.index == 4:
                far_enough.set()
            yield frame

    class Slow(Recorder):
        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            far_enough.wait()
            found = super().detect(images)
            ahead.append(len(decoded) - sum(map(len, self.batches)))
            return found

    ahead: list[int] = []
    list(detect_all(watched(), [Slow(max_batch_size=2)]))
    # One batch waits, and the decoder holds one frame more.
    assert max(ahead) <= 3


def test_the_error_of_a_detector_reaches_the_caller() -> None:
    seen: list[int] = []
    with pytest.raises(RuntimeError, match="the device is gone"):
        collect(detect_all(frames(1000), [Recorder(name="a"), Failing(name="b", max_batch_size=2)]), seen)
    assert seen in ([], [0, 1])


def test_the_error_of_the_decoder_reaches_the_caller_after_finished_frames() -> None:
    def broken() -> Iterator[SampledFrame]:
        yield from frames(3)
        raise ValueError("the file ends here")

    seen: list[int] = []
    with pytest.raises(ValueError, match="the file ends here"):
        collect(detect_all(broken(), [Recorder(max_batch_size=1)]), seen)
    # The third batch was started, and nobody waits for its result any more.
    assert seen == [0, 1]


@pytest.mark.parametrize("failing", [False, True], ids=["the decoder", "a detector"])
def test_what_was_in_hand_when_an_error_came_is_let_go_at_once(failing: bool) -> None:
    """And not by some garbage collection: the frames' memory may be large, and is the next video's."""
    pictures: list[weakref.ref[Image]] = []

    def breaking() -> Iterator[SampledFrame]:
        for frame in frames(9):
            picture = frame.images[None]
            pictures.append(weakref.ref(picture))
            yield frame
            del frame, picture
        raise RuntimeError("the decoder is gone")

    def run() -> None:
        # A detector that remembers nothing.
        second = DecodedOnly(name="second", max_batch_size=2)
        with pytest.raises(RuntimeError, match="is gone"):
            collect(detect_all(breaking(), [BreakingDown(fails=failing, max_batch_size=2), second]), [])

    gc.disable()
    try:
        run()
        assert pictures
        assert not any(picture() is not None for picture in pictures)
    finally:
        gc.enable()


def test_a_detector_that_loses_an_image_is_an_error() -> None:
    class Losing(Recorder):
        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            return super().detect(images)[1:]

    with pytest.raises(ValueError, match="Losing returned 1 results for 2 images"):
        list(detect_all(frames(2), [Losing()]))


def test_closing_early_ends_all_threads() -> None:
    before = threading.active_count()
    results = detect_all(frames(10_000), [Recorder(name="a"), Recorder(name="b", max_batch_size=64)])
    next(results)
    results.close()
    assert threading.active_count() == before


def test_the_largest_batches_fit_between_two_detectors() -> None:
    largest = 1024
    assert Detector.checks["max_batch_size"](largest) is None
    assert Detector.checks["max_batch_size"](largest + 1) is not None
    assert (pipeline.STARTED_BATCHES + 1) * largest < pipeline.FOUND_CAPACITY
