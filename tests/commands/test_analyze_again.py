"""human-detector analyze after an earlier run: what is whole is kept, what was stopped goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sample_clip import sample_clip
from support.commands import INSTANT, command_line, environment, run
from support.media import clip, cut_in_packet, needs_ffmpeg
from support.worker_harness import wait_until


class Batch:
    """A folder of videos, an output folder, and a detector that counts what it is shown and can be held.

    Args:
        folder: an empty one.
        frames: of each video.
    """

    def __init__(self, folder: Path, *frames: int) -> None:
        self.folder, self.videos, self.out = folder, folder / "videos", folder / "out"
        self._counter, self._hold = folder / "counter", folder / "hold"
        self.videos.mkdir()
        self._counter.touch()
        for number, count in enumerate(frames):
            clip(self.videos / f"{number}.mp4", frames=count)

    def run(self, *options: str, **detector: Any) -> subprocess.CompletedProcess[str]:
        """Analyse the folder."""
        return run(*self._arguments(*options, **detector))

    def interrupt(self, batches: int, number: signal.Signals, *options: str) -> tuple[int, str, str]:
        """Analyse the folder, and send a signal at a batch; returns status, output and error."""
        self._counter.write_bytes(b"")
        self._hold.write_text(str(batches))
        process = subprocess.Popen(
            command_line(*self._arguments(*options)),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: self._counter.stat().st_size == batches)
        process.send_signal(number)
        assert process.stderr is not None
        said = ""
        while number == signal.SIGINT and "stopping" not in said:
            said += process.stderr.readline()
        self._hold.unlink()
        out, error = process.communicate(timeout=60)
        return process.returncode, out, said + error

    def _arguments(self, *options: str, **detector: Any) -> list[str]:
        # Every frame is a batch of its own.
        detector = {"max_batch_size": 1, "folder": str(self.folder), **detector}
        option = f"--detector=support.fake_detectors:HeldDetector={json.dumps(detector)}"
        return ["analyze", "--frame-ratio=1", option, *options, "--output", str(self.out), str(self.videos)]

    def count(self) -> int:
        """How many frames were shown to the detector since this was last asked."""
        count = self._counter.stat().st_size
        os.truncate(self._counter, 0)
        return count

    def result(self, name: str, suffix: str = "json") -> dict[str, Any]:
        """A result."""
        document: dict[str, Any] = json.loads((self.out / f"{name}.{suffix}").read_text())
        return document

    def files(self) -> list[str]:
        """What lies in the output folder."""
        return sorted(path.name for path in self.out.iterdir())


pytestmark = [needs_ffmpeg, pytest.mark.long]


def test_what_is_whole_is_not_analysed_again(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 10, 20)
    assert batch.run().returncode == 0
    assert batch.count() == 30
    first = batch.result("0")
    again = batch.run()
    assert again.returncode == 0
    assert batch.count() == 0
    assert (
        f"0.mp4: done before: {batch.out}/0.json (its result is there; --force makes it anew)" in again.stderr
    )
    assert again.stdout.splitlines()[-1] == "2 done before"
    assert "loading the models" not in again.stderr
    assert batch.run("--force").stdout.splitlines()[-1] == "2 done"
    assert batch.count() == 30
    assert batch.result("0") == first
    # The new one only.
    clip(batch.videos / "2.mp4", frames=5)
    assert batch.run().stdout.splitlines()[-1] == "2 done before, 1 done"
    assert batch.count() == 5


def test_another_file_or_configuration_is_analysed_again(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 10)
    batch.run()
    other_detector = {"min_detection_score": 0.1}
    assert batch.run(**other_detector).stdout.splitlines()[-1] == "1 done"
    assert batch.run("--tracker", **other_detector).stdout.splitlines()[-1] == "1 done"
    assert batch.run("--frame-ratio=0.5", **other_detector).stdout.splitlines()[-1] == "1 done"
    clip(batch.videos / "0.mp4", frames=12)
    assert batch.run("--frame-ratio=0.5", **other_detector).stdout.splitlines()[-1] == "1 done"
    assert batch.result("0")["video"]["frame_count"] == 12
    assert batch.run("--frame-ratio=0.5", **other_detector).stdout.splitlines()[-1] == "1 done before"


def test_what_changed_is_said(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 10)
    assert "analysed anew" not in batch.run().stderr
    fewer = batch.run("--frame-ratio=0.5").stderr.splitlines()
    assert "0.mp4: analysed anew: frame_ratio was 1.0, is 0.5" in fewer
    clip(batch.videos / "0.mp4", frames=12)
    other = batch.run("--frame-ratio=0.5", min_detection_score=0.1).stderr.splitlines()
    assert "0.mp4: analysed anew: the file changed, the detectors changed" in other
    assert "analysed anew" not in batch.run("--frame-ratio=0.5", min_detection_score=0.1).stderr


def test_videos_of_the_same_name_in_different_runs(tmp_path: Path) -> None:
    """Each keeps its own result, and finds it again: whatever is named first, or has changed."""
    for folder, frames in (("a", 10), ("b", 20)):
        (tmp_path / folder).mkdir()
        clip(tmp_path / folder / "clip.mp4", frames=frames)
    out = tmp_path / "out"

    def analyze(*folders: str) -> list[str]:
        videos = [tmp_path / folder / "clip.mp4" for folder in folders]
        done = run("analyze", INSTANT, "--output", out, *videos)
        assert done.returncode == 0, done.stderr
        return [*done.stderr.splitlines(), done.stdout.splitlines()[-1]]

    assert analyze("a")[-1] == "1 done"
    first = (out / "clip.json").read_bytes()
    said = analyze("b")
    assert f"{tmp_path}/b/clip.mp4: goes to {out}/clip-2.json: another video has the name clip there" in said
    assert said[-1] == "1 done"
    assert (out / "clip.json").read_bytes() == first
    assert analyze("b")[-1] == "1 done before"
    assert analyze("b", "a")[-1] == "2 done before"
    os.utime(tmp_path / "b" / "clip.mp4")
    assert "clip.mp4: analysed anew: the file changed" in analyze("b")
    assert sorted(path.name for path in out.iterdir()) == ["clip-2.json", "clip.json"]
    assert (out / "clip.json").read_bytes() == first


def test_what_another_video_has_left_is_not_gone_on_with(tmp_path: Path) -> None:
    """Neither lost: a file of the same name that was stopped, in another run."""
    batch = Batch(tmp_path, 60)
    batch.interrupt(20, signal.SIGKILL)
    left = (batch.out / "0.json.frames").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    done = run("analyze", INSTANT, "--output", batch.out, clip(other / "0.mp4", frames=5))
    assert done.returncode == 0
    assert batch.files() == ["0-2.json", "0.json.frames"]
    assert (batch.out / "0.json.frames").read_bytes() == left
    assert batch.run().returncode == 0
    assert batch.files() == ["0-2.json", "0.json"]


def test_what_is_wished_for_later_is_made_from_the_result(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 10)
    batch.run()
    batch.count()
    later = batch.run("--export=csv", "--annotate", "--report")
    assert later.returncode == 0, later.stderr
    assert batch.count() == 0
    assert later.stdout.splitlines()[-1] == "1 done before"
    assert (
        f"0.mp4: done before: {batch.out}/0.json, and beside it 0.csv, 0.annotated.mp4, 0.report.html "
        "(its result is there; --force makes it anew)"
    ) in later.stderr.splitlines()
    assert batch.files() == ["0.annotated.mp4", "0.csv", "0.json", "0.report.html"]
    # A copy takes as long as an analysis: one that is there is made again for a new result only.
    copy = batch.out / "0.annotated.mp4"
    made_at = copy.stat().st_mtime_ns
    batch.run("--annotate")
    assert copy.stat().st_mtime_ns == made_at
    batch.run("--annotate", "--tracker")
    assert copy.stat().st_mtime_ns > made_at


def test_what_it_wrote_itself_is_one_line(tmp_path: Path) -> None:
    """Also where all files lie in one folder, and a shell has named every one of them."""
    video = clip(tmp_path / "clip.mp4")
    formats = [f"--export={name}" for name in ("csv", "coco", "mot", "rekognition")]
    wishes = ("--annotate", "--report", *formats)
    assert run("analyze", INSTANT, *wishes, "--output", tmp_path, video).returncode == 0
    files = sorted(tmp_path.iterdir())
    assert len(files) == 11
    for places in ([tmp_path], files):
        again = run("analyze", INSTANT, "--output", tmp_path, *places)
        assert again.returncode == 0, again.stderr
        said = [line for line in again.stderr.splitlines() if not line.startswith("clip.mp4: ")]
        assert len(said) == 1
        assert said[0].startswith("skipped ")
        assert said[0].endswith(" and 7 more: made by human-detector")


def test_another_blur_is_another_copy(tmp_path: Path) -> None:
    """Both have the same name: who asks for blurred people must not be left with blurred faces."""
    detectors = [
        f'--detector=support.fake_detectors:LabelledDetector={{"label": "{label}", "name": "{label}"}}'
        for label in ("face", "person")
    ]
    copy = tmp_path / "carphone_pristine.blurred.mp4"
    times = []
    for blur in ("faces", "faces", "humans", "humans"):
        done = run("analyze", *detectors, f"--blur={blur}", "--output", tmp_path, sample_clip())
        assert done.returncode == 0, done.stderr
        times.append(copy.stat().st_mtime_ns)
    assert times[0] == times[1] < times[2] == times[3]


def test_an_interrupted_batch_goes_on_where_it_stopped(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 5, 60, 5)
    status, out, error = batch.interrupt(5 + 10, signal.SIGINT, "--annotate")
    assert status == 130, error
    assert [line.split()[1] for line in out.splitlines()[1:4]] == ["done", "stopped", "not"]
    # A valid result of what is done, beside the place of the whole one; no copy of half a video.
    partial = batch.result("1", "json.partial")
    assert not partial["video"]["complete"]
    analysed = len(partial["frames"])
    assert 10 <= analysed == partial["summary"]["analyzed_frames"] < 60
    assert batch.files() == ["0.annotated.mp4", "0.json", "1.json.frames", "1.json.partial"]
    assert f"1.mp4: stopped: {batch.out}/1.json.partial has the {analysed} frames so far" in error
    assert batch.count() == 5 + analysed
    again = batch.run("--annotate")
    assert again.returncode == 0, again.stderr
    assert f"1.mp4: going on after the {analysed} frames that are analysed" in again.stderr
    assert batch.count() == 60 - analysed + 5
    assert again.stdout.splitlines()[-1] == "1 done before, 2 done"
    assert [frame["index"] for frame in batch.result("1")["frames"]] == list(range(60))
    assert batch.files() == [f"{i}.{kind}" for i in range(3) for kind in ("annotated.mp4", "json")]


def test_a_killed_run_goes_on_as_well(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 60)
    status, _, _ = batch.interrupt(20, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert batch.files() == ["0.json.frames"]
    left = (batch.out / "0.json.frames").read_bytes().count(b"\n") - 1
    assert 10 < left < 20
    batch.count()
    assert batch.run().returncode == 0
    assert batch.count() == 60 - left
    assert [frame["index"] for frame in batch.result("0")["frames"]] == list(range(60))


def test_what_was_stopped_with_other_arguments_is_not_mixed_in(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 60)
    batch.interrupt(10, signal.SIGINT)
    batch.count()
    assert batch.run(min_detection_score=0.1).returncode == 0
    assert batch.count() == 60
    assert batch.files() == ["0.json"]


@pytest.mark.parametrize("change", ["--force", "--tracker"])
def test_a_part_never_takes_the_place_of_a_whole_result(change: str, tmp_path: Path) -> None:
    batch = Batch(tmp_path, 60)
    batch.run()
    whole = (batch.out / "0.json").read_bytes()
    status, _, error = batch.interrupt(10, signal.SIGINT, change)
    assert status == 130
    assert (batch.out / "0.json").read_bytes() == whole
    if change == "--force":
        assert f"0.mp4: stopped: {batch.out}/0.json stays as it was" in error
        assert batch.files() == ["0.json"]
    assert batch.run().stdout.splitlines()[-1] == "1 done before"


def test_a_damaged_video_is_not_analysed_again_either(tmp_path: Path) -> None:
    cut_in_packet(clip(tmp_path / "whole.mkv", frames=50), tmp_path / "cut.mkv", 25)
    first = run("analyze", INSTANT, "--output", tmp_path, tmp_path / "cut.mkv")
    second = run("analyze", INSTANT, "--output", tmp_path, tmp_path / "cut.mkv")
    for done in (first, second):
        assert done.returncode == 1
        assert done.stdout.splitlines()[-1] == "1 incomplete"
    said = "cut.mkv: incomplete: the file ends early (its result is there; --force makes it anew)"
    assert said in second.stderr.splitlines()


@pytest.mark.parametrize("options", [(), ("--force",)])
@pytest.mark.parametrize("content", ['{"mine": true}', "no JSON at all"])
def test_a_file_of_somebody_else_is_not_replaced(
    content: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    batch = Batch(tmp_path, 10, 20)
    batch.out.mkdir()
    theirs = batch.out / "0.json"
    theirs.write_text(content)
    done = batch.run(*options)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 failed, 1 done"
    (reason,) = [line for line in done.stderr.splitlines() if line.startswith("0.mp4: failed: ")]
    assert str(theirs) in reason
    assert theirs.read_text() == content
    assert batch.count() == 20


def test_a_result_of_another_version_is_ours_to_replace(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 10)
    batch.run()
    old = batch.result("0") | {"schema_version": "0.1"}
    (batch.out / "0.json").write_text(json.dumps(old))
    assert batch.run().stdout.splitlines()[-1] == "1 done"
    assert batch.result("0")["schema_version"] != "0.1"
