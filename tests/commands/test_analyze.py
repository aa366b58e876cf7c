"""human-detector analyze as a process: what becomes of videos, and what is said when something is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from human_detector.commands import analyze as analyze_command
from human_detector.errors import ConfigurationError
from sample_clip import sample_clip
from support.commands import INSTANT, hide_package, run
from support.media import clip, cut, cut_in_packet, needs_ffmpeg, probe_stamps
from support.pictures import detail, picture


@pytest.mark.usefixtures("models")
def test_a_real_clip_with_the_embedded_models(tmp_path: Path) -> None:
    wishes = ("--annotate", "--blur", "faces", "--report", "--export", "mot", "--export", "csv")
    done = run("analyze", "--output", tmp_path, *wishes, sample_clip())
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "carphone_pristine.json").read_text())
    assert result["summary"]["analyzed_frames"] == 24
    assert result["summary"]["detectors"]["FaceDetector"]["detections"] == 24
    assert row(done.stdout, sample_clip())[1:] == ["done", "24", "HumanDetector", "24,", "FaceDetector", "24"]
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


def row(table: str, video: Path) -> list[str]:
    """The row of a video, word by word without the time."""
    (line,) = (line for line in table.splitlines() if line.startswith(f"{video} "))
    return line.split()[:-1]


@needs_ffmpeg
def test_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    good = clip(tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    places = (tmp_path / "bad.mp4", tmp_path / "none.mp4", tmp_path / "none*.avi", good, good)
    done = run("analyze", INSTANT, "--output", tmp_path / "out", *places)
    assert done.returncode == 1
    assert {place.name: row(done.stdout, place)[1] for place in places} == {
        "bad.mp4": "failed",
        "none.mp4": "failed",
        "none*.avi": "failed",
        "good.mp4": "done",
    }
    # Why is said below the table, as the lines from during the work may be far away.
    assert done.stdout.splitlines()[5:] == [
        f"{tmp_path}/none.mp4: the file does not exist",
        f"{tmp_path}/none*.avi: no file fits the pattern",
        f"{tmp_path}/bad.mp4: the file is no video, or its beginning is damaged: no known video format fits its contents",
        "3 failed, 1 done",
    ]
    # What is wrong with the command line is said before the work.
    said = [line for line in done.stderr.splitlines() if ": failed: " in line or line == "loading the models"]
    assert said == [
        "none.mp4: failed: the file does not exist",
        "none*.avi: failed: no file fits the pattern",
        "bad.mp4: failed: the file is no video, or its beginning is damaged: no known video format fits its contents",
        "loading the models",
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.json"]


@needs_ffmpeg
def test_a_folder_is_looked_through(tmp_path: Path) -> None:
    """Whatever has moving pictures is a video, and of everything else it is said why not."""
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    clip(folder / "a.mp4")
    clip(folder / "b.avi")
    clip(folder / "deeper" / "moving.gif")
    clip(folder / "still.gif", "-frames:v", "1")
    clip(folder / "camera.dat", "-f", "matroska")
    cut(folder / "a.mp4", folder / "broken.mp4", 100)
    clip(folder / "a.annotated.mp4")
    (folder / "notes.txt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n" * 50)
    done = run("analyze", INSTANT, "--output", tmp_path / "out", folder)
    assert done.returncode == 1
    states = {
        path.name: row(done.stdout, path)[1]
        for path in sorted(folder.rglob("*.*"))
        if str(path) in done.stdout
    }
    assert states == {
        "a.mp4": "done",
        "b.avi": "done",
        "broken.mp4": "failed",
        "camera.dat": "done",
        "moving.gif": "done",
    }
    skipped = [line for line in done.stderr.splitlines() if line.startswith("skipped ")]
    assert skipped == [
        f"skipped {folder}/a.annotated.mp4: made by human-detector",
        f"skipped {folder}/notes.txt: the file holds no video stream, only: subtitle (subrip)",
        f"skipped {folder}/still.gif: a still picture, not a video",
    ]


@pytest.mark.parametrize("place", ["empty", "nowhere.mp4", "*.avi"])
def test_no_video_at_all_is_an_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing to see")
    done = run("analyze", INSTANT, place, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == "human-detector analyze: no video was found"
    assert f"{place}: failed: " in done.stderr


def test_no_file_that_opens_is_a_failure_of_each(tmp_path: Path) -> None:
    broken, notes = tmp_path / "broken.mp4", tmp_path / "notes.txt"
    broken.write_bytes(b"no video at all")
    notes.write_text("nothing to see")
    done = run("analyze", INSTANT, "--output", tmp_path / "out", broken, notes)
    assert done.returncode == 1
    assert [row(done.stdout, place)[1] for place in (broken, notes)] == ["failed", "failed"]
    assert done.stdout.splitlines()[-1] == "2 failed"
    said = [line.split(": failed: ")[0] for line in done.stderr.splitlines()]
    assert said == ["broken.mp4", "notes.txt"]


@needs_ffmpeg
def test_a_cut_video_is_said_to_be_incomplete(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mkv", frames=50)
    cut_in_packet(whole, tmp_path / "cut.mkv", 25)
    done = run("analyze", INSTANT, "--output", tmp_path, tmp_path / "cut.mkv")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == [f"{tmp_path}/cut.mkv: the file ends early", "1 incomplete"]
    assert done.stderr.splitlines()[-1] == "cut.mkv: incomplete: the file ends early"
    assert json.loads((tmp_path / "cut.json").read_text())["video"]["damage"] == "the file ends early"


@needs_ffmpeg
def test_copies_keep_the_time_stamps(tmp_path: Path) -> None:
    """Of a video with a varying frame rate and an odd size."""
    source = clip(
        tmp_path / "vfr.mkv", "-fps_mode", "vfr", filters="crop=151:101,select='not(mod(n,3))+lt(n,9)'"
    )
    done = run("analyze", INSTANT, "--output", tmp_path, "--annotate", source)
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
        ([INSTANT, "--blur=humans"], "--blur humans needs a HumanDetector"),
        (["--blur=faces", "--skip-still"], "--blur faces: valid is only without --skip-still"),
    ],
)
def test_a_wrong_set_up_is_said_before_anything_is_read(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze_command.run([*arguments, "--output", str(tmp_path), str(sample_clip())]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ratio", ["2", "x"])
def test_a_share_that_is_none_is_named_with_what_is_valid(
    ratio: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        analyze_command.run(["v.mp4", f"--frame-ratio={ratio}"])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"--frame-ratio: found '{ratio}', valid is a number above 0 and up to 1")


def test_a_missing_model_says_what_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    assert analyze_command.run(["--output", str(tmp_path), str(sample_clip())]) == 2
    shown = capsys.readouterr().err
    assert "run: human-detector models get centernet_mobilenetv3" in shown
    assert "run: human-detector models get mobilenet_ssd_widerface" in shown


def test_a_missing_package_is_said_before_the_work(tmp_path: Path) -> None:
    formats = ("--export=csv", "--export=parquet")
    without = hide_package(tmp_path, "pyarrow")
    done = run("analyze", INSTANT, *formats, "--output", tmp_path / "out", sample_clip(), path=without)
    assert done.returncode == 2
    assert 'the format parquet needs pyarrow: pip install "human-detector[parquet]"' in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["a_file", "/proc/here"])
def test_a_folder_that_takes_no_files_is_said_before_the_work(place: str, tmp_path: Path) -> None:
    (tmp_path / "a_file").touch()
    done = run("analyze", INSTANT, "--output", place, sample_clip(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"human-detector analyze: --output {place}: nothing can be written there: ")
    assert len(done.stderr.splitlines()) == 1


def test_what_fails_costs_none_of_the_other_files(tmp_path: Path) -> None:
    for kind in ("coco.json", "annotated.mp4"):
        (tmp_path / f"carphone_pristine.{kind}").mkdir()
    wishes = ("--export=coco", "--export=csv", "--annotate", "--report")
    done = run("analyze", INSTANT, *wishes, "--output", tmp_path, sample_clip())
    assert done.returncode == 1
    assert "carphone_pristine.mp4: failed: export to coco: IsADirectoryError" in done.stderr
    assert "annotated.mp4" in done.stderr
    assert {path.name.partition(".")[2] for path in tmp_path.iterdir() if path.is_file()} == {
        "csv",
        "json",
        "report.html",
    }


def test_arguments_become_those_of_the_analyzer() -> None:
    options = analyze_command._parse(
        [
            "--engine=tensorflow",
            "--tracker",
            "--skip-still",
            "--detector=FaceDetector",
            f"{INSTANT}={{}}",
            "v",
        ]
    )
    assert analyze_command.human_detection(options) == {
        "detectors": [
            ["FaceDetector", {"engine": "tensorflow"}],
            ["support.fake_detectors:InstantDetector", {}],
        ],
        "tracker": True,
        "skip_still": True,
    }
    configured = analyze_command.human_detection(analyze_command._parse(["--frame-ratio=0.5", "v"]))
    assert configured["frame_ratio"] == 0.5
    assert configured["detectors"][0][1]["model"] == "centernet_mobilenetv3", "unless another is asked for"
    configured = analyze_command.human_detection(analyze_command._parse(["--config=variables.json", "v"]))
    assert "model" not in configured["detectors"][0][1]
    with pytest.raises(ConfigurationError):
        analyze_command.human_detection(analyze_command._parse(["--detector=X={", "v"]))


def test_a_full_disk_is_an_outcome(tmp_path: Path) -> None:
    """Of that video: what is written where nothing can be written."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    shutil.copy(sample_clip(), tmp_path / "clip.mp4")
    (tmp_path / "clip.json.part").symlink_to("/dev/full")
    done = run("analyze", INSTANT, "--output", tmp_path, tmp_path / "clip.mp4")
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert not (tmp_path / "clip.json").exists()
