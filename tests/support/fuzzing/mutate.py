"""One file by a seed and a number: always the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from support.fuzzing.blind import mutate_blindly
from support.fuzzing.boxes import BOXES
from support.fuzzing.ebml import EBML
from support.fuzzing.packets import mutate_gif, mutate_transport_stream
from support.fuzzing.riff import RIFF
from support.fuzzing.tree import mutate_tree

BLIND_SHARE = 0.3

_BY_SUFFIX: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    **dict.fromkeys(("mp4", "mov"), lambda data, chance: mutate_tree(data, BOXES, chance)),
    **dict.fromkeys(("mkv", "webm"), lambda data, chance: mutate_tree(data, EBML, chance)),
    "avi": lambda data, chance: mutate_tree(data, RIFF, chance),
    "ts": mutate_transport_stream,
    "gif": mutate_gif,
}


@dataclass(frozen=True)
class Changed:
    """A file that was changed.

    Attributes:
        origin: the name of the clip that it was.
        data: its content.
    """

    origin: str
    data: bytes


def changed_file(clips: Mapping[str, bytes], seed: int, index: int) -> Changed:
    """The file of a number.

    Args:
        clips: contents by name, of which the suffix tells the container.
        seed: of the whole run.
        index: of the file.
    """
    chance = random.Random(f"{seed}-{index}")
    origin = chance.choice(sorted(clips))
    data = clips[origin]
    with_regard = _BY_SUFFIX[origin.rpartition(".")[2]]
    without = partial(mutate_blindly, others=[clips[name] for name in sorted(clips)])
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        mutate = without if chance.random() < BLIND_SHARE else with_regard
        data = mutate(data, chance=chance) or data
    return Changed(origin, data)
