"""Changes that know nothing of what is in a file."""

from __future__ import annotations

import random

from support.fuzzing.tree import LARGEST_FILE


def mutate_blindly(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Changes one thing.

    Args:
        data: the file.
        others: files of which a piece may get into it.
        chance: all that is random.
    """
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + int(2 ** chance.uniform(0, 17)))
    piece = data[start:end]
    match chance.randrange(8):
        case 0 | 1:
            return _flip_bits(data, chance)
        case 2:
            return data[:start]
        case 3:
            return data[:start] + data[end:]
        case 4:
            return (data[:start] + piece * chance.choice([2, 3, 100]) + data[end:])[:LARGEST_FILE]
        case 5:
            other = chance.choice(others)
            cut = chance.randrange(len(other) + 1)
            return data[:start] + other[cut : cut + len(piece)] + data[end:]
        case 6:
            return data[:start] + chance.choice(others)
        case _:
            return data[:start] + chance.choice([bytes(len(piece)), b"\xff" * len(piece)]) + data[end:]


def _flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 3, 10, 100, 1000])):
        # The beginning of a file holds more that is believed than the rest.
        place = chance.randrange(min(len(data), chance.choice([64, 1024, len(data)])))
        changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)
