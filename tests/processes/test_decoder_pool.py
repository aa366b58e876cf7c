"""Where decoders come from: a process that is ready to be copied, and copies behind doors without a gap."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from human_detector.processes import decoder_pool
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from support.landlock import needs_landlock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux")


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    """One that insists on the cage."""
    made = DecoderPool(DecoderSettings(cage="required"))
    yield made
    made.stop()


def wait() -> None:
    """Go on waiting."""


def test_what_decoders_are_copies_of_has_all_that_their_doors_need(pool: DecoderPool) -> None:
    """Looking for libseccomp takes longer than all else that is done for a video before it is decoded."""
    pool.require_cage(wait)
    assert pool._process
    assert "libseccomp" in Path(f"/proc/{pool._process.pid}/maps").read_text()


@needs_landlock
def test_a_decoder_lacks_no_part_of_the_cage(pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    checked = decoder_pool.checked
    monkeypatch.setattr(
        decoder_pool, "checked", lambda message, valid: said.append(message) or checked(message, valid)
    )
    decoder = pool.take(wait)
    status = Path(f"/proc/{decoder.pid}/status").read_text().split("\n")
    decoder.end()
    (caged,) = [message for message in said if message["say"] == "caged"]
    assert caged == {"say": "caged", "missing": [], "missing_extras": []}
    assert {"Threads:\t1", "NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000"} <= set(status)
