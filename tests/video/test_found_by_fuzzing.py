"""Small files like those with which tests/fuzz.py has found something that was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.errors import VideoError
from human_detector.video.source import VideoSource
from support.formats import FORMATS
from support.media import clip, needs_ffmpeg, put
from support.reading import read

pytestmark = needs_ffmpeg


def test_a_stream_that_appears_in_the_middle(tmp_path: Path) -> None:
    """FFmpeg looks at the first 5 MB and at the end; PyAV fails after the last packet, for what lies between."""
    intra = ("-c:v", "mpeg2video", "-q:v", "1", "-g", "1")
    large = clip(tmp_path / "large.ts", *intra, size="640x480", frames=13, filters="noise=alls=90:allf=t")
    other = clip(tmp_path / "other.ts", *intra, "-streamid", "0:600", "-streamid", "1:601", sound=1)
    data = large.read_bytes()
    assert len(data) > 5_000_000
    (tmp_path / "appears.ts").write_bytes(data + other.read_bytes() + data[-1_500_000:])
    with VideoSource(tmp_path / "appears.ts") as video:
        assert len(video._file.container.streams) == 1
        assert len(list(video.frames())) >= 15
    assert video.progress == 1.0


def test_an_index_that_claims_to_be_endless(tmp_path: Path) -> None:
    """FFmpeg asks for the memory before it looks whether the file is that long."""
    path = clip(tmp_path / "whole.mp4", *FORMATS["h264.mp4"])
    count = path.read_bytes().index(b"stts") + 8
    with pytest.raises(VideoError) as error:
        read(put(path, tmp_path / "endless.mp4", count, b"\xff" * 4))
    assert str(error.value) == (
        "the file is damaged, has more than 1000 tracks, or its index needs more memory than"
        " worker.decoder_memory_mb allows"
    )
