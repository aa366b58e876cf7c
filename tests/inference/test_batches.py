"""Batches: short ones, those that do not fit into the memory, and images that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from human_detector.analysis.sampling import FrameSampler
from human_detector.detectors.graph_detector import GraphDetector
from human_detector.inference import tensorflow_engine
from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
from human_detector.values import Image
from human_detector.video.source import VideoSource
from sample_clip import BIKES, sample_clip
from support.reference import (
    HUMANS,
    tf,
)


def bikes_images(count: int) -> Sequence[Image]:
    with VideoSource(sample_clip(BIKES), is_sampled=FrameSampler(0.1).is_sampled) as video:
        frames = video.frames()
        return [next(frames).image for _ in range(count)]


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_an_image_has_the_same_boxes_in_a_short_batch_as_in_a_full_one(name: str) -> None:
    detector = GraphDetector(
        model=HUMANS, label="it", engine=name, max_batch_size=4, min_detection_score=0.05
    )
    images = bikes_images(4)
    full = detector.detect(images)
    assert any(full)
    assert detector.detect(images[:3]) == full[:3]
    assert detector.detect(images[:1]) == full[:1]


class ShortOfMemory:
    """A function that runs out of memory for more images than fit; asynchronously, as on a GPU, or at once."""

    def __init__(self, function: Callable[[Any], Any], fitting: int, *, at_once: bool) -> None:
        self._function = function
        self._fitting = fitting
        self._at_once = at_once
        self.batch_sizes: list[int] = []

    def __call__(self, images: Any) -> Any:
        self.batch_sizes.append(images.shape[0])
        if images.shape[0] <= self._fitting:
            return self._function(images)
        if self._at_once:
            self.numpy()
        return [self, self]

    def numpy(self) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


@pytest.mark.parametrize("at_once", [True, False])
def test_out_of_memory_halves_the_batch_and_the_job_goes_on(
    at_once: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The CPU takes one image at a time: the way of a GPU is tried with the CPU behind it.
    monkeypatch.setattr(tensorflow_engine, "gpu_names", lambda: ["GPU:0 pretended"])
    detector = GraphDetector(model=HUMANS, label="person", engine="tensorflow", max_batch_size=8)
    detector.load()
    loaded: Any = detector._engine
    images = bikes_images(8)
    expected = detector.detect(images)
    loaded._function = short = ShortOfMemory(loaded._function, 2, at_once=at_once)
    assert detector.detect(images) == expected
    assert short.batch_sizes[-4:] == [2, 2, 2, 2]
    assert "batches of 2 from now on" in caplog.text
    short.batch_sizes.clear()
    assert detector.detect(images[:3]) == expected[:3]
    assert short.batch_sizes == [2, 2]


def test_two_batches_that_were_too_large_halve_the_batch_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_engine, "gpu_names", lambda: ["GPU:0 pretended"])
    loaded: Any = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 4))
    loaded._function = short = ShortOfMemory(loaded._function, 2, at_once=False)
    images = [np.zeros((300, 300, 3), np.float32)] * 4
    first, second = loaded.start(images, 0.5), loaded.start(images, 0.5)
    assert (len(first()), len(second())) == (4, 4)
    assert short.batch_sizes == [4, 4, 2, 2, 2, 2]


def test_out_of_memory_with_one_image_is_an_error() -> None:
    loaded: Any = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 4))
    loaded._function = ShortOfMemory(loaded._function, 0, at_once=True)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        loaded.start([np.zeros((300, 300, 3), np.float32)], 0.5)()


class FailingRequest:
    """An OpenVINO request that fails for some images: those that are white."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._failed = False
        self.get_tensor = request.get_tensor

    def start_async(self, inputs: Any, **options: Any) -> None:
        self._failed = bool(inputs[0].max() > 254)
        self._request.start_async(inputs, **options)

    def wait(self) -> None:
        self._request.wait()
        if self._failed:
            raise RuntimeError("could not allocate memory")


def test_an_image_that_fails_in_openvino_harms_no_other() -> None:
    loaded: Any = load_engine("openvino", ModelSettings(HUMANS, find_model(HUMANS), 2))
    loaded._requests._idle = [FailingRequest(request) for request in loaded._requests._idle]
    black, white = (np.full((300, 300, 3), grey, np.float32) for grey in (0, 255))
    for _ in range(2 * len(loaded._requests._idle)):
        abandoned = loaded.start([white, black], 0.5)
        good = loaded.start([black, black], 0.5)
        assert [len(found.scores) for found in good()] == [0, 0]
        with pytest.raises(RuntimeError, match="could not allocate"):
            abandoned()


def test_tensorflow_computes_an_image_on_each_core_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_engine, "usable_cores", lambda: 3)
    monkeypatch.setattr(tensorflow_engine, "_cpu_streams", tensorflow_engine._cpu_streams.__wrapped__)
    loaded: Any = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 3))
    function, together = loaded._function, threading.Barrier(3)

    def compute(images: Any) -> Any:
        together.wait(timeout=30)  # raises unless three are here
        return function(images)

    loaded._function = compute
    assert len(loaded.start([np.zeros((300, 300, 3), np.float32)] * 3, 0.5)()) == 3
