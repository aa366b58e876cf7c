"""Fixtures of the tests of the video room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from human_detector.video import file as video_file
from support.formats import FORMATS
from support.media import NOISE, clip


@pytest.fixture(params=[2, 8], ids=["one thread", "four threads"])
def decoder_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Frames come out in another way where several threads decode, above all around damage."""
    monkeypatch.setattr(video_file, "usable_cores", lambda: request.param)
    return int(request.param // 2)


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a clip of a format by its name: 50 frames of 160x120 at 25 per second."""
    return lambda name: clip(tmp_path / name, *FORMATS[name], frames=50, filters=NOISE)
