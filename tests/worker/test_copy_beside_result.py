"""The anonymised copy that the worker puts beside its results."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from human_detector.configuration import WorkerSettings
from human_detector.errors import PermanentError, TransientError
from human_detector.worker import copy_beside_result, side_program
from sample_clip import sample_clip
from support.pictures import detail, picture
from support.worker_harness import Aws, run_worker

FACE = ["support.fake_detectors:ScoredDetector", {"label": "face", "score": 0.9}]
HUMAN_DETECTION = {"detectors": [FACE], "frame_ratio": 1}
BOX = {"x_min": 0.25, "y_min": 0.25, "x_max": 0.75, "y_max": 0.75}


def test_a_copy_lies_beside_the_result(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip(), key="videos/my clip.mp4")
    run_worker(aws.variables(human_detection=HUMAN_DETECTION, anonymize={"style": "solid"}), tmp_path)
    assert aws.keys() == ["human_detector/42/my clip.anonymized.mp4", "human_detector/42/my clip.json"]
    stored = aws.s3.get_object(Bucket=aws.bucket, Key="human_detector/42/my clip.anonymized.mp4")
    result = aws.s3.head_object(Bucket=aws.bucket, Key="human_detector/42/my clip.json")
    assert stored["ContentType"] == "video/mp4"
    assert stored["Metadata"] == result["Metadata"]
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(stored["Body"].read())
    for index in (0, 60, 119):
        assert detail(picture(copy, index), BOX) < 0.1 * detail(picture(sample_clip(), index), BOX)


def test_what_is_done_without_a_copy_is_done_again(aws: Aws, tmp_path: Path) -> None:
    aws.submit(42, sample_clip())
    run_worker(aws.variables(human_detection=HUMAN_DETECTION), tmp_path)
    assert aws.keys() == ["human_detector/42/42.json"]
    aws.send({"VideoId": 42, "key": "videos/42.mp4"})
    run_worker(aws.variables(human_detection=HUMAN_DETECTION, anonymize={}), tmp_path)
    assert aws.keys() == ["human_detector/42/42.anonymized.mp4", "human_detector/42/42.json"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit('first\\nno such thing')", "could not be written: no such thing"),
        ("import os; os.abort()", "could not be written: status -6"),
        ("pass", "its program left none"),
    ],
)
def test_a_copy_that_fails_is_a_failed_attempt(
    code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, "-c", code))
    with pytest.raises(TransientError, match=reason):
        write(tmp_path)


def test_the_program_says_what_is_wrong_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(
        TransientError, match=r"could not be written: .*result\.json cannot be read: No such file"
    ):
        write(tmp_path)


def test_a_copy_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; open(sys.argv[-2], 'w').write('1234')"
    monkeypatch.setattr(side_program, "CONFINED", (sys.executable, "-c", code))
    assert write(tmp_path).read_text() == "1234"
    monkeypatch.setattr(copy_beside_result, "LARGEST_BYTES", 3)
    with pytest.raises(PermanentError, match="the anonymised copy has 4 bytes, S3 takes 3 in one piece"):
        write(tmp_path)


def write(folder: Path) -> Path:
    return copy_beside_result.write_worker_copy(
        folder / "video", folder / "result.json", {}, WorkerSettings(), lambda: None
    )
