"""What a message asks for: the product's own form, and S3 event notifications in their three wrappings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_plus

from human_detector.aws.s3_keys import VALID_KEY, is_key
from human_detector.aws.storage import Storage
from human_detector.errors import BadMessage, PermanentError
from human_detector.utils import parse_json
from human_detector.validation import found, problem

VALID_MESSAGE = '{"VideoId": 42, "bucket": "b", "key": "videos/42.mp4"} or an S3 event notification'

MOST_PROBLEMS = 5
"""That are told of a message: it has room for 100,000."""


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """One video to analyse.

    Attributes:
        video_id: key of the record; None for an S3 event, where the object itself says it.
        bucket: bucket of the video.
        key: key of the video; None where the record says it.
        force: run it again even if it is done.
    """

    video_id: int | None
    bucket: str
    key: str | None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Requests:
    """What a message asks for.

    Attributes:
        videos: each a job of its own; none for a message that asks for nothing, such as `s3:TestEvent`.
        problems: a sentence for each of the first entries of an S3 event that make no sense. They harm no
            entry beside them.
    """

    videos: Sequence[VideoRequest] = ()
    problems: Sequence[str] = ()


def parse_message(body: str, default_bucket: str) -> Requests:
    """Read a message.

    Args:
        body: the body of an SQS message.
        default_bucket: bucket of the videos where the message names none.

    Raises:
        BadMessage: nothing in it makes sense; says what was found and what is valid.
    """
    document = _unwrap_sns(_object(body))
    if document.get("Event") == "s3:TestEvent":
        return Requests()
    if isinstance(document.get("Records"), list):
        return _from_s3_entries(document["Records"])
    if document.get("source") == "aws.s3" and "detail" in document:
        return Requests([request for request in _from_eventbridge(document) if not _is_folder(request)])
    return Requests([_from_own_form(document, default_bucket)])


def _object(body: str) -> dict[str, Any]:
    try:
        document = parse_json(body)
    except ValueError as error:
        raise BadMessage(
            f"the body is not JSON ({error}): found {found(body)}, valid is {VALID_MESSAGE}"
        ) from error
    if not isinstance(document, dict):
        raise BadMessage(problem("the body", document, VALID_MESSAGE))
    return document


def _unwrap_sns(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("Type") == "Notification" and isinstance(document.get("Message"), str):
        return _object(document["Message"])
    return document


def _is_created(entry: Any) -> bool:
    """Whether an entry says that an object was created, and not what else S3 may tell of."""
    if not (isinstance(entry, dict) and isinstance(entry.get("eventName"), str)):
        raise BadMessage(f"an S3 event without eventName: found {found(entry)}")
    return str(entry["eventName"]).startswith("ObjectCreated:")


def _is_folder(request: VideoRequest) -> bool:
    """Whether an object is what S3's console makes of a new folder."""
    return request.key is not None and request.key.endswith("/")


def _from_s3_entries(entries: Sequence[Any]) -> Requests:
    videos, problems = [], []
    for place, entry in enumerate(entries):
        try:
            if _is_created(entry):
                videos.append(_from_s3_entry(entry))
        except BadMessage as error:
            problems.append(f"Records[{place}]: {error}")
    if (more := len(problems) - MOST_PROBLEMS) > 0:
        problems[MOST_PROBLEMS:] = [f"and {more} more"]
    return Requests([request for request in videos if not _is_folder(request)], problems)


def _from_s3_entry(entry: Mapping[str, Any]) -> VideoRequest:
    bucket, key = _bucket_and_key(entry.get("s3"))
    # S3 quotes keys in its notifications like a form: a space is a plus sign.
    return VideoRequest(None, bucket, unquote_plus(key))


def _from_eventbridge(document: Mapping[str, Any]) -> list[VideoRequest]:
    if document.get("detail-type") != "Object Created":
        return []
    bucket, key = _bucket_and_key(document["detail"])
    # EventBridge carries keys as they are.
    return [VideoRequest(None, bucket, key)]


def _bucket_and_key(place: Any) -> tuple[str, str]:
    try:
        bucket, key = place["bucket"]["name"], place["object"]["key"]
    except (KeyError, TypeError) as error:
        raise BadMessage("an S3 event without bucket.name or object.key") from error
    for name, value in (("bucket.name", bucket), ("object.key", key)):
        if not is_key(value):
            raise BadMessage(problem(name, value, VALID_KEY))
    return bucket, key


def _from_own_form(document: Mapping[str, Any], default_bucket: str) -> VideoRequest:
    if "VideoId" not in document:
        raise BadMessage(f"VideoId is missing: found {found(document)}, valid is {VALID_MESSAGE}")
    video_id = document["VideoId"]
    problems = []
    if not is_video_id(video_id):
        problems.append(problem("VideoId", video_id, "a whole number of at most 38 digits"))
    for name in ("bucket", "key"):
        if name in document and not is_key(document[name]):
            problems.append(problem(name, document[name], VALID_KEY))
    if not isinstance(document.get("force", False), bool):
        problems.append(problem("force", document["force"], "true or false"))
    if problems:
        raise BadMessage("; ".join(problems))
    return VideoRequest(
        video_id, document.get("bucket", default_bucket), document.get("key"), document.get("force", False)
    )


def is_video_id(value: Any) -> bool:
    """Whether a value can be the key of a record; DynamoDB's numbers have 38 digits."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**38


def video_id_of(request: VideoRequest, storage: Storage) -> int:
    """The key of a request's record: its own, or for an S3 event the object's.

    That is the object's metadata `videoid`, else its file name without suffix.

    Raises:
        BadMessage: neither is a whole number.
    """
    if request.video_id is not None:
        return request.video_id
    assert request.key is not None
    try:
        given = storage.find(request.bucket, request.key).metadata.get("videoid")
    except PermanentError:
        given = None  # The file name may still say whose failure this is.
    text = PurePosixPath(request.key).stem if given is None else given
    # int() alone would also take 2024_05_01 and +7.
    number = int(text) if re.fullmatch("-?[0-9]{1,38}", text) else None
    if number is None:
        raise BadMessage(
            f"no VideoId for s3://{request.bucket}/{request.key}: found {text!r}, valid is a whole "
            "number in the object's metadata `videoid` or as its file name"
        )
    return number
