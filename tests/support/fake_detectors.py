"""Detectors for tests, named in configurations as `support.fake_detectors:ClassName`: they need no model."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from human_detector.detectors.detector import Detector
from human_detector.validation import Check, WholeNumber
from human_detector.values import Box, Detection, Image


class InstantDetector(Detector):
    """Finds one box in every image, which says how bright the image is."""

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """One detection per image."""
        return [
            [Detection("thing", float(image.mean()) / 255, Box(0.25, 0.25, 0.75, 0.75))] for image in images
        ]


class ColourDetector(Detector):
    """Finds what is red, or green, with one box around all of it.

    Args:
        channel: 0 is red, 1 is green.
        label: of what it finds.
        **arguments: those of Detector.
    """

    def __init__(self, *, channel: int, label: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._channel, self.label = channel, label

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """One detection per image, or none."""
        return [[*self._found(image)] for image in images]

    def _found(self, image: Image) -> Iterator[Detection]:
        rows, columns = np.nonzero(image[..., self._channel] > 128)
        if len(rows):
            height, width = image.shape[:2]
            sides = (columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height)
            yield Detection(self.label, 0.9, Box.clipped(*sides))


class SlowDetector(InstantDetector):
    """Takes its time.

    Args:
        seconds: per batch.
        **arguments: those of Detector.
    """

    def __init__(self, *, seconds: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._seconds = seconds

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """The same, later."""
        time.sleep(self._seconds)
        return super().detect(images)


class UnevenDetector(InstantDetector):
    """Takes its time, and more of it for large pictures.

    Args:
        seconds: per batch.
        large_seconds: per batch of pictures that are wider than `LARGE`.
        **arguments: those of Detector.
    """

    LARGE = 400

    def __init__(self, *, seconds: float, large_seconds: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._seconds, self._large_seconds = seconds, large_seconds

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """The same, later."""
        time.sleep(self._large_seconds if images[0].shape[1] > self.LARGE else self._seconds)
        return super().detect(images)


class CountingDetector(InstantDetector):
    """Counts its batches in a file, a byte each.

    Args:
        counter: path of the file.
        seconds: per batch.
        **arguments: those of Detector.
    """

    def __init__(self, *, counter: str, seconds: float = 0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._counter, self._seconds = Path(counter), seconds

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """The same, counted."""
        with self._counter.open("a") as counter:
            counter.write("x")
        time.sleep(self._seconds)
        return super().detect(images)


class HeldDetector(InstantDetector):
    """Counts its batches in a file, a byte each, and can be held.

    Args:
        folder: has the file `counter`. As long as there is a file `hold`, with a number in it, this process goes
            no further than to that batch.
        **arguments: those of Detector.
    """

    def __init__(self, *, folder: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._folder, self._batches = Path(folder), 0

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """The same, counted."""
        self._batches += 1
        with (self._folder / "counter").open("a") as counter:
            counter.write("x")
        while self._is_held():
            time.sleep(0.01)
        return super().detect(images)

    def _is_held(self) -> bool:
        try:
            return self._batches >= int((self._folder / "hold").read_text())
        except FileNotFoundError:
            return False


class FailingDetector(InstantDetector):
    """Fails on the first batches, counted in a file so that the count outlives the process.

    Args:
        how: `raise`, `segfault`, `kill` or `hang`.
        times: how many batches fail.
        counter: path of the file.
        **arguments: those of Detector.
    """

    def __init__(self, *, how: str, times: int, counter: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._how, self._times, self._counter = how, times, Path(counter)

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Fail, or find what InstantDetector finds."""
        failures = len(self._counter.read_text()) if self._counter.exists() else 0
        if failures < self._times:
            with self._counter.open("a") as counter:
                counter.write("x")
            match self._how:
                case "raise":
                    raise RuntimeError("the accelerator is on fire")
                case "segfault":
                    ctypes.string_at(0)
                case "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "hang":
                    time.sleep(3600)
        return super().detect(images)


class NeedyDetector(InstantDetector):
    """Takes an argument of its own, checked."""

    def __init__(self, *, colour: str = "red", **arguments: Any) -> None:
        super().__init__(**arguments)
        if colour not in ("red", "blue"):
            raise ValueError(f"colour: found {colour!r}, valid are red and blue")


class LabelledDetector(InstantDetector):
    """Says what it looks for, as the real ones do."""

    def __init__(self, *, label: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.label = label


class ScoredDetector(LabelledDetector):
    """As sure as it is told, of one box in every image.

    Args:
        score: of all detections.
        **arguments: those of LabelledDetector.
    """

    def __init__(self, *, score: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._score = score

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """One detection per image."""
        return [[Detection(self.label, self._score, Box(0.25, 0.25, 0.75, 0.75))] for _ in images]


class Grey(Check):
    """A check of somebody else's."""

    def __call__(self, value: Any) -> str | None:
        """Valid: a shade of grey."""
        return None if value in ("light", "dark") else "a shade of grey"


class CheckedDetector(InstantDetector):
    """Says how its arguments are checked."""

    checks: ClassVar[Mapping[str, Check]] = {
        **Detector.checks,
        "corners": WholeNumber(1, 9),
        "shade": Grey(),
    }

    def __init__(self, *, corners: int = 4, shade: str = "light", **arguments: Any) -> None:
        super().__init__(**arguments)


class UnloadableDetector(InstantDetector):
    """Its library does not work on this machine."""

    def load(self) -> None:
        """Never."""
        raise RuntimeError("no kernel image is available for execution on the device")


class SleepyDetector(InstantDetector):
    """Takes longer to load than any test lasts."""

    def load(self) -> None:
        """Never done."""
        print("asleep\n", end="", flush=True)  # in one piece
        time.sleep(600)


class TooFewResults(Detector):
    """Breaks the contract: one result, however many images."""

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Always one."""
        return [[]]


class NotADetector:
    """Something else."""
