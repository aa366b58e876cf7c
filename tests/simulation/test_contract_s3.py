"""The rules of S3 that the product leans on, against the simulation and two emulators.

API reference: https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from s3transfer.exceptions import S3DownloadFailedError  # type: ignore[import-untyped]

from simulation.targets import Target, refused

OLD, NEW = b"old content", b"new content"


@pytest.fixture
def bucket(target: Target) -> str:
    return target.bucket()


def put(target: Target, bucket: str, content: bytes = OLD, **more: Any) -> str:
    """Store an object as `key`; returns its ETag."""
    etag: str = target.clients.s3.put_object(Bucket=bucket, Key="key", Body=content, **more)["ETag"]
    return etag


def get(target: Target, bucket: str, **more: Any) -> bytes:
    """The content of `key`."""
    content: bytes = target.clients.s3.get_object(Bucket=bucket, Key="key", **more)["Body"].read()
    return content


def test_an_object_is_what_was_stored(target: Target, bucket: str) -> None:
    put(target, bucket, ContentType="application/json", Metadata={"Video-Etag": "E", "analysis": "a"})
    answer = target.clients.s3.get_object(Bucket=bucket, Key="key")
    assert answer["Body"].read() == OLD
    for description in (answer, target.clients.s3.head_object(Bucket=bucket, Key="key")):
        assert description["ETag"] == f'"{hashlib.md5(OLD).hexdigest()}"'
        assert description["ContentLength"] == len(OLD)
        assert description["ContentType"] == "application/json"
        assert description["Metadata"] == {"video-etag": "E", "analysis": "a"}
        assert abs(description["LastModified"].timestamp() - target.now()) < 60


def test_a_write_is_seen_at_once_and_replaces_everything(target: Target, bucket: str) -> None:
    put(target, bucket, Metadata={"a": "1"})
    etag = put(target, bucket, NEW)
    head = target.clients.s3.head_object(Bucket=bucket, Key="key")
    assert (head["ETag"], head["Metadata"]) == (etag, {})
    assert get(target, bucket) == NEW


def test_the_same_content_has_the_same_etag(target: Target, bucket: str) -> None:
    assert put(target, bucket, Metadata={"a": "1"}) == put(target, bucket, Metadata={"a": "2"})


def test_an_object_that_is_not_there(target: Target, bucket: str) -> None:
    with refused("404"):
        target.clients.s3.head_object(Bucket=bucket, Key="key")
    with refused("NoSuchKey"):
        get(target, bucket)
    with refused("NoSuchKey"):
        get(target, bucket, IfMatch='"etag"')


def test_a_bucket_that_is_not_there(target: Target) -> None:
    with refused("404"):
        target.clients.s3.head_object(Bucket="no-such-bucket", Key="key")
    for request in (get, put):
        with refused("NoSuchBucket"):
            request(target, "no-such-bucket")
    with refused("NoSuchBucket"):
        target.clients.s3.delete_object(Bucket="no-such-bucket", Key="key")


def test_a_write_where_nothing_may_be(target: Target, bucket: str) -> None:
    put(target, bucket, OLD, IfNoneMatch="*")
    with refused("PreconditionFailed"):
        put(target, bucket, NEW, IfNoneMatch="*")
    assert get(target, bucket) == OLD
    target.clients.s3.delete_object(Bucket=bucket, Key="key")
    put(target, bucket, NEW, IfNoneMatch="*")


def test_a_write_in_place_of_what_was_seen(target: Target, bucket: str) -> None:
    seen = put(target, bucket, OLD)
    put(target, bucket, NEW, IfMatch=seen)
    with refused("PreconditionFailed"):
        put(target, bucket, b"third content", IfMatch=seen)
    assert get(target, bucket) == NEW


def test_a_write_in_place_of_what_is_gone(target: Target, bucket: str) -> None:
    seen = put(target, bucket)
    target.clients.s3.delete_object(Bucket=bucket, Key="key")
    with refused("NoSuchKey"):
        put(target, bucket, NEW, IfMatch=seen)
    with refused("404"):
        target.clients.s3.head_object(Bucket=bucket, Key="key")


def test_a_read_of_what_was_seen(target: Target, bucket: str) -> None:
    seen = put(target, bucket, OLD)
    assert get(target, bucket, IfMatch=seen) == OLD
    target.clients.s3.head_object(Bucket=bucket, Key="key", IfMatch=seen)
    put(target, bucket, NEW)
    with refused("PreconditionFailed"):
        get(target, bucket, IfMatch=seen)
    with refused("412"):
        target.clients.s3.head_object(Bucket=bucket, Key="key", IfMatch=seen)


def test_deleting_what_is_not_there_is_no_error(target: Target, bucket: str) -> None:
    put(target, bucket)
    for _ in range(2):
        target.clients.s3.delete_object(Bucket=bucket, Key="key")
    with refused("NoSuchKey"):
        get(target, bucket)


def test_a_deletion_of_what_was_seen(target: Target, bucket: str) -> None:
    seen = put(target, bucket, OLD)
    put(target, bucket, NEW)
    with refused("PreconditionFailed"):
        target.clients.s3.delete_object(Bucket=bucket, Key="key", IfMatch=seen)
    seen = put(target, bucket, NEW)
    target.clients.s3.delete_object(Bucket=bucket, Key="key", IfMatch=seen)
    with refused("NoSuchKey"):
        target.clients.s3.delete_object(Bucket=bucket, Key="key", IfMatch=seen)


@pytest.mark.parametrize(
    ("wanted", "content", "said"),
    [
        ("bytes=0-2", b"old", "bytes 0-2/11"),
        ("bytes=4-", b"content", "bytes 4-10/11"),
        ("bytes=0-99", OLD, "bytes 0-10/11"),
    ],
)
def test_a_part_of_an_object(target: Target, bucket: str, wanted: str, content: bytes, said: str) -> None:
    seen = put(target, bucket)
    answer = target.clients.s3.get_object(Bucket=bucket, Key="key", Range=wanted, IfMatch=seen)
    assert answer["Body"].read() == content
    assert (answer["ContentRange"], answer["ContentLength"]) == (said, len(content))
    with refused("InvalidRange"):
        get(target, bucket, Range="bytes=11-20")


def test_objects_are_listed_by_prefix_in_the_order_of_their_keys(target: Target, bucket: str) -> None:
    for key in ("b/2", "a/1", "b/10", "c"):
        target.clients.s3.put_object(Bucket=bucket, Key=key, Body=OLD)
    listed = target.clients.s3.list_objects_v2(Bucket=bucket, Prefix="b/")
    assert [(entry["Key"], entry["Size"]) for entry in listed["Contents"]] == [("b/10", 11), ("b/2", 11)]
    assert (listed["KeyCount"], listed["IsTruncated"]) == (2, False)
    assert "Contents" not in target.clients.s3.list_objects_v2(Bucket=bucket, Prefix="none")


def test_a_file_is_stored_in_one_request(target: Target, bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    sent, requests = list[int](), list[str]()
    target.before_s3 = requests.append
    target.clients.s3.upload_file(
        str(path),
        bucket,
        "key",
        ExtraArgs={"ContentType": "text/html", "Metadata": {"a": "1"}},
        Callback=sent.append,
    )
    assert requests == ["PutObject"]
    head = target.clients.s3.head_object(Bucket=bucket, Key="key")
    assert (head["ContentType"], head["Metadata"]) == ("text/html", {"a": "1"})
    assert get(target, bucket) == OLD
    assert sum(sent) == len(OLD)


def test_a_file_is_fetched_in_two_requests(target: Target, bucket: str, tmp_path: Path) -> None:
    put(target, bucket)
    path, got, requests = tmp_path / "file", list[int](), list[str]()
    target.before_s3 = requests.append
    target.clients.s3.download_file(bucket, "key", str(path), Callback=got.append)
    assert requests == ["HeadObject", "GetObject"]
    assert path.read_bytes() == OLD
    assert sum(got) == len(OLD)


@pytest.mark.parametrize("in_parts", [False, True])
def test_only_a_file_that_is_fetched_in_parts_is_sure_to_be_the_one_that_was_seen(
    target: Target, bucket: str, tmp_path: Path, in_parts: bool
) -> None:
    put(target, bucket, OLD)

    def replace(request: str) -> None:
        if request == "GetObject":
            put(target, bucket, NEW)

    target.before_s3 = replace
    threshold = 4 if in_parts else 8_000_000
    config = TransferConfig(threshold, multipart_chunksize=threshold, use_threads=False)
    with create_transfer_manager(target.clients.s3, config) as manager:
        download = manager.download(bucket, "key", str(tmp_path / "file"))
    if in_parts:
        with pytest.raises(S3DownloadFailedError, match="did not match expected ETag"):
            download.result()
    else:
        download.result()
        assert (tmp_path / "file").read_bytes() == NEW


def test_a_file_that_cannot_be_stored_or_fetched(target: Target, bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    with pytest.raises(S3UploadFailedError, match="NoSuchBucket"):
        target.clients.s3.upload_file(str(path), "no-such-bucket", "key")
    with refused("404"):
        target.clients.s3.download_file(bucket, "key", str(tmp_path / "fetched"))
    assert not (tmp_path / "fetched").exists()
