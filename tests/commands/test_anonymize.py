"""human-detector anonymize as a process: what it writes, what it says, and what another run makes of it."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sample_clip import sample_clip
from support.commands import command_line, environment, run
from support.media import clip, needs_ffmpeg, packet_hashes, run_ffmpeg
from support.pictures import detail, picture
from support.worker_harness import wait_until

pytestmark = pytest.mark.long

BOX = {"x_min": 0.25, "y_min": 0.25, "x_max": 0.75, "y_max": 0.75}
"""Where the tests' detectors find something."""


def detector(label: str, score: float) -> str:
    return f"--detector=support.fake_detectors:ScoredDetector={json.dumps({'label': label, 'name': label, 'score': score, 'min_detection_score': 0.1})}"


SURE, WEAK = detector("face", 0.9), detector("face", 0.15)


def facts(folder: Path, name: str = "v") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{name}.doubtful.json").read_text())
    return read


@needs_ffmpeg
def test_everybody_is_covered_in_every_frame(tmp_path: Path) -> None:
    video, out = tmp_path / "v.mp4", tmp_path / "out"
    run_ffmpeg(
        "-i",
        clip(tmp_path / "plain.mp4", frames=20, sound=0.8),
        "-c",
        "copy",
        "-metadata",
        "title=Anna",
        video,
    )
    before = video.read_bytes()
    done = run("anonymize", SURE, "--style=solid", "--output", out, video)
    assert done.returncode == 0, done.stderr
    assert video.read_bytes() == before
    assert sorted(path.name for path in out.iterdir()) == ["v.anonymized.json", "v.anonymized.mp4", "v.doubtful.html", "v.doubtful.json"]  # fmt: skip
    assert done.stdout.splitlines()[-3:] == [
        f"{video}: 20 frames, 20 faces, 0 heads by person, 0 moments to look at",
        f"{video}: the copy does not have the video's title",
        "1 done",
    ]
    copy = out / "v.anonymized.mp4"
    for index in (0, 10, 19):
        assert detail(picture(copy, index), BOX) < 0.2 * detail(picture(video, index), BOX)
    assert packet_hashes(copy, "a:0") == packet_hashes(video, "a:0")
    # What is done is not done again, and said again.
    made = copy.stat().st_mtime_ns
    again = run("anonymize", SURE, "--style=solid", "--output", out, video)
    assert again.returncode == 0
    assert "loading the models" not in again.stderr
    assert again.stdout.splitlines()[-3] == done.stdout.splitlines()[-3]
    assert copy.stat().st_mtime_ns == made


@needs_ffmpeg
def test_another_wish_needs_no_other_analysis(tmp_path: Path) -> None:
    clip(tmp_path / "v.mp4", frames=5)
    result, copy = tmp_path / "v.anonymized.json", tmp_path / "v.anonymized.mp4"
    contents = set()
    times = set()
    for wish in ("--style=blur", "--style=solid", "--margin=0.5", "--keep=face:1"):
        done = run("anonymize", SURE, wish, "--output", tmp_path, tmp_path / "v.mp4")
        assert done.returncode == 0, done.stderr
        contents.add(copy.read_bytes())
        times.add(result.stat().st_mtime_ns)
    assert (len(contents), len(times)) == (4, 1)


@needs_ffmpeg
def test_decisions_are_applied_without_another_analysis(tmp_path: Path) -> None:
    video, copy = clip(tmp_path / "v.mp4", frames=10), tmp_path / "v.anonymized.mp4"
    command = ("anonymize", WEAK, "--style=solid", "--output", tmp_path)
    first = run(*command, video)
    assert first.returncode == 0, first.stderr
    page = tmp_path / "v.doubtful.html"
    assert f"{video}: 10 frames, 0 faces, 0 heads by person, 1 moment to look at ({page})" in first.stdout
    (moment,) = facts(tmp_path)["moments"]
    assert moment["moment"] == "low score, face:1, 0"
    assert (moment["first_frame"], moment["last_frame"], moment["decision"]) == (0, 9, None)
    assert detail(picture(copy, 5), BOX) > 0.8 * detail(picture(video, 5), BOX)
    analysed = (tmp_path / "v.anonymized.json").stat().st_mtime_ns
    decisions = tmp_path / "v.decisions.json"
    for decision, is_covered in (("fine", False), ("blur", True)):
        decisions.write_text(
            json.dumps({"etag": facts(tmp_path)["video"]["etag"], "decisions": {moment["moment"]: decision}})
        )
        done = run(*command, "--decisions", decisions, video)
        assert done.returncode == 0, done.stderr
        assert "0 moments to look at, 1 decided" in done.stdout
        assert (detail(picture(copy, 5), BOX) < 0.2 * detail(picture(video, 5), BOX)) == is_covered
    assert (tmp_path / "v.anonymized.json").stat().st_mtime_ns == analysed
    # A decision about nothing that is there would leave something uncovered: there is no such copy.
    decisions.write_text(
        json.dumps({"etag": facts(tmp_path)["video"]["etag"], "decisions": {"another": "blur"}})
    )
    done = run(*command, "--decisions", decisions, video)
    assert done.returncode == 1
    assert "'another' is no moment of this video" in done.stdout


