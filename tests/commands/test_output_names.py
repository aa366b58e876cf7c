"""Names of files in a folder where others are already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands.output_names import OutputNames, own_of_local, own_of_record
from support.sample_results import sample_result


def put(path: Path, video: dict[str, Any], **more: Any) -> None:
    """A result of a video."""
    path.write_text(json.dumps({**sample_result(2), **more, "video": video}))


def own(etag: str, file: str) -> Any:
    return own_of_local({"etag": etag, "file": file})


@pytest.mark.parametrize("suffix", ["json", "json.partial"])
def test_what_is_there_is_another_videos_or_our_own(suffix: str, tmp_path: Path) -> None:
    put(tmp_path / f"clip.{suffix}", {"etag": "1", "file": "../a/clip.mp4"})
    put(tmp_path / "clip-2.json", {"etag": "2", "file": "../b/clip.mp4"})
    for etag, file, name in (
        ("3", "../c/clip.mp4", "clip-3"),
        ("3", "../b/clip.mp4", "clip-2"),
        ("1", "../b/clip.mp4", "clip-2"),
        ("1", "moved.mp4", "clip"),
    ):
        assert OutputNames(tmp_path).choose("clip", *own(etag, file)) == name


def test_no_name_is_given_twice(tmp_path: Path) -> None:
    put(tmp_path / "clip.json", {"etag": "1", "file": "clip.mp4"})
    names = OutputNames(tmp_path)
    assert [names.choose("clip", *own("1", file)) for file in ("copy.mp4", "clip.mp4")] == ["clip", "clip-2"]
    assert names.choose("other", *own("1", "other.mp4")) == "other"


def test_what_does_not_say_whose_it_is(tmp_path: Path) -> None:
    """A result of the first days is ours; one that a worker has made is not, nor is ours a record's."""
    put(tmp_path / "old.json", {"etag": "1"})
    put(tmp_path / "new.json", {"etag": "1", "bucket": "b", "key": "new.mp4"}, video_id=7)
    (tmp_path / "theirs.json").write_text('{"mine": true}')
    (tmp_path / "cut.json.frames").write_text('{"made_o')
    assert OutputNames(tmp_path).choose("old", *own("2", "old.mp4")) == "old"
    assert OutputNames(tmp_path).choose("new", *own("2", "new.mp4")) == "new-2"
    assert OutputNames(tmp_path).choose("theirs", *own("2", "theirs.mp4")) == "theirs"
    assert OutputNames(tmp_path).choose("cut", *own("2", "cut.mp4")) == "cut"
    assert OutputNames(tmp_path).choose("new", own_of_record(7)) == "new"
    assert OutputNames(tmp_path).choose("new", own_of_record(8)) == "new-2"
    assert OutputNames(tmp_path).choose("theirs", own_of_record(7)) == "theirs-2"
