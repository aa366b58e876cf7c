"""Reading videos: stamps, pixels, rotation, damage, errors. What ffprobe and ffmpeg say is the reference."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import numpy as np
import pytest
from av.packet import Packet
from av.stream import Stream

from human_detector.analysis.sampling import FrameSampler
from human_detector.errors import VideoError
from human_detector.values import VideoInfo
from human_detector.video import file as video_file
from human_detector.video.file import VideoFile
from human_detector.video.frame_converter import FrameConverter
from human_detector.video.integrity import IntegrityCheck
from human_detector.video.source import Frame, VideoSource
from human_detector.video.timestamps import Timestamps
from support.media import (
    NOISE,
    clip,
    cut,
    ffmpeg_image,
    needs_ffmpeg,
    overwrite,
    packet_positions,
    probe_stamps,
    run_ffmpeg,
    set_display_matrix,
    set_exif_orientation,
)

pytestmark = needs_ffmpeg

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=none")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
UNEVEN = ("-vf", "select='lt(n,20)+gt(n,30)*not(mod(n,3))'", "-vsync", "vfr")

# name: options of the output
FORMATS: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*H264, "-bf", "3"),
    "h264.mov": H264,
    "h264.mkv": H264,
    "h264.avi": H264,
    "h264.ts": H264,
    "fragmented.mp4": (*H264, "-g", "10", "-movflags", "frag_keyframe+empty_moov"),
    "hevc.mp4": (*HEVC, "-pix_fmt", "yuv420p"),
    "hevc_10_bit.mkv": (*HEVC, "-pix_fmt", "yuv420p10le"),
    "vp8.webm": ("-c:v", "libvpx", "-pix_fmt", "yuv420p", "-auto-alt-ref", "1"),
    "vp9.webm": (*VP9, "-pix_fmt", "yuv420p"),
    "vp9_alpha.webm": (*VP9, "-pix_fmt", "yuva420p"),
    "av1.mp4": ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "mpeg2.ts": ("-c:v", "mpeg2video"),
    "mpeg2.mpg": ("-c:v", "mpeg2video"),
    "interlaced.ts": (
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-flags",
        "+ildct+ilme",
        "-x264opts",
        "tff=1",
    ),
    "prores.mov": ("-c:v", "prores"),
    "grey.mkv": ("-c:v", "ffv1", "-pix_fmt", "gray"),
    "rgb.mkv": ("-c:v", "ffv1", "-pix_fmt", "bgr0"),
    "flash.flv": ("-c:v", "flv"),
    "raw.h264": H264,
    "raw.hevc": HEVC,
    "animation.gif": (),
    "uneven.mp4": (*H264, *UNEVEN, "-bf", "2"),
    "uneven.mkv": (*H264, *UNEVEN, "-bf", "2"),
    "uneven.avi": ("-c:v", "mpeg4", *UNEVEN),
}


# Without B-frames. One that is damaged may be handed out by one decoder thread before another has marked it.
IN_ORDER = (*H264, "-bf", "0")


@pytest.fixture(autouse=True, params=[2, 8], ids=["one thread", "four threads"])
def decoder_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Frames come out in another way where several threads decode, above all around damage."""
    monkeypatch.setattr(video_file, "usable_cores", lambda: request.param)
    return int(request.param // 2)


@pytest.fixture(scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def sample(media_folder: Path) -> Callable[[str], Path]:
    """Makes a clip of a format, once per run."""

    def make(name: str) -> Path:
        path = media_folder / name
        return path if path.exists() else clip(path, *FORMATS[name], frames=50, filters=NOISE)

    return make


def read(path: Path) -> tuple[list[Frame], VideoInfo]:
    with VideoSource(path) as video:
        frames = list(video.frames())
    return frames, video.info()


def stamps(frames: list[Frame]) -> list[float]:
    return [frame.timestamp for frame in frames]


def assert_same_stamps(found: list[float], expected: list[float | None]) -> None:
    assert len(found) == len(expected)
    for index, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        assert theirs is None or abs(ours - theirs) < 0.001, f"frame {index}: {ours} and not {theirs}"


# Healthy files


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_of_every_format(name: str, sample: Callable[[str], Path]) -> None:
    path = sample(name)
    frames, info = read(path)
    expected = probe_stamps(path)

    assert [frame.index for frame in frames] == list(range(len(expected)))
    assert_same_stamps(stamps(frames), expected)
    for frame in frames:
        assert frame.image.shape == (120, 160, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
    assert (info.width, info.height, info.frame_count) == (160, 120, len(expected))
    assert info.complete
    assert info.fps == pytest.approx((len(frames) - 1) / frames[-1].timestamp)
    assert 0.03 < info.duration - frames[-1].timestamp < 0.13
    if "uneven" not in name:
        assert info.frame_count == 50
        assert info.fps == pytest.approx(25)
        assert info.duration == pytest.approx(2)


def test_facts_as_they_stand_in_the_result_file(sample: Callable[[str], Path]) -> None:
    _, info = read(sample("h264.mp4"))
    assert json.loads(json.dumps(info.to_dict())) == {
        "width": 160,
        "height": 120,
        "fps": pytest.approx(25),
        "duration": pytest.approx(2),
        "frame_count": 50,
        "complete": True,
    }


def test_progress_and_facts_while_reading(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4")) as video:
        assert (video.progress, video.info().frame_count, video.info().duration) == (0, 0, 0)
        seen = []
        for frame in video.frames():
            seen.append(video.progress)
            assert video.info().frame_count == frame.index + 1
        assert seen == sorted(seen)
        assert len(set(seen)) > 30
        assert 0 < seen[0] < 0.5
        assert video.progress == 1.0
    assert video.progress == 1.0


def test_progress_never_falls(sample: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound and pictures may lie far apart, so that the reading position jumps. Here it goes backwards."""
    in_order = VideoFile.packets
    monkeypatch.setattr(VideoFile, "packets", lambda file: reversed(list(in_order(file))))
    with VideoSource(sample("mjpeg.avi")) as video:
        seen = [video.progress for _ in video.frames()]
    assert len(seen) == 50
    assert seen == sorted(seen)
    assert seen[0] > 0.9


@pytest.mark.parametrize("suffix", ["mkv", "avi", "mp4"])
def test_a_stream_that_is_shorter_than_its_sound(tmp_path: Path, suffix: str) -> None:
    _, info = read(clip(tmp_path / f"sound.{suffix}", *H264, sound=8))
    assert info.complete
    assert info.duration == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("one_pixel.mkv", ("-c:v", "ffv1", "-vf", "scale=1:1,format=yuv420p")),
        ("one_pixel.avi", ("-c:v", "rawvideo", "-vf", "scale=1:1,format=bgr24")),
        ("odd.mkv", ("-c:v", "ffv1", "-vf", "scale=35:17,format=yuv420p")),
        ("odd.webm", (*VP9, "-vf", "scale=35:17,format=yuv420p")),
        ("odd.mp4", ("-c:v", "libx264", "-vf", "scale=35:17,format=yuv444p")),
        ("picture.png", ("-frames:v", "1")),
        ("picture.jpg", ("-frames:v", "1")),
        ("transparent.gif", ("-vf", "format=rgba,colorchannelmixer=aa=0.4")),
        ("wide_pixels.mp4", (*H264, "-vf", "setsar=2/1")),
    ],
)
def test_unusual_pictures(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    path = clip(tmp_path / name, *output, frames=5)
    frames, info = read(path)
    size = (1, 1) if "one_pixel" in name else (35, 17) if "odd" in name else (160, 120)
    assert (info.width, info.height) == size
    assert info.complete
    assert len(frames) == (1 if "picture" in name else 5)
    assert frames[0].timestamp == 0
    if "transparent" not in name:
        difference = np.abs(frames[0].image.astype(int) - ffmpeg_image(path, *size))
        assert difference.mean() < 3, "the first frame looks different"


def test_8k(tmp_path: Path) -> None:
    path = clip(tmp_path / "8k.mp4", *H264, "-preset", "ultrafast", size="7680x4320", frames=2)
    frames, info = read(path)
    assert [frame.image.shape for frame in frames] == [(4320, 7680, 3)] * 2
    assert info.complete


def test_a_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    picture = clip(tmp_path / "cover.jpg", "-frames:v", "1", size="600x400")
    video = clip(tmp_path / "plain.mp4", *H264, sound=1)
    path = tmp_path / "covered.mp4"
    run_ffmpeg(
        *(
            "-i",
            picture,
            "-i",
            video,
            "-map",
            "0",
            "-map",
            "1",
            "-c",
            "copy",
            "-disposition:v:0",
            "attached_pic",
        ),
        path,
    )
    frames, info = read(path)
    assert (info.width, info.height, len(frames)) == (160, 120, 25)
    assert info.complete


def test_a_single_frame_takes_its_rate_from_the_stream(tmp_path: Path) -> None:
    _, info = read(clip(tmp_path / "one.mkv", "-c:v", "ffv1", frames=1, rate=10))
    assert info.fps == pytest.approx(10)
    assert info.duration == pytest.approx(0.1)


def test_two_sources_at_once(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4")) as one, VideoSource(sample("h264.mkv")) as two:
        for a, b in zip(one.frames(), two.frames(), strict=True):
            assert a.timestamp == pytest.approx(b.timestamp, abs=0.001)


# Sampling


def test_only_sampled_frames_are_converted(
    sample: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = 0
    original = FrameConverter.convert

    def count(self: FrameConverter, frame: av.VideoFrame) -> object:
        nonlocal converted
        converted += 1
        return original(self, frame)

    path = sample("h264.mp4")
    every, _ = read(path)
    monkeypatch.setattr(FrameConverter, "convert", count)
    with VideoSource(path, is_sampled=FrameSampler(0.2).is_sampled) as video:
        some = list(video.frames())
    assert [frame.index for frame in some] == list(range(0, 50, 5))
    assert converted == 10
    for frame in some:
        assert frame.timestamp == every[frame.index].timestamp
        assert np.array_equal(frame.image, every[frame.index].image)
    assert video.info().frame_count == 50


def test_facts_where_no_frame_is_sampled(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4"), is_sampled=lambda index: False) as video:
        assert list(video.frames()) == []
    assert (video.info().width, video.info().height, video.info().frame_count) == (160, 120, 50)


def test_half_of_the_cores_decode(sample: Callable[[str], Path], decoder_threads: int) -> None:
    with VideoFile(sample("h264.mp4")) as file:
        assert len(list(file.container.decode(file.stream))) == 50
        context = file.stream.codec_context
        assert (context.thread_type.name, context.thread_count) == ("AUTO", decoder_threads)


@pytest.mark.parametrize("name", ["long.mp4", "long.avi"])
def test_memory_does_not_grow_with_the_length(tmp_path: Path, name: str) -> None:
    """Without stamps, as in AVI, FFmpeg must not look for them through the whole file either."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("there is no /proc to read the memory from")
    path = clip(tmp_path / name, *H264, "-preset", "ultrafast", size="640x480", frames=400, filters=NOISE)
    resident = []
    with VideoSource(path) as video:
        for frame in video.frames():
            if frame.index >= 50:
                resident.append(int(statm.read_text().split()[1]) * 4096)
    assert len(resident) == 350  # which have 350 * 0.92 MB as RGB, 70 MB as packets
    assert max(resident) - resident[0] < 30e6


@pytest.mark.parametrize(
    "output",
    [
        H264,
        ("-c:v", "png", "-pix_fmt", "rgb24"),
        ("-c:v", "qtrle", "-pix_fmt", "rgb24"),
    ],
)
def test_images_belong_to_the_caller(tmp_path: Path, output: tuple[str, ...]) -> None:
    """A caller may draw on an image: the next frames stay as they are, also where a decoder works in RGB."""
    path = clip(tmp_path / "film.mov", *output, size="64x48")  # rows without padding need no copy
    expected, _ = read(path)
    with VideoSource(path) as video:
        for frame in video.frames():
            assert np.array_equal(frame.image, expected[frame.index].image)
            frame.image[:] = 0
    assert expected[0].image.any()


# Pixels


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("plain.mp4", ("-pix_fmt", "yuv420p")),
        ("bt709.mp4", ("-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_range", "tv")),
        ("full.mp4", ("-pix_fmt", "yuvj420p")),
        ("chroma.mp4", ("-pix_fmt", "yuv444p")),
    ],
)
def test_the_same_pixels_as_opencv(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    cv2 = pytest.importorskip("cv2")
    if int(cv2.__version__.split(".")[0]) < 5:
        pytest.skip("OpenCV before 5 ignores the colour matrix")
    path = clip(tmp_path / name, "-c:v", "libx264", *output, size="176x144")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames, _ = read(path)
    for frame in frames:
        assert np.array_equal(frame.image, capture.read()[1][..., ::-1])
    assert not capture.read()[0]


def test_red_is_the_first_channel(tmp_path: Path) -> None:
    path = clip(tmp_path / "red.mp4", *H264, filters="drawbox=color=red:thickness=fill", frames=2)
    assert read(path)[0][0].image[60, 80].tolist() == pytest.approx([254, 0, 0], abs=3)


def quadrants(path: Path) -> Path:
    """Red, green, blue and white quarters: no turn and no mirroring looks like another."""
    boxes = [
        f"drawbox=x={x}:y={y}:w=48:h=32:color={color}:thickness=fill"
        for x, y, color in [(0, 0, "red"), (48, 0, "green"), (0, 32, "blue"), (48, 32, "white")]
    ]
    return clip(
        path, *(() if path.suffix == ".jpg" else H264), size="96x64", frames=1, filters=",".join(boxes)
    )


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        pytest.param((1, 0, 0, 1), "red", id="upright"),
        pytest.param((0, 1, -1, 0), "blue", id="90 clockwise"),
        pytest.param((-1, 0, 0, -1), "white", id="180"),
        pytest.param((0, -1, 1, 0), "green", id="90 counter-clockwise"),
        pytest.param((-1, 0, 0, 1), "green", id="mirrored"),
        pytest.param((1, 0, 0, -1), "blue", id="upside down"),
        pytest.param((0, 1, 1, 0), "red", id="mirrored and turned"),
        pytest.param((0, -1, -1, 0), "white", id="mirrored and turned the other way"),
    ],
)
def test_rotation(tmp_path: Path, matrix: tuple[int, int, int, int], corner: str) -> None:
    path = set_display_matrix(quadrants(tmp_path / "source.mp4"), tmp_path / "turned.mp4", matrix)
    frames, info = read(path)
    size = (64, 96) if matrix[0] == 0 else (96, 64)
    assert (info.width, info.height) == size
    image = frames[0].image
    assert image.shape == (size[1], size[0], 3)
    assert image.flags.c_contiguous
    colors = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
    assert image[8, 8].tolist() == pytest.approx(colors[corner], abs=6)
    difference = np.abs(image.astype(int) - ffmpeg_image(path, *size))
    assert difference.mean() < 3, "ffmpeg shows it another way round"


def test_rotation_of_a_photo(tmp_path: Path) -> None:
    path = set_exif_orientation(quadrants(tmp_path / "source.jpg"), tmp_path / "turned.jpg", 6)
    frames, info = read(path)
    assert (info.width, info.height) == (64, 96)
    difference = np.abs(frames[0].image.astype(int) - ffmpeg_image(path, 64, 96))
    assert difference.mean() < 3


def test_a_change_of_size_in_the_middle(tmp_path: Path) -> None:
    small = clip(tmp_path / "small.h264", *H264, size="64x48", frames=10)
    large = clip(tmp_path / "large.h264", *H264, size="128x96", frames=10)
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    frames, info = read(path)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 20
    assert (info.width, info.height) == (64, 48)
    # Both show the same pattern, so a scaled frame of the second part resembles the small one.
    assert np.abs(frames[10].image.astype(int) - ffmpeg_image(large, 128, 96)[::2, ::2]).mean() < 20


# Time stamps


def test_stamps_count_from_the_first_frame(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    path = tmp_path / "delayed.mp4"
    run_ffmpeg("-itsoffset", "1.5", "-i", sample("h264.mp4"), "-c", "copy", path)
    frames, info = read(path)
    assert_same_stamps(stamps(frames), probe_stamps(path))
    assert (frames[0].timestamp, frames[1].timestamp) == (0, 0.04)
    assert info.complete
    assert info.duration == pytest.approx(2)


def test_edit_list(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    """A copy that starts in the middle keeps frames that are not to be shown."""
    path = tmp_path / "trimmed.mp4"
    run_ffmpeg("-ss", "0.6", "-i", sample("h264.mp4"), "-c", "copy", path)
    frames, info = read(path)
    assert len(frames) == 35
    assert_same_stamps(stamps(frames), probe_stamps(path))
    assert info.complete


def test_no_stamps_at_all(sample: Callable[[str], Path]) -> None:
    path = sample("raw.h264")
    assert set(probe_stamps(path)) == {None}
    assert stamps(read(path)[0]) == pytest.approx([index / 25 for index in range(50)])


def test_joined_recordings(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    """The second part of a TS file starts its clock anew: time goes on."""
    part = sample("mpeg2.ts").read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(part + part)
    found = stamps(read(path)[0])
    assert len(found) == 100
    assert found == pytest.approx([index / 25 for index in range(100)], abs=0.05)


def test_timeline_without_stamps() -> None:
    timeline = Timestamps(10)
    assert [timeline.add(None, 0) for _ in range(3)] == pytest.approx([0, 0.1, 0.2])
    assert (timeline.fps, timeline.duration) == (pytest.approx(10), pytest.approx(0.3))


def test_timeline_with_a_missing_stamp() -> None:
    timeline = Timestamps(None)
    assert [timeline.add(stamp, 0.04) for stamp in (7, 7.04, None, 7.12)] == pytest.approx(
        [0, 0.04, 0.08, 0.12]
    )


def test_timeline_with_a_late_first_stamp() -> None:
    timeline = Timestamps(25)
    assert [timeline.add(stamp, 0) for stamp in (None, 9.0, 9.1)] == pytest.approx([0, 0.04, 0.14])


def test_timeline_never_goes_back() -> None:
    timeline = Timestamps(25)
    assert [timeline.add(stamp, 0.1) for stamp in (5, 5.1, 5.05, 5.2)] == pytest.approx([0, 0.1, 0.1, 0.2])
    assert timeline.add(0, 0.1) == pytest.approx(0.3), "a large step back is another recording"
    assert timeline.add(0.1, 0.1) == pytest.approx(0.4)


@pytest.mark.parametrize("rate", [None, 0, -1, 90000, math.nan, math.inf])
def test_timeline_with_a_senseless_rate(rate: float | None) -> None:
    timeline = Timestamps(rate)
    assert (timeline.fps, timeline.duration) == (0, 0)
    assert [timeline.add(None, 0), timeline.add(None, 0)] == [0, 0]
    assert (timeline.fps, timeline.duration) == (0, 0)


def test_timeline_does_not_believe_a_frame_of_hours() -> None:
    timeline = Timestamps(25)
    timeline.add(0, 0.04)
    timeline.add(0.04, 90_000)
    assert timeline.duration == pytest.approx(0.08)


# Damage


def one_by_one(path: Path) -> int:
    """Decodes without frame threads, where no frame hides behind a damaged one; returns the number of frames."""
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        for packet in container.demux(stream):
            try:
                count += len(stream.decode(packet))
            except av.FFmpegError:
                continue
    return count


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("h264.mp4", (*H264, "-movflags", "+faststart")),
        ("hevc.mp4", (*HEVC, "-pix_fmt", "yuv420p", "-movflags", "+faststart")),
        ("fragmented.mp4", FORMATS["fragmented.mp4"]),
        *[
            (name, FORMATS[name])
            for name in (
                "h264.mkv",
                "hevc_10_bit.mkv",
                "vp8.webm",
                "vp9.webm",
                "h264.ts",
                "mpeg2.ts",
                "mjpeg.avi",
            )
        ],
        ("hevc.ts", HEVC),
        ("raw.h264", IN_ORDER),
        ("animation.gif", ()),
    ],
)
@pytest.mark.parametrize("share", [0.6, 0.9])
def test_a_file_that_was_cut_off(tmp_path: Path, name: str, output: tuple[str, ...], share: float) -> None:
    path = cut(clip(tmp_path / name, *output, frames=50, filters=NOISE), tmp_path / f"cut_{name}", share)
    frames, info = read(path)
    assert not info.complete
    assert 0 < len(frames) < 50
    assert len(frames) == info.frame_count == one_by_one(path)
    assert stamps(frames) == sorted(stamps(frames))


@pytest.mark.parametrize("damaged", [25, 48, 49])
def test_all_frames_around_an_undecodable_one_without_stamps(tmp_path: Path, damaged: int) -> None:
    whole = clip(tmp_path / "whole.h264", *IN_ORDER, frames=50, filters=NOISE)
    position, _ = packet_positions(whole)[damaged]
    data = bytearray(whole.read_bytes())
    data[position + 5 : position + 9] = b"\x80\x80\x03\x80"  # the slice header, behind start code and type
    path = tmp_path / "damaged.h264"
    path.write_bytes(data)
    frames, info = read(path)
    assert len(frames) == one_by_one(path)
    assert 48 <= len(frames) < 50
    assert not info.complete


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_a_short_clip_with_a_damaged_beginning(tmp_path: Path, frames: int) -> None:
    """All frames may be held by decoder threads when the error comes."""
    whole = clip(tmp_path / "whole.mp4", *IN_ORDER, "-g", "1", frames=frames)
    position, _ = packet_positions(whole)[0]
    found, info = read(overwrite(whole, tmp_path / "damaged.mp4", [(position, 5)]))
    assert len(found) == info.frame_count == frames - 1
    assert not info.complete


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("whole.mp4", (*H264, "-movflags", "+faststart")),
        ("whole.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")),
        ("whole.mkv", H264),
    ],
)
def test_a_file_that_was_cut_between_two_frames(tmp_path: Path, name: str, output: tuple[str, ...]) -> None:
    """No packet is damaged then: only the index or the size in the header tells."""
    path = clip(tmp_path / name, *output, frames=50)
    position, size = packet_positions(path)[29]
    data = path.read_bytes()
    path.write_bytes(data[: position + size])
    frames, info = read(path)
    assert 27 <= len(frames) <= 30
    assert not info.complete


