"""human-detector report, as its users start it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands import report as report_command
from sample_clip import BIKES, sample_clip
from support.media import clip, needs_ffmpeg
from support.paths import TESTS
from support.report_page import page_data, sample_clip_result, write_result


def run(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "human_detector", command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """The result file of the sample clip."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample_clip_result()))
    return path


def test_it_writes_the_page_and_says_where(result: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run("report", sample_clip(), result, "--output", page, "--title", "my clip.mp4")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{page}\n"
    assert page_data(page)["title"] == "my clip.mp4"
    assert not list(tmp_path.glob("*.playable.mp4")), "browsers play the video itself"


def test_the_example_of_the_help_works(result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = run("report", "--help").stdout.splitlines()
    example = next(line for line in lines if line.startswith("  human-detector report "))
    shutil.copy(sample_clip(), tmp_path / "clip.mp4")
    result.rename(tmp_path / "clip.json")
    monkeypatch.chdir(tmp_path)
    assert run(*example.split()[1:]).returncode == 0
    assert (tmp_path / "clip.report.html").is_file()


def refused(video: Path, result: Path, page: Path) -> str:
    """What is said of a video that is not the one of a result; nothing is written."""
    before = set(page.parent.iterdir())
    done = run("report", video, result, "--output", page)
    assert done.returncode == 1
    assert done.stdout == ""
    assert set(page.parent.iterdir()) == before
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.strip()


def test_a_video_of_another_size_is_refused(result: Path, tmp_path: Path) -> None:
    video = sample_clip(BIKES)
    assert refused(video, result, tmp_path / "page.html") == (
        f"human-detector report: {video}: the video is not the one of the result: it is 640x272, in the "
        "result it is 176x144; it has 250 frames, in the result it has 120; it lasts 10.0 s, in the result "
        "it lasts 4.0 s"
    )


@needs_ffmpeg
def test_a_video_of_another_length_is_refused(tmp_path: Path) -> None:
    video, longer = clip(tmp_path / "v.mp4", frames=50), clip(tmp_path / "longer.mp4", frames=75)
    result = write_result(longer, frame_ratio=1)
    assert refused(video, result, tmp_path / "page.html") == (
        f"human-detector report: {video}: the video is not the one of the result: it has 50 frames, in the "
        "result it has 75; it lasts 2.0 s, in the result it lasts 3.0 s"
    )


@needs_ffmpeg
def test_a_small_difference_is_found_while_the_pictures_are_taken(tmp_path: Path) -> None:
    """Sentence and status are those of a large one, and no half page is left."""
    folder = tmp_path / "other"
    folder.mkdir()
    result = write_result(clip(tmp_path / "v.mp4", frames=50), frame_ratio=1)
    only_last(result)
    shorter = clip(folder / "v.mp4", frames=49)
    said = refused(shorter, result, folder / "page.html")
    assert said.endswith("the video is not the one of the result: it has 49 frames, the result has frame 49")
    slower = clip(folder / "slower.mp4", rate=24, frames=50)
    said = refused(slower, result, folder / "page.html")
    assert said.endswith("the result: frame 49 is at 2.042 s, in the result it is at 1.960 s")


def only_last(result: Path) -> None:
    """Leaves only the last frame's detections, so that the page needs that frame."""
    document: dict[str, Any] = json.loads(result.read_text())
    for frame in document["frames"][:-1]:
        frame["detections"] = {name: [] for name in frame["detections"]}
    result.write_text(json.dumps(document))


@needs_ffmpeg
def test_a_part_of_a_result_has_a_page(tmp_path: Path) -> None:
    """As an interrupted analysis leaves it: the video may go on after its last frame."""
    video = clip(tmp_path / "v.mp4", frames=100)
    path = write_result(video, frame_ratio=1)
    document = json.loads(path.read_text())
    document["frames"] = document["frames"][:20]
    document["video"].update(complete=False, frame_count=20, duration=0.8)
    path.write_text(json.dumps(document))
    assert run("report", video, path, "--output", tmp_path / "page.html").returncode == 0


@pytest.mark.parametrize(
    ("output", "page"),
    [
        (None, "result.report.html"),
        (".", "result.report.html"),
        ("new/folder", "new/folder/result.report.html"),
        ("new/page.HTML", "new/page.HTML"),
        ("odd.html", "odd.html/result.report.html"),
    ],
)
def test_where_the_page_goes(output: str | None, page: str, result: Path, tmp_path: Path) -> None:
    """Into a folder, or under a name of its own; beside the result if nobody says, as exports do."""
    (tmp_path / "odd.html").mkdir()
    where = [] if output is None else ["--output", str(tmp_path / output)]
    assert report_command.main([str(sample_clip()), str(result), *where]) == 0
    assert (tmp_path / page).is_file()


def test_the_page_of_a_part_of_a_result_is_named_like_that_of_the_whole(result: Path) -> None:
    part = result.rename(result.with_name("result.json.partial"))
    assert report_command.main([str(sample_clip()), str(part)]) == 0
    assert part.with_name("result.report.html").is_file()


@pytest.mark.parametrize(
    ("video", "result_name", "sentence"),
    [
        ("{result}", "{clip}", "found the result {result} and then the video {clip}; valid is VIDEO RESULT"),
        ("{clip}", "{clip}", "RESULT: found {clip}, a video; valid is a result file, such as the NAME.json"),
        (
            "{result}",
            "{result}",
            "VIDEO: found {result}, a JSON file; valid is the video that the result is of",
        ),
        ("{clip}", "{folder}", "RESULT: found {folder}, a folder; valid is a result file"),
        ("{clip}", "{folder}/page.html", "RESULT: found {folder}/page.html, which is not JSON; valid is a"),
        ("{clip}", "{folder}/other.json", "{folder}/other.json is no result file: valid is an object with"),
    ],
)
def test_a_wrong_file_is_told_for_what_it_is(
    video: str,
    result_name: str,
    sentence: str,
    result: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "page.html").write_text("<!doctype html>")
    (tmp_path / "other.json").write_text('{"mine": true}')
    places = {"result": result, "clip": sample_clip(), "folder": tmp_path}
    assert report_command.main([video.format(**places), result_name.format(**places)]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"human-detector report: {sentence.format(**places)}")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.usefixtures("result")
@pytest.mark.parametrize(
    ("video", "result_name", "page", "sentence"),
    [
        ("gone.mp4", "result.json", "page.html", "gone.mp4: the file does not exist"),
        ("clip", "gone.json", "page.html", "gone.json cannot be read"),
        ("clip", "result.json", "result.json/page.html", "File exists"),
    ],
)
def test_what_is_not_there_is_said_at_once(
    video: str, result_name: str, page: str, sentence: str, tmp_path: Path
) -> None:
    source = sample_clip() if video == "clip" else tmp_path / video
    done = run("report", source, tmp_path / result_name, "--output", tmp_path / page)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
