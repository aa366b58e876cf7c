"""Memory that two processes share: a slot is used again when nobody looks at it any more, and never before."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from human_detector.processes.ring import (
    FEWEST_SLOTS,
    MOST_SLOTS,
    RING_BYTES,
    FrameRing,
    RingWriter,
    SlotLayout,
)

LAYOUT = SlotLayout([None, (4, 5)], width=7, height=3)


@pytest.fixture
def ring() -> Iterator[tuple[FrameRing, RingWriter]]:
    """Both sides, of few slots."""
    reader = FrameRing(LAYOUT, FEWEST_SLOTS)
    yield reader, RingWriter(LAYOUT, reader.slots, os.dup(reader.memory), os.dup(reader.free_slots))
    reader.close()


def write(writer: RingWriter, number: int) -> None:
    room = writer.room()
    room[None][...] = number
    room[4, 5][...] = number + 0.5


def test_pictures_arrive_as_they_were_written(ring: tuple[FrameRing, RingWriter]) -> None:
    reader, writer = ring
    for number in range(3 * FEWEST_SLOTS):
        write(writer, number)
        pictures = reader.take()
        assert pictures[None].shape == (3, 7, 3)
        assert pictures[None].dtype == np.uint8
        assert pictures[4, 5].dtype == np.float32
        assert np.all(pictures[None] == number)
        assert np.all(pictures[4, 5] == number + 0.5)


def test_what_is_kept_stays_as_it_is(ring: tuple[FrameRing, RingWriter]) -> None:
    reader, writer = ring
    kept = []
    for number in range(20):
        write(writer, number)
        kept.append(reader.take()[4, 5][1:3])  # a view of a view
        gc.collect()
    assert [float(picture.mean()) for picture in kept] == [number + 0.5 for number in range(20)]


def test_a_slot_is_free_once_nobody_looks_at_it(ring: tuple[FrameRing, RingWriter]) -> None:
    reader, writer = ring
    assert reader.slots == FEWEST_SLOTS
    os.set_blocking(writer._free_slots, False)
    for _ in range(FEWEST_SLOTS):
        write(writer, 1)
    with pytest.raises(BlockingIOError):
        writer.room()
    pictures = reader.take()
    part = pictures[None][0]
    del pictures
    with pytest.raises(BlockingIOError):
        writer.room()
    del part
    writer.room()


def test_pictures_outlive_the_ring() -> None:
    reader = FrameRing(LAYOUT, FEWEST_SLOTS)
    writer = RingWriter(LAYOUT, reader.slots, os.dup(reader.memory), os.dup(reader.free_slots))
    write(writer, 9)
    pictures = reader.take()
    reader.close()
    assert np.all(pictures[None] == 9)
    del pictures  # and nothing is written to a descriptor that may be another's by now


@pytest.mark.skipif(sys.platform != "linux", reason="only there memory can be sealed")
def test_nobody_can_cut_the_memory_off(ring: tuple[FrameRing, RingWriter]) -> None:
    reader, _ = ring
    for size in (0, 1 << 30):
        with pytest.raises(PermissionError):
            os.ftruncate(reader.memory, size)


def test_frames_that_nobody_asked_room_for_hold_nobody_up(ring: tuple[FrameRing, RingWriter]) -> None:
    """More than a pipe takes: whoever waits here for a decoder that does not read waits for ever."""
    reader, _ = ring
    for _ in range(40_000):
        reader.take()


@pytest.mark.parametrize(
    ("side", "wanted", "slots"),
    [(10, 2, FEWEST_SLOTS), (10, 100, 100), (10, 10**6, MOST_SLOTS), (10_000, 100, FEWEST_SLOTS)],
)
def test_how_many_slots_there_are(side: int, wanted: int, slots: int) -> None:
    layout = SlotLayout([None], side, side)
    assert layout.slots(wanted) == slots
    assert slots in (FEWEST_SLOTS, MOST_SLOTS, wanted)
    assert slots == FEWEST_SLOTS or slots * layout.slot_bytes <= RING_BYTES
