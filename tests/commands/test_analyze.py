"""The command line for local videos, as its users start it, and the parts that it is made of."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.commands import analyze as analyze_command
from human_detector.commands.progress_display import ProgressDisplay, describe
from human_detector.drawing.blurring import blur_boxes
from human_detector.drawing.box_paths import BoxPaths
from human_detector.drawing.copies import write_annotated, write_blurred
from human_detector.errors import ConfigurationError, Interrupted
from human_detector.video.find_videos import find_videos, name_outputs
from human_detector.video.source import VideoSource
from sample_clip import sample_clip
from support.media import clip, needs_ffmpeg, probe_stamps
from support.paths import TESTS
from support.worker_harness import wait_until

INSTANT = "--detector=support.fake_detectors:InstantDetector"
SMALL_MODELS = "demo/variables.json"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "human_detector", "analyze", *map(str, arguments)]


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, env=environment, cwd=cwd
    )


def test_a_real_clip_with_the_embedded_models(tmp_path: Path) -> None:
    wishes = ("--annotate", "--blur", "faces", "--report", "--export", "mot", "--export", "csv")
    done = run("--config", SMALL_MODELS, "--output", tmp_path, *wishes, sample_clip())
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "carphone_pristine.json").read_text())
    assert result["summary"]["analyzed_frames"] == 24
    assert result["summary"]["detectors"]["FaceDetector"]["detections"] == 24
    assert "carphone_pristine.mp4  done     24      HumanDetector 24, FaceDetector 24" in done.stdout
    annotated, blurred = (tmp_path / f"carphone_pristine.{kind}.mp4" for kind in ("annotated", "blurred"))
    face = result["frames"][12]["detections"]["FaceDetector"][0]["box"]
    index = result["frames"][12]["index"]
    before, drawn, mixed = (picture(video, index) for video in (sample_clip(), annotated, blurred))
    others = {path.name.removeprefix("carphone_pristine.") for path in tmp_path.iterdir()}
    assert others - {"json", "annotated.mp4", "blurred.mp4"} == {
        "report.html",
        "HumanDetector.mot.txt",
        "FaceDetector.mot.txt",
        "csv",
    }
    # The copies have what they should have where the face is, and look like the original where nothing is.
    assert detail(mixed, face) < 0.2 * detail(before, face)
    assert np.abs(drawn.astype(int) - before).max() > 100
    corner = np.s_[:20, :20]
    assert np.abs(mixed[corner].astype(int) - before[corner]).mean() < 4


def picture(video: Path, index: int) -> np.ndarray[Any, Any]:
    with VideoSource(video, is_sampled=lambda i: i == index) as source:
        return next(source.frames()).image


def detail(image: np.ndarray[Any, Any], box: dict[str, float]) -> float:
    """How much neighbouring pixels differ inside a box."""
    height, width = image.shape[:2]
    rows = slice(int(box["y_min"] * height), int(box["y_max"] * height))
    columns = slice(int(box["x_min"] * width), int(box["x_max"] * width))
    return float(np.abs(np.diff(image[rows, columns].astype(int), axis=1)).mean())


@needs_ffmpeg
def test_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    good = clip(tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    done = run(INSTANT, "--output", tmp_path / "out", tmp_path / "bad.mp4", tmp_path / "none.mp4", good)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == ["failed", "failed", "done"]
    assert lines[4] == "2 failed, 1 done"
    assert "bad.mp4: failed: the file is no video" in done.stderr
    assert "none.mp4: failed: the file does not exist" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.json"]


@needs_ffmpeg
def test_a_cut_video_is_said_to_be_incomplete(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mkv", frames=50)
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    done = run(INSTANT, "--output", tmp_path, tmp_path / "cut.mkv")
    assert done.returncode == 1
    assert "1 incomplete" in done.stdout


@needs_ffmpeg
def test_an_interrupt_leaves_a_valid_partial_result(tmp_path: Path) -> None:
    long, after = clip(tmp_path / "long.mp4", frames=500), clip(tmp_path / "after.mp4")
    slow = '--detector=support.fake_detectors:SlowDetector={"seconds": 0.1, "max_batch_size": 1}'
    process = subprocess.Popen(
        command(slow, "--frame-ratio=1", "--annotate", "--output", tmp_path, long, after),
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = tmp_path / "long.json.frames"
    wait_until(lambda: lines.exists() and lines.read_bytes().count(b"\n") > 5)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    result = json.loads((tmp_path / "long.json").read_text())
    assert not result["video"]["complete"]
    assert 5 < len(result["frames"]) == result["summary"]["analyzed_frames"] < 500
    assert [line.split()[1] for line in out.splitlines()[1:3]] == ["stopped", "not"]
    # No copy of half a video, no other video, and nothing half-written.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after.mp4", "long.json", "long.mp4"]


@needs_ffmpeg
def test_lines_of_a_killed_run_are_not_mixed_in(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mp4", frames=10)
    (tmp_path / "clip.json.frames").write_text('{"index": 4, "timestamp": 0, "detections": {"Other": []}}\n')
    assert run(INSTANT, "--frame-ratio=1", "--output", tmp_path, video).returncode == 0
    indices = [frame["index"] for frame in json.loads((tmp_path / "clip.json").read_text())["frames"]]
    assert indices == list(range(10))


@needs_ffmpeg
def test_copies_keep_the_time_stamps(tmp_path: Path) -> None:
    """Of a video with a varying frame rate and an odd size."""
    source = clip(
        tmp_path / "vfr.mkv", "-fps_mode", "vfr", filters="crop=151:101,select='not(mod(n,3))+lt(n,9)'"
    )
    done = run(INSTANT, "--output", tmp_path, "--annotate", source)
    assert done.returncode == 0, done.stderr
    copied = probe_stamps(tmp_path / "vfr.annotated.mp4")
    assert copied == pytest.approx(probe_stamps(source), abs=2e-3)
    assert len(set(np.diff(copied).round(2))) > 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--detector=FaceDetektor"], "unknown detector 'FaceDetektor'"),
        (["--detector=FaceDetector={nonsense"], "--detector FaceDetector: what follows '=' is not JSON"),
        (['--detector=FaceDetector={"model": "nowhere"}'], "the model 'nowhere' is missing"),
        (["--config=nowhere.json"], "nowhere.json cannot be read"),
        ([INSTANT, "--frame-ratio=2"], "frame_ratio: found 2.0"),
        ([INSTANT, "--blur=humans"], "--blur humans needs a HumanDetector"),
    ],
)
def test_a_wrong_set_up_is_said_before_anything_is_read(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze_command.run([*arguments, "--output", str(tmp_path), "video.mp4"]) == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_model_names_its_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    assert analyze_command.run(["--output", str(tmp_path), "video.mp4"]) == 2
    shown = capsys.readouterr().err
    assert "model/get_faster_rcnn_resnet101_coco.sh" in shown
    assert "--config demo/variables.json" in shown


def test_arguments_become_those_of_the_analyzer() -> None:
    options = analyze_command._parse(
        ["--engine=tensorflow", "--tracker", "--detector=FaceDetector", f"{INSTANT}={{}}", "v"]
    )
    assert analyze_command.human_detection(options) == {
        "detectors": [
            ["FaceDetector", {"engine": "tensorflow"}],
            ["support.fake_detectors:InstantDetector", {}],
        ],
        "tracker": True,
    }
    options = analyze_command._parse(["--config", SMALL_MODELS, "--frame-ratio=0.5", "v"])
    configured = analyze_command.human_detection(options)
    assert configured["frame_ratio"] == 0.5
    assert configured["detectors"][0][1]["model"] == "ssdlite_pedestrian"
    with pytest.raises(ConfigurationError):
        analyze_command.human_detection(analyze_command._parse(["--detector=X={", "v"]))


def test_files_folders_and_patterns(tmp_path: Path) -> None:
    for name in ("b/x.mp4", "a/y.MOV", "a/notes.txt", "a/y.annotated.mp4", "c/x.mkv", "x [1].mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    places = [f"{tmp_path}/b/*.mp4", f"{tmp_path}/x [1].mp4", str(tmp_path), f"{tmp_path}/gone.mp4"]
    found = [str(path.relative_to(tmp_path)) for path in find_videos(places)]
    assert found == ["b/x.mp4", "x [1].mp4", "a/y.MOV", "c/x.mkv", "gone.mp4"]
    assert name_outputs(find_videos(places)) == ["x", "x [1]", "y", "x-2", "gone"]


# ---- boxes between analysed frames ----


def frames(*boxes: float | None, step: float = 0.2) -> list[dict[str, Any]]:
    """Analysed frames with a box of width 0.2 at these places, or none."""
    return [
        {"index": 5 * i, "timestamp": step * i, "detections": {"F": [] if x is None else [found(x)]}}
        for i, x in enumerate(boxes)
    ]


def found(x: float) -> dict[str, Any]:
    return {"label": "face", "score": 0.9, "box": {"x_min": x, "y_min": 0.4, "x_max": x + 0.2, "y_max": 0.8}}


def places(analysed: Sequence[dict[str, Any]], times: Sequence[float]) -> Iterator[list[float]]:
    paths = BoxPaths(analysed)
    for time in times:
        yield [round(each["box"]["x_min"], 4) for each in paths.at(time)["F"]]


@pytest.mark.parametrize(
    ("analysed", "times", "expected"),
    [
        pytest.param(frames(0.1, 0.2), [0, 0.05, 0.1, 0.2, 0.3, 9], [0.1, 0.125, 0.15, 0.2, 0.2, 0.2], id="moves"),
        pytest.param(frames(0.1, None, 0.2), [0.1, 0.2, 0.3], [0.125, 0.15, 0.175], id="missed once"),
        pytest.param(frames(None, 0.1), [0, 0.1, 0.2], [None, 0.1, 0.1], id="held before"),
        pytest.param(frames(0.1, None), [0, 0.1, 0.2], [0.1, 0.1, None], id="held after"),
        pytest.param(frames(0.0, None, None, None, None, None, None, 0.8), [0.1, 0.3, 1.3, 1.4], [0.0, None, 0.8, 0.8], id="two people"),
        pytest.param(frames(0.1, 0.2, step=5.0), [2.5, 5], [0.15, 0.2], id="far apart"),
    ],
)  # fmt: skip
def test_boxes_are_carried_over_the_frames_between(
    analysed: list[dict[str, Any]], times: list[float], expected: list[float | None]
) -> None:
    assert list(places(analysed, times)) == [[] if x is None else [x] for x in expected]


def test_a_result_without_frames_has_no_boxes() -> None:
    assert BoxPaths([]).at(0) == {}


def test_carried_boxes_are_the_results_own() -> None:
    """Numbers of people appear in a picture only where the result has them."""
    assert "track_id" not in BoxPaths(frames(0.1, 0.2)).at(0.1)["F"][0]


def test_blurring_leaves_nothing_to_recognise() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (100, 160, 3), np.uint8)
    box = {"x_min": 0.25, "y_min": 0.2, "x_max": 0.5, "y_max": 0.6}
    blurred = blur_boxes(noise, [box])
    inside = np.s_[20:60, 40:80]
    assert blurred[inside].std() < 0.2 * noise[inside].std()
    # With a margin, and nothing beyond it.
    for edge in (np.s_[15:20, 40:80], np.s_[60:65, 40:80], np.s_[20:60, 35:40], np.s_[20:60, 80:85]):
        assert np.abs(blurred[edge].astype(int) - noise[edge]).mean() > 40
    assert (blurred[70:] == noise[70:]).all()
    assert (blurred[:, :30] == noise[:, :30]).all()
    # Two boxes over one another hide as much as one.
    assert (blur_boxes(noise, [box, box]) == blurred).all()


@pytest.mark.parametrize("x", [0.0, 1.0])
def test_a_box_without_area_at_the_edge_is_no_error(x: float) -> None:
    picture = np.zeros((9, 9, 3), np.uint8)
    blur_boxes(picture, [{"x_min": x, "y_min": x, "x_max": x, "y_max": x}])


def test_only_the_wanted_detectors_are_blurred(tmp_path: Path) -> None:
    box = {"x_min": 0.0, "y_min": 0.0, "x_max": 1.0, "y_max": 1.0}
    everything = [{"label": "person", "score": 1.0, "box": box}]
    document = {
        "video": {"fps": 29.97},
        "frames": [{"index": 0, "timestamp": 0.0, "detections": {"HumanDetector": everything}}],
    }
    copies = {}
    for name in ("FaceDetector", "HumanDetector"):
        path = tmp_path / f"{name}.mp4"
        write_blurred(sample_clip(), document, path, [name], lambda _: None, lambda: False)
        copies[name] = detail(picture(path, 100), box)
    assert copies["HumanDetector"] < 0.3 * copies["FaceDetector"]


@pytest.mark.parametrize("frames_before", [0, 10])
def test_a_copy_that_is_stopped_leaves_nothing(frames_before: int, tmp_path: Path) -> None:
    asked = iter([False] * frames_before)
    document = {"video": {"fps": 0}, "frames": []}
    with pytest.raises(Interrupted):
        write_annotated(
            sample_clip(), document, tmp_path / "copy.mp4", lambda _: None, lambda: next(asked, True)
        )
    assert list(tmp_path.iterdir()) == []


# ---- progress ----


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar() -> None:
    now = [0.0]
    stream = Terminal()
    display = ProgressDisplay(stream, lambda: now[0])
    display.start("clip.mp4: analysis", 60)
    display.update(0.1)
    now[0] = 5.0
    display.update(0.25)
    display.say("done")
    assert stream.getvalue() == (
        "\r\033[Kclip.mp4: analysis ██████░░░░░░░░░░░░░░░░░░ 25 %, 3.0x real time, 0:15 left\r\033[Kdone\n"
    )


def test_elsewhere_there_is_a_line_now_and_then() -> None:
    now = [0.0]
    stream = io.StringIO()
    display = ProgressDisplay(stream, lambda: now[0])
    display.start("clip.mp4")
    for second in range(1, 25):
        now[0] = float(second)
        display.update(second / 100)
    assert stream.getvalue().splitlines() == [
        "clip.mp4: 10 %, 1:30 left",
        "clip.mp4: 20 %, 1:20 left",
    ]


def test_nothing_is_promised_before_there_is_progress() -> None:
    assert describe(0, 0, 60) == "0 %"
    assert describe(0.5, 3700, 0) == "50 %, 1:01:40 left"


def test_a_full_disk_is_an_outcome(tmp_path: Path) -> None:
    """Of that video: what is written where nothing can be written."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    shutil.copy(sample_clip(), tmp_path / "clip.mp4")
    (tmp_path / "clip.json.part").symlink_to("/dev/full")
    done = run(INSTANT, "--output", tmp_path, tmp_path / "clip.mp4")
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert not (tmp_path / "clip.json").exists()
