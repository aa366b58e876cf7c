"""What is no tree: transport streams (packets of 188 bytes) and GIF (fixed places and blocks)."""

from __future__ import annotations

import random

from support.fuzzing.tree import LARGEST_FILE, put_number

_PACKET = 188
_WHERE_NUMBERS_ARE = 40
"""Bytes at the beginning of a packet: its header, the clock, the header of a frame with its stamps."""


def mutate_transport_stream(data: bytes, chance: random.Random) -> bytes:
    """Changes packets, or their order."""
    packets = [data[i : i + _PACKET] for i in range(0, len(data), _PACKET)]
    first = chance.randrange(len(packets))
    last = min(len(packets), first + chance.choice([1, 1, 5, 50]))
    match chance.randrange(6):
        case 0:
            del packets[first:last]
        case 1:
            packets[first:first] = packets[first:last] * chance.choice([1, 2, 100])
        case 2:
            chance.shuffle(packets)
        case 3:
            packets[first:last] = reversed(packets[first:last])
        case _:
            # The tables are at the beginning; a clock or a stamp is in every few packets.
            for index in (chance.randrange(min(8, len(packets))), first):
                offset = chance.randrange(1, _WHERE_NUMBERS_ARE)
                packets[index] = put_number(packets[index], offset, chance.choice([1, 2, 4]), "big", chance)
    return b"".join(packets)[:LARGEST_FILE]


def mutate_gif(data: bytes, chance: random.Random) -> bytes:
    """Changes the size of the picture or of a frame, a time, or the length of a block."""
    places = [(6, 2), (8, 2), (10, 1), (11, 1)]  # width, height, colours, background
    places += [
        (i + offset, 2) for i in _find(data, b"\x21\xf9\x04") for offset in (3, 4)
    ]  # delay and disposal
    # A frame: left, top, width, height, colours, size of codes, length of its first block.
    places += [(i + 1 + offset, 2) for i in _find(data, b"\x2c\0\0\0\0") for offset in (0, 2, 4, 6, 8, 9)]
    offset, size = chance.choice(places)
    return put_number(data, offset, size, "little", chance)


def _find(data: bytes, wanted: bytes) -> list[int]:
    found, position = [], data.find(wanted)
    while position >= 0:
        found.append(position)
        position = data.find(wanted, position + 1)
    return found
