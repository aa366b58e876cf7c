"""Which videos a message asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_detector.errors import BadMessage
from human_detector.worker.messages import VideoRequest, parse_message


def parse(document: Any) -> list[VideoRequest]:
    requests = parse_message(json.dumps(document), "default-bucket")
    assert not requests.problems
    return list(requests.videos)


def s3_entry(key: str, event: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {"eventName": event, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}


def test_folders_that_the_console_makes_are_no_videos() -> None:
    place = {"bucket": {"name": "b"}, "object": {"key": "videos/42/"}}
    entry = {"eventName": "ObjectCreated:Put", "s3": place}
    assert parse({"Records": [entry]}) == []
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": place}
    assert parse(event) == []


def test_own_form() -> None:
    full = {"VideoId": 42, "bucket": "b", "key": "videos/42.mp4", "force": True, "unknown": [1]}
    assert parse(full) == [VideoRequest(42, "b", "videos/42.mp4", force=True)]
    assert parse({"VideoId": 42}) == [VideoRequest(42, "default-bucket", None)]


def test_s3_notification_unquotes_keys_like_a_form() -> None:
    document = {"Records": [s3_entry("a+b/caf%C3%A9%2B1.mp4"), s3_entry("x", "ObjectRemoved:Delete")]}
    assert parse(document) == [VideoRequest(None, "b", "a b/café+1.mp4")]


def test_several_entries_are_several_jobs() -> None:
    assert [r.key for r in parse({"Records": [s3_entry("1.mp4"), s3_entry("2.mp4")]})] == ["1.mp4", "2.mp4"]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"eventName": "ObjectCreated:Put"}, "an S3 event without bucket.name or object.key"),
        (s3_entry(""), 'object.key: found "", valid is a text of 1 to 1024 bytes'),
        (
            {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": 1}, "object": {"key": "k"}}},
            "bucket.name: ",
        ),
        ({"s3": {}}, "an S3 event without eventName: found "),
        ("text", 'an S3 event without eventName: found "text"'),
        (None, "an S3 event without eventName: found null"),
    ],
    ids=str,
)
def test_a_malformed_entry_harms_none_beside_it(bad: Any, sentence: str) -> None:
    requests = parse_message(json.dumps({"Records": [s3_entry("1.mp4"), bad, s3_entry("2.mp4")]}), "out")
    assert [request.key for request in requests.videos] == ["1.mp4", "2.mp4"]
    (problem,) = requests.problems
    assert problem.startswith(f"Records[1]: {sentence}")


def test_notification_wrapped_by_sns() -> None:
    inner = json.dumps({"Records": [s3_entry("a+b.mp4")]})
    assert parse({"Type": "Notification", "Message": inner}) == [VideoRequest(None, "b", "a b.mp4")]


def test_eventbridge_carries_keys_as_they_are() -> None:
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b%20c.mp4"}},
    }
    assert parse(event) == [VideoRequest(None, "b", "a+b%20c.mp4")]
    assert parse({**event, "detail-type": "Object Deleted"}) == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_test_event_asks_for_nothing(wrapped: bool) -> None:
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}
    assert parse({"Type": "Notification", "Message": json.dumps(event)} if wrapped else event) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("not json", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "the body"),
        ('"text"', "the body"),
        ("{}", "VideoId is missing"),
        ('{"VideoId": "42"}', 'VideoId: found "42"'),
        ('{"VideoId": 4.2}', "VideoId: found 4.2"),
        ('{"VideoId": true}', "VideoId: found true"),
        ('{"VideoId": null}', "VideoId: found null"),
        ('{"VideoId": 1' + "0" * 38 + "}", "VideoId: found 1"),
        ('{"VideoId": 1, "key": 7}', "key: found 7"),
        ('{"VideoId": 1, "bucket": ""}', 'bucket: found ""'),
        ('{"VideoId": 1, "force": "yes"}', 'force: found "yes"'),
        ('{"source": "aws.s3", "detail-type": "Object Created", "detail": null}', "without bucket.name"),
        ('{"Type": "Notification", "Message": "no json"}', "not JSON"),
    ],
)
def test_bad_bodies_say_what_is_wrong(body: str, named: str) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_message(body, "default-bucket")
    assert named in str(caught.value)
    assert len(str(caught.value)) < 400


def test_all_problems_of_a_body_at_once() -> None:
    with pytest.raises(BadMessage, match=r"VideoId: .*; key: .*; force: "):
        parse({"VideoId": "x", "key": 1, "force": 1})