@pytest.mark.parametrize(
    "name", ["h264.mp4", "h264.mov", "av1.mp4", "mpeg4.avi", "h264.ts", "hevc.ts", "mpeg2.ts", "mpeg2.mpg"]
)
def test_damage_in_the_middle(tmp_path: Path, name: str) -> None:
    output = IN_ORDER if "h264" in name else (*HEVC, "-g", "10") if "hevc" in name else FORMATS[name]
    whole = clip(tmp_path / f"whole_{name}", *output, frames=50, filters=NOISE)
    path = overwrite(whole, tmp_path / name, [(whole.stat().st_size // 2, 1500)])
    frames, info = read(path)
    assert not info.complete
    assert len(frames) == one_by_one(path)
    assert len(frames) >= 35
    assert frames[-1].timestamp > 1.8


@pytest.mark.parametrize("output", [FORMATS["h264.mp4"], IN_ORDER], ids=["with B-frames", "in order"])
@pytest.mark.parametrize("damaged", [(25,), (48,), (49,), (44, 48)])
def test_all_frames_around_an_undecodable_one(
    tmp_path: Path, damaged: tuple[int, ...], output: tuple[str, ...]
) -> None:
    """At the end, too, where decoder threads hold several frames."""
    whole = clip(tmp_path / "whole.mp4", *output, frames=50, filters=NOISE)
    places = [packet_positions(whole)[index] for index in damaged]
    path = overwrite(whole, tmp_path / "damaged.mp4", [(position, 5) for position, _ in places])
    frames, progress = [], []
    with VideoSource(path) as video:
        for frame in video.frames():
            frames.append(frame)
            progress.append(video.progress)
    assert not video.info().complete
    assert len(frames) == video.info().frame_count == one_by_one(path)
    assert 50 - 2 * len(damaged) <= len(frames) < 50
    assert stamps(frames) == sorted(set(stamps(frames)))
    assert progress == sorted(progress)


def test_a_part_that_the_reader_jumps_over(tmp_path: Path) -> None:
    """VP9 conceals damage, and Matroska's reader goes on at the next cluster: the gap in the file tells."""
    whole = clip(tmp_path / "long.webm", *VP9, "-g", "25", "-b:v", "500k", frames=200, filters=NOISE, sound=8)
    position, size = packet_positions(whole)[80]
    data = bytearray(whole.read_bytes())
    data[position + size : position + size + 300] = bytes(300)
    path = tmp_path / "damaged.webm"
    path.write_bytes(data)
    frames, info = read(path)
    assert len(frames) < 200
    assert frames[-1].timestamp == pytest.approx(7.96)
    assert not info.complete


def test_bytes_that_are_no_gap(tmp_path: Path) -> None:
    """An alpha channel lies between the frames of a Matroska file."""
    alpha = "format=yuva420p,noise=c3s=100:c3f=t"
    path = clip(
        *(tmp_path / "alpha.webm", *VP9, "-pix_fmt", "yuva420p", "-b:v", "20M", "-vf", alpha),
        size="640x480",
        frames=5,
    )
    positions = packet_positions(path)
    gaps = [b[0] - a[0] - a[1] for a, b in pairwise(positions)]
    assert max(gaps) > 20_000
    assert read(path)[1].complete


def test_frames_that_share_a_block() -> None:
    """ "Lacing" puts several frames of sound behind one block header; all of them have its position."""
    file = SimpleNamespace(
        container=SimpleNamespace(format=SimpleNamespace(name="matroska,webm")),
        stream=SimpleNamespace(index=0),
        size=10**6,
        head=lambda count: b"",
    )
    check = IntegrityCheck(cast("VideoFile", file))
    for position in (1000, 1000, 1000, 31_020):
        packet = SimpleNamespace(
            stream_index=1, pos=position, size=10_000, dts=0, has_sidedata=lambda kind: False
        )
        check.watch(cast("Packet[Stream]", packet))
    assert not check.finds_damage()


def test_a_live_recording(tmp_path: Path) -> None:
    """Whoever cannot go back to the header leaves the size in it open."""
    path = tmp_path / "live.mkv"
    path.write_bytes(run_ffmpeg("-f", "lavfi", "-i", "testsrc2=duration=1", *H264, "-f", "matroska", "-"))
    assert read(path)[1].complete


# Files that are no video


def make_empty(path: Path) -> None:
    path.touch()


def make_text(path: Path) -> None:
    path.write_text("This is a letter, not a film.\n" * 5000)


def make_noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(5_000_000))


def make_folder(path: Path) -> None:
    path.mkdir()


def make_nothing(path: Path) -> None:
    assert not path.exists()


def make_audio(path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path)


def make_song_with_cover(path: Path) -> None:
    picture = clip(path.with_suffix(".jpg"), "-frames:v", "1")
    song = ("-f", "lavfi", "-i", "sine=duration=1", "-i", picture, "-map", "0", "-map", "1")
    run_ffmpeg(*song, "-c:a", "aac", "-c:v", "copy", "-disposition:v", "attached_pic", path)


def make_cut_before_index(path: Path) -> None:
    whole = clip(path.with_name("whole.mp4"), *H264, filters=NOISE)
    cut(whole, path)


def make_unknown_codec(path: Path) -> None:
    data = clip(path, *H264).read_bytes()
    assert b"avc1" in data
    path.write_bytes(data.replace(b"avc1", b"zz99"))


def make_undecodable(path: Path) -> None:
    whole = clip(path.with_name("whole.mp4"), *H264)
    overwrite(whole, path, packet_positions(whole))


def make_local_playlist(path: Path) -> None:
    clip(path.with_name("part.ts"), *H264)
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n")


def make_concat_list(path: Path) -> None:
    part = clip(path.with_name("part.mp4"), *H264)
    path.write_text(f"ffconcat version 1.0\nfile '{part}'\n")


def make_session_description(path: Path) -> None:
    path.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_empty, "the file is empty (0 bytes)"),
        (make_text, "the file is no video"),
        (make_noise, "the file is no video"),
        (make_folder, "the file is a folder"),
        (make_nothing, "the file does not exist"),
        (make_audio, "the file holds no video stream, only: audio (aac)"),
        (make_song_with_cover, "the file holds no video stream, only: audio (aac), cover picture (mjpeg)"),
        (make_cut_before_index, "whose index (moov) is missing"),
        (make_unknown_codec, "a format that no decoder here knows"),
        (make_undecodable, "not one frame of the file's video stream (h264) can be decoded"),
        (make_local_playlist, "the file is a playlist that refers to other files"),
        (make_concat_list, "the file is a playlist that refers to other files"),
        (make_session_description, "the file is a playlist that refers to other files"),
    ],
)
def test_files_that_are_no_video(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "upload.mp4"
    make(path)
    started = time.monotonic()
    with pytest.raises(VideoError) as error:
        read(path)
    assert time.monotonic() - started < 5
    assert reason in str(error.value)
    assert str(error.value).startswith(("the file", "not one frame of the file"))
    assert str(tmp_path) not in str(error.value)
    assert "upload" not in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "http:film.mp4",
        "concat:a.mp4|b.mp4",
        "file:film.mp4",
        "frame%03d.png",
        "frame*.png",
        "-i.mp4",
        "film.m3u8",
        "film",
    ],
)
def test_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """FFmpeg would read an address, a pattern or a format into most of these."""
    monkeypatch.chdir(tmp_path)
    clip(tmp_path / "frame001.png", "-frames:v", "1", size="32x32")
    Path(name).write_bytes(clip(tmp_path / "whole.mp4", *H264).read_bytes())
    with VideoSource(name) as video:
        assert len(list(video.frames())) == 25
    assert video.info().width == 160


# Life of a source


def test_an_abandoned_source_can_be_closed(sample: Callable[[str], Path]) -> None:
    with VideoSource(sample("h264.mp4")) as video:
        frames = video.frames()
        assert next(frames).index == 0
    assert video.info().frame_count == 1
    video.close()


def test_reading_on_after_close(sample: Callable[[str], Path]) -> None:
    """An error, and no crash in freed memory."""

    def drain(frames: Iterator[Frame]) -> None:
        for _ in frames:
            pass

    with VideoSource(sample("h264.mp4")) as video:
        frames = video.frames()
        next(frames)
    with pytest.raises(ValueError, match="closed"):
        drain(frames)


def test_no_file_stays_open_after_an_error(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("there is no /proc to list open files")
    make_audio(tmp_path / "song.mp4")
    make_text(tmp_path / "letter.mp4")
    for name in ("song.mp4", "letter.mp4"):
        with pytest.raises(VideoError) as error:
            VideoSource(tmp_path / name)
        assert error.value.__traceback__, "keeps what the constructor held, so that nothing closes by chance"
        targets = [link.readlink() for link in descriptors.iterdir() if link.is_symlink()]
        assert not [target for target in targets if tmp_path in target.parents]
