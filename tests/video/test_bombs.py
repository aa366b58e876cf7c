"""Small files that ask for a lot end in their time and memory, with a sentence. `python tests/bombs.py` has figures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from support.bombs.catalogue import BOMBS, Bomb
from support.fuzzing.decoder_only import DecoderOnly
from support.media import needs_ffmpeg

pytestmark = [
    needs_ffmpeg,
    pytest.mark.long,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits a process in its memory"),
]

MOST_MEMORY_MB = 700


def test_the_bound_is_that_of_the_video_alone(tmp_path: Path) -> None:
    had = np.empty(
        1 << 29
    )  # 4 GiB of addresses in a test's process, such as the libraries of earlier tests, count for nothing
    ending = DecoderOnly().judge(BOMBS[0].make(tmp_path))
    assert had.nbytes == 4 << 30
    assert not BOMBS[0].problems(ending)
    assert ending.memory_mb < MOST_MEMORY_MB


@pytest.mark.parametrize("bomb", [bomb for bomb in BOMBS if not bomb.is_large], ids=lambda bomb: bomb.name)
def test_what_asks_for_a_lot_gets_a_bounded_part_of_it(tmp_path: Path, bomb: Bomb) -> None:
    ending = DecoderOnly().judge(bomb.make(tmp_path))
    assert not bomb.problems(ending)
    assert ending.memory_mb < MOST_MEMORY_MB
