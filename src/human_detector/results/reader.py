"""Reads a result file, from the disk or from S3."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from human_detector.errors import OtherVersion, PermanentError
from human_detector.results.document import SCHEMA_VERSION
from human_detector.results.form import RESULT
from human_detector.results.writer import FRAMES_FOLLOW
from human_detector.utils import parse_json

LONGEST_HEADER = 1 << 20
_NEEDED = {"schema_version", "video", "human_detection", "engine", "summary", "frames"}


def read_result(place: str) -> dict[str, Any]:
    """The document of a result file.

    Args:
        place: a path, or `s3://bucket/key`.

    Raises:
        PermanentError: it cannot be read, or it is no result of this product; names the place.
        OtherVersion: it is one, of a version that is not known here.
    """
    if not place.startswith("s3://"):
        return read_local_result(Path(place))
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "result.json"
        _fetch(place, local)
        return _whole(_parse(local, place), place)


def read_header(path: Path) -> dict[str, Any]:
    """Everything of a result on the disk but its frames, without reading them if it is as it was written.

    Raises:
        PermanentError: see `read_result`.
        OtherVersion: see `read_result`.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(LONGEST_HEADER)
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}") from error
    if not first.endswith(FRAMES_FOLLOW):
        return _checked(_parse(path, str(path)), str(path))
    document = _checked(
        _parse_text(first.removesuffix(FRAMES_FOLLOW) + b',"frames":[]}', str(path)), str(path)
    )
    del document["frames"]
    return document


def read_local_result(path: Path) -> dict[str, Any]:
    """The same for a file on the disk."""
    return _whole(_parse(path, str(path)), str(path))


def _fetch(place: str, path: Path) -> None:
    # Imported when asked for: for a result on the disk that would take a quarter of the start of `analyze`.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from human_detector.aws.storage import Storage

    address = urlsplit(place)
    bucket, key = address.netloc, address.path.removeprefix("/")
    if not bucket or not key:
        raise PermanentError(f"{place}: valid is s3://bucket/key")
    try:
        storage = Storage(boto3.client("s3"))
        storage.find(bucket, key)  # says in words what is wrong
        storage.fetch(bucket, key, path)
    except (ClientError, BotoCoreError) as error:
        raise PermanentError(f"cannot read {place}: {error}") from error


def _parse(path: Path, place: str) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PermanentError(f"{place} cannot be read: {error.strerror}") from error
    return _parse_text(content, place)


def _parse_text(content: bytes, place: str) -> Any:
    try:
        return parse_json(content.decode())
    except UnicodeDecodeError as error:
        raise PermanentError(f"{place} is no result file: it is not JSON, nor text of any kind") from error
    except ValueError as error:
        raise PermanentError(f"{place} is no result file: it is not JSON: {error}") from error


def _whole(document: Any, place: str) -> dict[str, Any]:
    """The same as `_checked`, if everything in it has the form that it must have."""
    checked = _checked(document, place)
    if problems := RESULT.problems("", checked):
        raise PermanentError(f"{place} is no result file: {problems[0]}")
    return checked


def _checked(document: Any, place: str) -> dict[str, Any]:
    """The document, if it is one of ours and of a version that we know."""
    if not isinstance(document, Mapping) or not document.keys() >= _NEEDED:
        keys = ", ".join(sorted(_NEEDED))
        raise PermanentError(f"{place} is no result file: valid is an object with {keys}")
    version = str(document["schema_version"])
    # A new minor version only adds keys.
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise OtherVersion(f"{place}: found schema_version {version}, valid is {SCHEMA_VERSION}")
    return dict(document)