@needs_ffmpeg
def test_a_folder_is_not_anonymised_twice(tmp_path: Path) -> None:
    clip(tmp_path / "v.mp4", frames=5)
    assert run("anonymize", SURE, "--output", tmp_path, tmp_path).returncode == 0
    again = run("anonymize", SURE, "--output", tmp_path, tmp_path)
    assert again.stdout.splitlines()[-1] == "1 done before"
    # Nor does its result stand in the way of that of `analyze`.
    assert run("analyze", SURE, "--output", tmp_path, tmp_path).returncode == 0
    assert run("anonymize", SURE, "--output", tmp_path, tmp_path).stdout.splitlines()[-1] == "1 done before"


@needs_ffmpeg
def test_who_is_kept_must_be_there(tmp_path: Path) -> None:
    clip(tmp_path / "v.mp4", frames=5)
    done = run("anonymize", SURE, "--keep=face:2", "--output", tmp_path, tmp_path / "v.mp4")
    assert done.returncode == 1
    assert "--keep face:2: found nobody of that number in the video" in done.stdout
    assert not (tmp_path / "v.anonymized.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--keep=2"], "argument --keep: found '2', valid is person:NUMBER or face:NUMBER"),
        (["--margin=-1"], "argument --margin: found '-1', valid is a number from 0 to 5"),
        (["--style=none"], "argument --style: invalid choice: 'none'"),
        (["--what=people", SURE], "human-detector anonymize: --what people needs a HumanDetector, and none is configured"),
        (["--decisions=none.json"], "human-detector anonymize: --decisions none.json: cannot be read: No such file"),
        (["more.mp4", "--keep=face:1"], "human-detector anonymize: --keep face:1: found 2 videos, valid is one"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)  # fmt: skip
@needs_ffmpeg
def test_what_is_wrong_is_said_before_any_work(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    for name in ("v.mp4", "more.mp4"):
        clip(tmp_path / name, frames=5)
    done = run("anonymize", "v.mp4", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["more.mp4", "v.mp4"]


@needs_ffmpeg
def test_decisions_about_another_video_are_refused(tmp_path: Path) -> None:
    clip(tmp_path / "v.mp4", frames=5)
    (tmp_path / "d.json").write_text('{"etag": "another", "decisions": {}}')
    done = run("anonymize", SURE, "v.mp4", "--decisions=d.json", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        "--decisions d.json: it is about none of the videos, or about one that has changed since"
        in done.stderr
    )


def test_a_model_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing worse takes its place."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "none"))
    done = run("anonymize", "--output", tmp_path / "out", sample_clip())
    assert done.returncode == 2
    assert "human-detector models get centerface" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@needs_ffmpeg
def test_what_was_stopped_goes_on(tmp_path: Path) -> None:
    """No half copy has the name of a whole one, and no frame is analysed twice."""
    video, out = clip(tmp_path / "v.mp4", frames=20), tmp_path / "out"
    counter, hold = tmp_path / "counter", tmp_path / "hold"
    hold.write_text("8")
    held = f"--detector=support.fake_detectors:HeldDetector={json.dumps({'folder': str(tmp_path), 'max_batch_size': 1})}"
    command = ("anonymize", SURE, held, "--output", out, video)
    process = subprocess.Popen(
        command_line(*command), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: counter.exists() and counter.stat().st_size == 8)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = ""
    while "stopping" not in said:
        said += process.stderr.readline()
    hold.unlink()
    process.communicate(timeout=60)
    assert process.returncode == 130
    analysed = counter.stat().st_size
    assert analysed < 20
    assert [path.name for path in out.iterdir() if path.suffix in (".mp4", ".html", ".part")] == []
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert "going on after the" in done.stderr
    assert counter.stat().st_size == 20
    assert "20 frames, 20 faces, 0 heads by person, 0 moments to look at" in done.stdout
