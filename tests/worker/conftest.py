"""Fixtures of the tests of the worker's room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_clip import sample_clip
from support.fault_proxy import FaultProxy


@pytest.fixture(scope="session")
def clip() -> Path:
    """120 frames, which are 24 batches where every frame is analysed."""
    return sample_clip()


@pytest.fixture
def proxy(aws_endpoint: str) -> Iterator[FaultProxy]:
    """Between a worker and the emulator; without faults until a test picks some."""
    running = FaultProxy(aws_endpoint, lambda _: "none")
    yield running
    running.close()
