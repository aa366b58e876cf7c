"""Frames in memory that decoder and analysis share: where each lies, both compute for themselves.

The memory has slots, one for a frame in all its sizes. Which slots are free, the analysis tells the decoder
over a pipe, two bytes each; the decoder fills them in that order. So the decoder never says where a frame
lies, and nothing that it writes into the memory is read as anything but pixels.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import struct
import sys
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from human_detector.analysis.frame_feed import Size
from human_detector.processes.wire import ChannelClosed
from human_detector.values import Image, ScaledImage

MOST_SLOTS = 4096
RING_BYTES = 1 << 30
"""What the slots may take together, as long as there are at least `FEWEST_SLOTS`."""
FEWEST_SLOTS = 4
_ALIGNMENT = 64
_SLOT_NUMBER = struct.Struct(">H")

Pictures = Mapping[Size, Image | ScaledImage]


class SlotLayout:
    """Where the pictures of one frame lie in its slot.

    Args:
        sizes: that are wanted, each once.
        width: pixels of the video's frames.
        height: pixels of the video's frames.
    """

    def __init__(self, sizes: Sequence[Size], width: int, height: int) -> None:
        self._parts: list[tuple[Size, int, tuple[int, int, int], type[np.generic]]] = []
        end = 0
        for size in sizes:
            rows, columns = size or (height, width)
            kind = np.float32 if size else np.uint8
            self._parts.append((size, end, (rows, columns, 3), kind))
            bytes_taken = rows * columns * 3 * np.dtype(kind).itemsize
            end += math.ceil(bytes_taken / _ALIGNMENT) * _ALIGNMENT
        self.slot_bytes = end

    def slots(self, wanted: int) -> int:
        """How many slots there are where that many are wanted."""
        most = min(MOST_SLOTS, RING_BYTES // self.slot_bytes)
        return max(FEWEST_SLOTS, min(wanted, most))

    def pictures(self, slot: NDArray[np.uint8]) -> dict[Size, NDArray[np.generic]]:
        """The pictures in the bytes of a slot, as views."""
        return {
            size: slot[start : start + math.prod(shape) * np.dtype(kind).itemsize].view(kind).reshape(shape)
            for size, start, shape, kind in self._parts
        }


class FrameRing:
    """The analysis' side: makes the memory, and hands out what the decoder has filled.

    Args:
        layout: of the slots.
        wanted_slots: how many would be good to have.

    Attributes:
        slots: how many there are.
        memory: descriptor of the memory, for the decoder.
        free_slots: descriptor of the pipe's other end, for the decoder.
    """

    def __init__(self, layout: SlotLayout, wanted_slots: int) -> None:
        self._layout = layout
        self.slots = layout.slots(wanted_slots)
        size = self.slots * layout.slot_bytes
        self.memory = _shared_memory(size)
        self._map = memoryview(mmap.mmap(self.memory, size))
        self.free_slots, self._announce = os.pipe()
        os.set_blocking(self._announce, False)
        self._lock = threading.Lock()
        self._with_decoder: deque[int] = deque()
        self._returned: deque[int] = deque()
        self._closed = False
        for slot in range(self.slots):
            self._free(slot)

    def take(self) -> Pictures:
        """The frame that the decoder says to have written; whether it has, is its own affair.

        The slot is the decoder's again once nothing refers to the pictures any more. Where it would have no
        other slot left, as with a detector that keeps its pictures, the caller gets a copy.
        """
        slot = self._with_decoder.popleft()
        start = slot * self._layout.slot_bytes
        # An array of its own for each frame: NumPy has the views of an array refer to that array.
        pixels = np.frombuffer(self._map[start : start + self._layout.slot_bytes], np.uint8)
        if len(self._with_decoder) <= 1:
            pictures = {size: view.copy() for size, view in self._layout.pictures(pixels).items()}
            self._free(slot)
            return pictures  # type: ignore[return-value]
        weakref.finalize(pixels, self._free, slot).atexit = False
        return self._layout.pictures(pixels)  # type: ignore[return-value]

    def close(self) -> None:
        """Close the descriptors; the memory goes with the last picture."""
        with self._lock:
            self._closed = True
        for descriptor in (self.memory, self.free_slots, self._announce):
            os.close(descriptor)

    def _free(self, slot: int) -> None:
        """Tell the decoder that a slot is free; from any thread, and even from within another call."""
        self._returned.append(slot)
        # Whoever has the lock announces what the others have returned: a slot must be noted and announced in
        # the same order, and a garbage collection must not wait for the thread that it runs in.
        while self._returned and self._lock.acquire(blocking=False):
            try:
                while self._returned and not self._closed:
                    self._announce_one(self._returned.popleft())
            finally:
                self._lock.release()
            if self._closed:
                return

    def _announce_one(self, slot: int) -> None:
        self._with_decoder.append(slot)
        # The decoder may be gone. Or it says to have written frames without having asked for room: a pipe
        # takes 64 KiB, and there are not that many slots. Then it does not hear of this one.
        with suppress(BrokenPipeError, BlockingIOError):
            os.write(self._announce, _SLOT_NUMBER.pack(slot))


class RingWriter:
    """The decoder's side: room for the next frame.

    Args:
        layout: of the slots.
        slots: how many.
        memory: descriptor of the memory.
        free_slots: descriptor that tells which slots are free.
    """

    def __init__(self, layout: SlotLayout, slots: int, memory: int, free_slots: int) -> None:
        self._layout = layout
        self._map = mmap.mmap(memory, slots * layout.slot_bytes)
        self._free_slots = free_slots

    def room(self) -> dict[Size, NDArray[np.generic]]:
        """Wait for a slot; where its pictures go.

        Raises:
            ChannelClosed: nobody wants a frame any more.
        """
        number = os.read(self._free_slots, _SLOT_NUMBER.size)
        if not number:
            raise ChannelClosed
        start = _SLOT_NUMBER.unpack(number)[0] * self._layout.slot_bytes
        return self._layout.pictures(np.frombuffer(self._map, np.uint8, self._layout.slot_bytes, start))


def _shared_memory(size: int) -> int:
    """Memory behind a descriptor; it takes room only where it is written to, and on Linux keeps its size."""
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
        os.ftruncate(memory, size)
        return memory
    memory = os.memfd_create("human-detector-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, size)
    # Whoever reads where a file does not reach any more is killed (SIGBUS).
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return memory
