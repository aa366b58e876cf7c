"""What a result was made of: nothing that matters is left out of its stamp."""

from __future__ import annotations

from dataclasses import replace

import pytest

from human_detector.aws.storage import S3Object
from human_detector.worker import stamp as module
from human_detector.worker.stamp import is_of_another_content, stamp

VIDEO = S3Object("b", "videos/1.mp4", "etag", 10, {})
SETTINGS = {"detectors": [["HumanDetector", {}]], "frame_ratio": 0.2}


def test_the_same_video_and_question_have_the_same_stamp() -> None:
    assert stamp(VIDEO, SETTINGS) == stamp(replace(VIDEO, metadata={"videoid": "1"}), dict(SETTINGS))
    turned = dict(reversed(SETTINGS.items()))
    assert stamp(VIDEO, turned) == stamp(VIDEO, SETTINGS), "the order of the settings means nothing"


@pytest.mark.parametrize("other", [{"bucket": "c"}, {"key": "others/1.mp4"}, {"etag": "another"}], ids=str)
def test_another_video_has_another_stamp(other: dict[str, str]) -> None:
    assert stamp(replace(VIDEO, **other), SETTINGS) != stamp(VIDEO, SETTINGS)  # type: ignore[arg-type]


def test_another_question_has_another_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stamp(VIDEO, SETTINGS)
    assert stamp(VIDEO, {**SETTINGS, "frame_ratio": 0.5}) != asked
    monkeypatch.setattr(module, "SCHEMA_VERSION", "2.0")
    assert stamp(VIDEO, SETTINGS) != asked, "results have another form by now"


def test_a_stamp_is_metadata_that_s3_takes() -> None:
    made_of = stamp(replace(VIDEO, key="vidéos/☃.mp4"), {"detectors": [["☃" * 2000, {}]]})
    assert all((name + value).isascii() for name, value in made_of.items())
    assert sum(len(name + value) for name, value in made_of.items()) < 1000


def test_only_a_result_of_the_same_video_is_outdated_by_another_content() -> None:
    made_of = stamp(VIDEO, SETTINGS)
    assert not is_of_another_content(made_of, replace(VIDEO, etag="".join(["et", "ag"])))
    for another in ("another", "one more"):  # One before and one behind it in the alphabet.
        assert is_of_another_content(made_of, replace(VIDEO, etag=another))
    assert not is_of_another_content(made_of, replace(VIDEO, key="others/1.mp4", etag="another"))
    assert not is_of_another_content({}, VIDEO)
