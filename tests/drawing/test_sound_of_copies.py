"""The sound of the copies that human-detector analyze writes, as ffprobe finds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from human_detector.drawing.copies import write_annotated, write_playable
from support.bombs.making import find
from support.fuzzing.ebml import EBML
from support.fuzzing.tree import DEPTH_READ
from support.media import (
    clip,
    needs_ffmpeg,
    overwrite,
    packet_hashes,
    packet_positions,
    probe_stamps,
    run_ffmpeg,
    sound_onset,
    streams,
)
from support.paths import TESTS

pytestmark = [needs_ffmpeg, pytest.mark.long]

PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2")
BEEP = ("-f", "lavfi", "-i", "aevalsrc='gt(t,1)*0.8*sin(2*PI*440*t)':d=2:s=44100")
"""Silence for a second, then a tone."""
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
NOTHING = {"video": {"fps": 25}, "frames": []}
"""A result without detections."""
FRAME = 0.03  # seconds; about a frame of AAC


def analyze(video: Path, *wishes: str) -> None:
    """As users start it, with a detector that needs no model; writes beside the video."""
    command = [sys.executable, "-m", "human_detector", "analyze", str(video), "--output", str(video.parent)]
    command += ["--detector=support.fake_detectors:InstantDetector", *wishes]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


def annotated(video: Path) -> Path:
    copy = video.with_suffix(".copy.mp4")
    write_annotated(video, NOTHING, copy, lambda _: None, lambda: False)
    return copy


@pytest.mark.parametrize(("name", "codec"), [("v.mp4", "aac"), ("v.avi", "pcm_s16le")])
def test_the_command_keeps_the_sound(name: str, codec: str, tmp_path: Path) -> None:
    video = tmp_path / name
    run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", codec, video)
    analyze(video, "--annotate")
    copy = tmp_path / "v.annotated.mp4"
    assert streams(copy, "a")[0]["codec_name"] == "aac"
    assert sound_onset(copy) == pytest.approx(1, abs=FRAME / 2)
    assert probe_stamps(copy) == pytest.approx([i / 25 for i in range(50)], abs=2e-3)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("v.mp4", "aac"),
        ("v.mkv", "aac"),
        ("v.ts", "aac"),
        ("v.mkv", "libopus"),
        ("v.avi", "libmp3lame"),
        ("v.mp4", "ac3"),
        ("v.mkv", "flac"),
    ],
)
def test_what_an_mp4_may_hold_is_copied(name: str, codec: str, tmp_path: Path) -> None:
    video = tmp_path / name
    run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", codec, video)
    copy = annotated(video)
    (before,), (after,) = streams(video, "a"), streams(copy, "a")
    assert after["codec_name"] == before["codec_name"]
    if name != "v.ts":  # whose packets of AAC carry a header that an MP4 does without
        assert packet_hashes(copy, "a:0") == packet_hashes(video, "a:0")
    assert sound_onset(copy) == pytest.approx(1, abs=FRAME)
    assert float(after["duration"]) == pytest.approx(2, abs=2 * FRAME)
    assert probe_stamps(copy) == pytest.approx([i / 25 for i in range(50)], abs=2e-3)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("v.avi", ("-c:a", "pcm_s16le")),
        ("v.mov", ("-c:a", "pcm_s16be", "-ar", "8000")),
        ("v.avi", ("-c:a", "adpcm_ms")),
        ("v.mkv", ("-c:a", "libvorbis", "-ac", "2")),
        ("v.mkv", ("-c:a", "pcm_s16le", "-ac", "6", "-ar", "96000")),
        ("v.mov", ("-c:a", "pcm_s24le", "-ac", "8")),  # with an order of its own
        ("v.mxf", ("-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ac", "4", "-ar", "48000")),  # with none
    ],
)
def test_other_sound_becomes_aac(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    video = tmp_path / name
    run_ffmpeg(*PICTURES, *BEEP, *H264, *options, video)
    copy = annotated(video)
    (before,), (after,) = streams(video, "a"), streams(copy, "a")
    assert after["codec_name"] == "aac"
    assert after["channels"] == min(before["channels"], 2)
    assert after["sample_rate"] == before["sample_rate"]
    assert sound_onset(copy) == pytest.approx(1, abs=FRAME / 2)
    assert float(after["duration"]) == pytest.approx(2, abs=2 * FRAME)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
@pytest.mark.parametrize("sound_later", [0.4, -0.4])
def test_sound_and_pictures_that_begin_apart_stay_in_step(
    sound_later: float, codec: str, tmp_path: Path
) -> None:
    video = tmp_path / "v.mkv"
    delays = [("-itsoffset", str(max(-sound_later, 0))), ("-itsoffset", str(max(sound_later, 0)))]
    run_ffmpeg(*delays[0], *PICTURES, *delays[1], *BEEP, *H264, "-c:a", codec, video)
    copy = annotated(video)
    assert sound_onset(copy) == pytest.approx(1 + sound_later, abs=FRAME / 2)
    assert sound_onset(copy) == pytest.approx(sound_onset(video), abs=5e-3)
    (after,) = streams(copy, "a")
    assert float(after["start_time"]) == pytest.approx(max(sound_later, 0), abs=FRAME)
    assert float(streams(copy, "v")[0]["start_time"]) == 0


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
@pytest.mark.parametrize("seconds", [0.6, 3.5])
def test_shorter_and_longer_sound_stays_so(seconds: float, codec: str, tmp_path: Path) -> None:
    video = clip(tmp_path / "v.mkv", *H264, "-c:a", codec, frames=50, sound=seconds)
    copy = annotated(video)
    assert float(streams(copy, "a")[0]["duration"]) == pytest.approx(seconds, abs=2 * FRAME)
    assert float(streams(copy, "v")[0]["duration"]) == pytest.approx(2, abs=1e-3)


def test_every_track_is_kept_with_its_language(tmp_path: Path) -> None:
    video = tmp_path / "v.mkv"
    languages = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu")
    tracks = ("-map", "0", "-map", "1", "-map", "1", "-c:a:0", "libvorbis", "-c:a:1", "aac")
    run_ffmpeg(*PICTURES, *BEEP, *tracks, *H264, *languages, video)
    copy = annotated(video)
    found = [(each["codec_name"], each["tags"]["language"]) for each in streams(copy, "a")]
    assert found == [("aac", "eng"), ("aac", "deu")]
    for track in (0, 1):
        assert sound_onset(copy, track) == pytest.approx(1, abs=FRAME / 2)


def test_more_channels_than_have_names_are_left_out(tmp_path: Path) -> None:
    names = [f"[c{i}]" for i in range(9)]
    nine = f"[1:a]asplit=9{''.join(names)};{''.join(names)}amerge=inputs=9[all]"
    video = tmp_path / "v.mov"
    merged = ("-filter_complex", nine, "-map", "0:v", "-map", "[all]", "-c:a", "pcm_s16le")
    run_ffmpeg(*PICTURES, *BEEP, *merged, *H264, video)
    assert len(streams(video, "a")) == 1
    assert streams(annotated(video), "a") == []


def test_a_silent_video_has_a_silent_copy(tmp_path: Path) -> None:
    assert streams(annotated(clip(tmp_path / "v.mp4", frames=10)), "a") == []


@pytest.mark.usefixtures("models")
def test_a_blurred_copy_is_silent(tmp_path: Path) -> None:
    """Voices tell people apart, too."""
    video = clip(tmp_path / "v.mp4", frames=10, sound=1)
    analyze(video, "--blur=faces", "--detector=FaceDetector")
    assert streams(video.with_suffix(".blurred.mp4"), "a") == []


def test_joined_recordings(tmp_path: Path) -> None:
    """Their clock goes back to where it began; the sound goes on as the pictures do."""
    one = tmp_path / "one.ts"
    run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", "aac", one)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    copy = annotated(joined)
    assert float(streams(copy, "a")[0]["duration"]) == pytest.approx(4, abs=0.1)
    assert float(streams(copy, "v")[0]["duration"]) == pytest.approx(4, abs=0.1)
    assert sound_onset(copy) == pytest.approx(1, abs=FRAME)


def test_channels_that_come_and_go(tmp_path: Path) -> None:
    """As television does between a film and its commercials."""
    joined = tmp_path / "joined.ts"
    with joined.open("wb") as parts:
        for channels in ("6", "2", "6"):
            part = tmp_path / "part.ts"
            run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", "ac3", "-ac", channels, part)
            parts.write(part.read_bytes())
    copy = tmp_path / "copy.mp4"
    write_playable(joined, NOTHING, copy, lambda _: None, lambda: False)
    (sound,) = streams(copy, "a")
    assert (sound["codec_name"], sound["channels"]) == ("aac", 2)
    assert float(sound["duration"]) == pytest.approx(6, abs=0.2)


def test_damaged_sound_costs_no_picture(tmp_path: Path) -> None:
    video = tmp_path / "v.mkv"
    run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", "ac3", video)
    positions = packet_positions(video, "a:0")
    damaged = overwrite(
        video, tmp_path / "damaged.mkv", [(at + 40, count - 60) for at, count in positions[5:9]]
    )
    copy = tmp_path / "copy.mp4"
    write_playable(damaged, NOTHING, copy, lambda _: None, lambda: False)
    assert len(probe_stamps(copy)) == 50
    assert streams(copy, "a")[0]["codec_name"] == "aac"
    assert sound_onset(copy) == pytest.approx(1, abs=FRAME)


def damage_sound_of_ts(video: Path, every: int) -> None:
    """Overwrite what is sound in every so many packets of a transport stream."""
    data = bytearray(video.read_bytes())
    places = [
        place for place in range(0, len(data), 188) if data[place + 1] & 0x1F == 1 and data[place + 2] == 1
    ]
    assert len(places) > 20
    for place in places[::every]:
        data[place + 60 : place + 188] = b"\x55" * 128
    video.write_bytes(data)


@pytest.mark.parametrize("every", [1, 3])
def test_sound_that_fits_into_no_copy_is_left_out(tmp_path: Path, every: int) -> None:
    """All of it, so that not even its kind is understood, or packets that an MP4 does not take."""
    video = tmp_path / "v.ts"
    run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", "aac", video)
    damage_sound_of_ts(video, every)
    assert len(probe_stamps(annotated(video))) == 50


def test_a_damaged_set_up_of_sound_costs_no_picture(tmp_path: Path) -> None:
    """An MP4 has it at its end: there it would turn out that it is none."""
    video = tmp_path / "v.mkv"
    run_ffmpeg(*PICTURES, *BEEP, *H264, "-c:a", "flac", video)
    roots = EBML.parse(video.read_bytes(), DEPTH_READ)
    tracks = find(roots, bytes.fromhex("18538067"), bytes.fromhex("1654AE6B")).children or []
    sound = tracks[-1]
    assert find([sound], b"\xae", b"\x86").body == b"A_FLAC"
    set_up = find([sound], b"\xae", bytes.fromhex("63A2"))
    set_up.body = set_up.body[:20]
    video.write_bytes(EBML.render(roots))
    assert len(probe_stamps(annotated(video))) == 50
