"""The report that the worker puts beside its results."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from human_detector.aws.storage import S3Object
from human_detector.configuration import WorkerSettings
from human_detector.errors import Interrupted
from human_detector.worker import report_beside_result as worker_report
from human_detector.worker import side_program
from sample_clip import sample_clip
from support.media import clip, needs_ffmpeg
from support.report_page import page_data
from support.worker_harness import Aws, run_worker

VIDEO_OBJECT = S3Object("b", "videos/a 1.mp4", "e", 1, {})


def test_the_worker_puts_a_report_beside_the_result(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip(), key="videos/my clip.mp4")
    run_worker(aws.variables(report=True), tmp_path)
    assert aws.keys() == ["human_detector/42/my clip.html", "human_detector/42/my clip.json"]
    page = aws.s3.get_object(Bucket=aws.bucket, Key="human_detector/42/my clip.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    (tmp_path / "page.html").write_bytes(page["Body"].read())
    data = page_data(tmp_path / "page.html")
    assert data["title"] == "my clip.mp4"
    assert data["summary"] == aws.result(42)["summary"]
    assert data["source"].startswith("data:video/mp4")


@needs_ffmpeg
def test_of_a_video_that_browsers_do_not_play_it_shows_pictures(aws: Aws, tmp_path: Path) -> None:
    """And no copy is uploaded."""
    aws.submit(42, clip(tmp_path / "v.avi", "-c:v", "mpeg4", frames=20), key="videos/v.avi")
    run_worker(aws.variables(report=True), tmp_path)
    assert aws.keys() == ["human_detector/42/v.html", "human_detector/42/v.json"]
    page = aws.s3.get_object(Bucket=aws.bucket, Key="human_detector/42/v.html")["Body"].read()
    (tmp_path / "page.html").write_bytes(page)
    data = page_data(tmp_path / "page.html")
    assert (data["source"], data["copy"], data["format"]) == (None, None, "MPEG4 (yuv420p) in AVI")
    assert [each["picture"][:16] for each in data["stills"]] == ["data:image/jpeg;"]


def test_without_the_setting_there_is_none(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip())
    run_worker(aws.variables(), tmp_path)
    assert aws.keys() == ["human_detector/42/42.json"]


@pytest.mark.parametrize(("bucket", "address"), [("b", "../../videos/a%201.mp4"), ("other", "a%201.mp4")])
def test_the_worker_says_where_the_video_is(
    bucket: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from the page, in a program that stands in for human-detector report."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, pathlib\n"
        "if '--output' in sys.argv: (pathlib.Path(sys.argv[4]) / 'page.html').write_text(sys.argv[-1])"
    )
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, str(program)))
    page = worker_report.write_worker_report(
        VIDEO_OBJECT,
        tmp_path / "video",
        tmp_path / "r.json",
        bucket,
        "human_detector/42/a 1.html",
        WorkerSettings(),
        lambda: None,
    )
    assert page is not None
    assert page.read_text() == f"--address={address}"


def test_a_report_that_fails_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = (
        VIDEO_OBJECT,
        tmp_path / "video",
        tmp_path / "r.json",
        "b",
        "k.html",
        WorkerSettings(),
        lambda: None,
    )
    assert worker_report.write_worker_report(*arguments) is None
    assert "no report: human-detector report:" in caplog.text
    program = tmp_path / "program.py"
    program.write_text("import os; os.abort()")
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, str(program)))
    assert worker_report.write_worker_report(*arguments) is None
    assert "no report: status -6" in caplog.text


def test_a_report_ends_with_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, str(program)))

    def check() -> None:
        raise Interrupted("SIGTERM")

    with pytest.raises(Interrupted):
        worker_report.write_worker_report(
            VIDEO_OBJECT, tmp_path / "video", tmp_path / "r.json", "b", "k.html", WorkerSettings(), check
        )


BROKEN_INTO = """
import runpy, sys
from pathlib import Path
from human_detector.report.opening import opening
page, module = Path(sys.argv[4]) / "page.html", sys.argv[5]
if module == "human_detector":
    {does}
else:
    sys.argv[1:] = sys.argv[6:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("page.write_text('<script>alert(1)</script>')", "the page does not begin as ours do"),
        (
            "page.write_text(opening().replace(\"default-src 'none'\", 'default-src *'))",
            "does not begin as ours",
        ),
        ("page.write_text('<!-- -->' + opening())", "does not begin as ours"),
        ("page.symlink_to('/proc/self/environ')", "Errno"),
        ("page.mkdir()", "no file, but something else"),
        ("import os; os.mkfifo(page)", "no file, but something else"),
        ("pass", "No such file"),
        ("page.write_text(opening() + '<script>powerless</script>')", ""),
    ],
)
def test_what_a_program_that_was_broken_into_writes(
    does: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page opens with our policy, behind which no script but ours runs, or it is not stored."""
    program = tmp_path / "program.py"
    program.write_text(BROKEN_INTO.format(does=does))
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, str(program)))
    page = worker_report.write_worker_report(
        VIDEO_OBJECT, tmp_path / "video", tmp_path / "r.json", "b", "k.html", WorkerSettings(), lambda: None
    )
    if reason:
        assert page is None
        assert reason in caplog.text
    else:
        assert page is not None
        assert caplog.text == ""
