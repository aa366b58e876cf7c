"""Small files like those with which tests/fuzz.py has found something that was wrong."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from human_detector.errors import VideoError
from human_detector.video.source import VideoSource
from support.bombs.making import matroska, png
from support.formats import FORMATS
from support.fuzzing.decoder_only import DecoderOnly
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


def test_pictures_with_a_named_colour_profile(tmp_path: Path) -> None:
    """PyAV lists the side data of a frame and frees the name of the profile, and FFmpeg frees it again."""
    profile = (b"iCCP", b"a name\0\0" + zlib.compress(bytes(3000)))
    turned = (b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0")
    path = matroska(tmp_path / "profile.mkv", [png(64, 32, more=[profile, turned])] * 20)
    assert DecoderOnly().judge(path).kind == "done"
    assert read(path)[0][0].image.shape == (64, 32, 3)
