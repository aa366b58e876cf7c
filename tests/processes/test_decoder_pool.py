"""Where decoders come from: a process that is ready to be copied, and copies behind doors without a gap."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from human_detector.analysis.frame_feed import Wanted
from human_detector.errors import DecoderCrashed
from human_detector.processes import decoded_feed, decoder_pool
from human_detector.processes.caged_videos import CagedVideos
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from support import media
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
    assert pool._source
    assert "libseccomp" in Path(f"/proc/{pool._source.pid}/maps").read_text()


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


def test_a_decoder_that_stands_still_ends_with_what_it_comes_from(pool: DecoderPool) -> None:
    """Nor can one that was broken into live on when its worker is gone."""
    decoder = pool.take(wait)
    os.kill(decoder.pid, signal.SIGSTOP)
    pool.stop()
    _await_end(decoder.pid)


def test_a_decoder_is_ended_soon_though_what_it_comes_from_stands_still(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_pool, "ANSWER_SECONDS", 0.5, raising=False)
    decoder = pool.take(wait)
    assert pool._source
    os.kill(pool._source.pid, signal.SIGSTOP)
    began = time.monotonic()
    decoder.end()
    assert time.monotonic() - began < 30, "as long as a decoder may take to start"
    _await_end(decoder.pid)


def test_a_command_gives_a_video_up_whose_decoder_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = media.clip(tmp_path / "clip.mp4")
    monkeypatch.setattr(decoded_feed, "STALL_SECONDS", 0.5)
    videos = CagedVideos(DecoderSettings())
    try:
        with closing(videos.open(clip, Wanted(1.0, 0, [None], held=0), lambda _: None)) as feed:
            assert feed._decoder  # type: ignore[attr-defined]
            os.kill(feed._decoder.pid, signal.SIGSTOP)
            with pytest.raises(DecoderCrashed, match="the decoder gave no sign of life for"):
                list(feed.frames())
    finally:
        videos.close()


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    if survived := _runs(pid):
        os.kill(pid, signal.SIGKILL)
    assert not survived


def _runs(pid: int) -> bool:
    """Whether it is there, and is none that has ended and was not asked for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
