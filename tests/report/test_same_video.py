"""Whether a video is the one of a result, in all kinds of containers, few of which say how long they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from human_detector.errors import VideoError
from human_detector.report.same_video import check_same_video
from support.media import clip, needs_ffmpeg, run_ffmpeg, set_display_matrix
from support.report_page import write_result


def result_of(video: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_result(video).read_text())
    return document


@needs_ffmpeg
@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.webm", "v.avi", "v.ts", "v.gif"])
def test_the_length_counts(name: str, tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    video, longer = clip(tmp_path / name, frames=50), clip(tmp_path / "long" / name, frames=75)
    result, longer_result = result_of(video), result_of(longer)
    check_same_video(video, result)
    check_same_video(longer, longer_result)
    with pytest.raises(VideoError, match="it has 50 frames, in the result it has 75; it lasts 2"):
        check_same_video(video, longer_result)
    with pytest.raises(VideoError, match="it has 75 frames, in the result it has 50; it lasts 3"):
        check_same_video(longer, result)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("v.webm", ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16"), id="hidden frames"),
        pytest.param("v.mkv", ("-fps_mode", "vfr", "-vf", "select='not(mod(n,3))+lt(n,30)'"), id="varying rate"),
        pytest.param("v.mkv", ("-c:v", "libx264", "-bf", "3", "-g", "12"), id="reordered frames"),
        pytest.param("v.avi", ("-c:v", "mpeg4", "-bf", "2"), id="reordered frames without stamps"),
    ],
)  # fmt: skip
def test_the_right_video_passes(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    video = clip(tmp_path / name, *options, frames=100)
    check_same_video(video, result_of(video))


@needs_ffmpeg
def test_a_trimmed_video_passes(tmp_path: Path) -> None:
    """The edit list hides what lies before the cut."""
    whole = clip(tmp_path / "whole.mp4", "-c:v", "libx264", "-g", "100", frames=100)
    run_ffmpeg("-ss", "2.2", "-i", whole, "-c", "copy", tmp_path / "v.mp4")
    document = result_of(tmp_path / "v.mp4")
    assert document["video"]["frame_count"] < 60
    check_same_video(tmp_path / "v.mp4", document)


@needs_ffmpeg
def test_joined_recordings_pass(tmp_path: Path) -> None:
    one = clip(tmp_path / "one.ts", frames=50)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    check_same_video(joined, result_of(joined))
    with pytest.raises(VideoError, match="it has 50 frames, in the result it has 100"):
        check_same_video(
            one, {**result_of(joined), "video": {**result_of(joined)["video"], "complete": True}}
        )


@needs_ffmpeg
def test_the_size_is_that_of_the_turned_picture(tmp_path: Path) -> None:
    lying = clip(tmp_path / "lying.mp4", frames=10)
    turned = set_display_matrix(lying, tmp_path / "turned.mp4", (0, 1, -1, 0))
    check_same_video(turned, result_of(turned))
    with pytest.raises(VideoError, match="it is 160x120, in the result it is 120x160"):
        check_same_video(lying, result_of(turned))


@needs_ffmpeg
def test_of_a_partial_result_the_video_may_be_longer(tmp_path: Path) -> None:
    video, short = clip(tmp_path / "v.mp4", frames=100), clip(tmp_path / "short.mp4", frames=10)
    partial = result_of(video)
    partial["video"].update(frame_count=40, duration=1.6, complete=False)
    check_same_video(video, partial)
    with pytest.raises(VideoError, match="it has 10 frames, in the result it has 40"):
        check_same_video(short, partial)
