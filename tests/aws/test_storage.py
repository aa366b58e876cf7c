"""The S3 side of a job: what S3's refusals mean, and whose video an object is."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from human_detector.aws.s3_keys import result_key
from human_detector.aws.storage import S3Object, Storage
from human_detector.errors import BadMessage, ObjectReplaced, PermanentError, Superseded, TransientError
from human_detector.worker.messages import VideoRequest, video_id_of
from support.worker_harness import REGION, Aws


@pytest.fixture
def client(aws: Aws) -> Any:
    return boto3.client("s3", region_name=REGION)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("404", 404, "there is no such object"),
        ("403", 403, "no permission to read it"),
        ("AccessDenied", 403, "no permission to read it"),
        ("NoSuchBucket", 404, "there is no such bucket"),
        ("InvalidObjectState", 403, "archived"),
    ],
)
def test_a_refusal_that_stays_names_bucket_key_and_reason(
    client: Any, code: str, status: int, reason: str
) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("head_object", code, http_status_code=status)
        with pytest.raises(PermanentError) as caught:
            Storage(client).find("the-bucket", "videos/1.mp4")
    assert "s3://the-bucket/videos/1.mp4" in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("RequestTimeout", 400)]
)
def test_trouble_that_passes_is_not_taken_for_a_refusal(client: Any, code: str, status: int) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("head_object", code, http_status_code=status)
        with pytest.raises(ClientError):
            Storage(client).find("the-bucket", "videos/1.mp4")


@pytest.mark.parametrize("size", [0, 100, 9_000_000])
def test_an_object_that_is_replaced_before_it_is_fetched_is_not_taken_for_the_old_one(
    size: int, aws: Aws, client: Any, tmp_path: Path
) -> None:
    client.put_object(Bucket=aws.bucket, Key="k", Body=b"a" * size)
    found = Storage(client).find(aws.bucket, "k")
    Storage(client).download(found, tmp_path / "a", lambda: None)
    assert (tmp_path / "a").read_bytes() == b"a" * size
    client.put_object(Bucket=aws.bucket, Key="k", Body=b"b" * (size or 1))
    with pytest.raises(ObjectReplaced, match="k was replaced meanwhile"):
        Storage(client).download(found, tmp_path / "b", lambda: None)


def test_a_name_that_no_bucket_can_have(client: Any) -> None:
    storage = Storage(client)
    assert storage.look("no bucket", "k") is None
    with pytest.raises(PermanentError, match="cannot read s3://no bucket/k: no object can have that name"):
        storage.find("no bucket", "k")


def stands(storage: Storage, aws: Aws) -> S3Object:
    """What stands at `r`, without when it was stored: whoever has stored it does not know that to the second."""
    found = storage.look(aws.bucket, "r")
    assert found is not None
    assert abs(found.modified_at - time.time()) < 60
    return replace(found, modified_at=0)


def test_only_what_is_known_to_stand_there_is_replaced_or_removed(
    aws: Aws, client: Any, tmp_path: Path
) -> None:
    storage, file = Storage(client), tmp_path / "result.json"
    file.write_text("{}")
    first = storage.store(file, aws.bucket, "r", {"made": "first"}, replacing=None)
    assert stands(storage, aws) == first
    with pytest.raises(Superseded):
        storage.store(file, aws.bucket, "r", {"made": "second"}, replacing=None)
    file.write_text("[]")
    second = storage.store(file, aws.bucket, "r", {"made": "second"}, replacing=first)
    with pytest.raises(Superseded):
        storage.store(file, aws.bucket, "r", {"made": "third"}, replacing=first)
    assert not storage.remove(first)
    assert stands(storage, aws) == second
    assert storage.remove(second)
    assert storage.look(aws.bucket, "r") is None
    with pytest.raises(Superseded):
        storage.store(file, aws.bucket, "r", {}, replacing=second)


@pytest.mark.parametrize(
    ("key", "metadata", "video_id"),
    [("in/clip.mp4", {"videoid": "7"}, 7), ("in/42.mp4", {}, 42), ("in/42.mp4", {"videoid": "7"}, 7)],
)
def test_whose_video_an_object_is(
    aws: Aws, client: Any, key: str, metadata: dict[str, str], video_id: int
) -> None:
    client.put_object(Bucket=aws.bucket, Key=key, Body=b"x", Metadata=metadata)
    assert video_id_of(VideoRequest(None, aws.bucket, key), Storage(client)) == video_id


def test_a_missing_object_is_known_by_its_file_name(aws: Aws, client: Any) -> None:
    assert video_id_of(VideoRequest(None, aws.bucket, "in/42.mp4"), Storage(client)) == 42


@pytest.mark.parametrize(
    ("key", "metadata"),
    [
        ("in/clip.mp4", {}),
        ("in/42.mp4", {"videoid": "seven"}),
        ("in/2024_05_01.mp4", {}),
        ("in/+7.mp4", {}),
        ("in/ 7.mp4", {}),
        ("in/٤٢.mp4", {}),
        ("in/" + 39 * "1" + ".mp4", {}),
    ],
)
def test_an_object_that_says_nothing(aws: Aws, client: Any, key: str, metadata: dict[str, str]) -> None:
    client.put_object(Bucket=aws.bucket, Key=key, Body=b"x", Metadata=metadata)
    with pytest.raises(BadMessage, match="valid is a whole number"):
        video_id_of(VideoRequest(None, aws.bucket, key), Storage(client))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("videos/42.mp4", "human_detector/42/42.json"),
        ("a.b/c.d.mov", "human_detector/42/c.d.json"),
        ("noslash", "human_detector/42/noslash.json"),
        ("../../x.mp4", "human_detector/42/x.json"),
    ],
)
def test_where_a_result_goes(key: str, expected: str) -> None:
    assert result_key(42, key) == expected


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "nothing"])
def test_only_a_file_is_stored(kind: str, aws: Aws, client: Any, tmp_path: Path) -> None:
    """A program that was broken into could leave a link to what the worker can read, and it cannot."""
    path, secret = tmp_path / "copy.mp4", tmp_path / "secret"
    secret.write_text("secret")
    match kind:
        case "link":
            path.symlink_to(secret)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
    with pytest.raises(TransientError, match=r"copy\.mp4 cannot be stored"):
        Storage(client).store(path, aws.bucket, "copy.mp4", {}, None)
    assert aws.keys("") == []
