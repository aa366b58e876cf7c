"""Keys and messages that hold what a terminal would obey, or what AWS takes nowhere: each ends with a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from human_detector.errors import BadMessage
from human_detector.worker.messages import parse_message
from support.hostile import CLEAR, NAME, OBEYED, SPELLED
from support.worker_harness import Aws, run_worker

KEY = f"videos/{NAME}.mp4".replace("\n", "")
"""The emulator knows no keys of several lines."""
LONGEST_KEY = "x" * 1020 + ".mp4"


def s3_entry(key: str) -> dict[str, Any]:
    return {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "bucket"}, "object": {"key": key}}}


def test_odd_keys_are_run_and_harm_no_log(aws: Aws, clip: Path, tmp_path: Path) -> None:
    odd = {1: KEY, 2: "a/../b.mp4", 3: LONGEST_KEY, 4: "</script><b>.mp4", 5: "名前.mp4"}
    for video_id, key in odd.items():
        aws.submit(video_id, clip, key)
    aws.submit(6, b"dear diary", f"broken {KEY}")
    aws.put_record(7)
    aws.send({"VideoId": 7, "key": f"missing {NAME}.mp4"})
    ran = run_worker(aws.variables(), tmp_path)
    states = {video_id: aws.step(video_id).get("state") for video_id in range(1, 8)}
    assert states == {**dict.fromkeys(odd, "done"), 6: "error", 7: "error"}, ran.log
    assert not any(each in ran.log for each in OBEYED)
    assert f"missing {SPELLED}" in ran.log
    assert f"missing {SPELLED}".replace("\\n", "\n") in aws.step(7)["error"]
    assert all(line[:1] in "012" and line[2] == ":" for line in ran.log.splitlines()), "one line an event"


def nested(levels: int) -> str:
    return '{"VideoId": ' + "[" * levels + "]" * levels + "}"


ODD: list[tuple[object, str]] = [
    ({"VideoId": 1, "key": "\ud800.mp4"}, 'key: found "\\ud800.mp4", valid is a text of 1 to 1024 bytes'),
    ({"VideoId": 1, "key": "x" * 1025}, "valid is a text of 1 to 1024 bytes"),
    ({"VideoId": 1, "bucket": "b" * 200_000}, "bucket: found"),
    ({"VideoId": NAME}, "VideoId: found"),
    ({"VideoId": float("nan")}, "VideoId: found NaN"),
    ({"VideoId": 10**38}, "valid is a whole number of at most 38 digits"),
    ('{"VideoId": ' + "9" * 5000 + "}", "the body is not JSON"),
    ("[" * 100_000, "the body is not JSON"),
    (f"not JSON {CLEAR}", "the body is not JSON"),
    ({f"key {NAME} {i}": i for i in range(2000)}, "VideoId is missing"),
    ({"Records": [{"eventName": f"ObjectCreated {NAME}"}] * 3 + [1] * 20_000}, "and 19995 more"),
    ({"Records": [s3_entry("x" * 2000)]}, "object.key: found"),
    ({"Records": [s3_entry(quote_plus(f"{NAME}.mp4"))]}, f"no VideoId for s3://bucket/{SPELLED}.mp4"),
]


def test_what_makes_no_sense_becomes_a_dead_letter_that_says_why(aws: Aws, tmp_path: Path) -> None:
    """SQS takes neither control characters nor halves of characters, in bodies or in attributes."""
    bodies = [body if isinstance(body, str) else json.dumps(body) for body, _ in ODD]
    for body in bodies:
        aws.send(body.replace("\x1b", " "))
    ran = run_worker(aws.variables(), tmp_path)
    reasons = {
        letter["Body"]: letter["MessageAttributes"]["reason"]["StringValue"] for letter in aws.dead_letters()
    }
    assert aws.counts() == (0, 0), ran.log
    for body, (_, reason) in zip(bodies, ODD, strict=True):
        assert reason in reasons[body.replace("\x1b", " ")]
    assert not any(character < " " for reason in reasons.values() for character in reason)
    assert not any(each in ran.log for each in OBEYED)
    assert max(map(len, ran.log.splitlines())) < 2500, "no message makes a line of megabytes"


def test_however_deep_a_message_is() -> None:
    """Python reads some levels more than it writes: what was found must not fail where it is to be told."""
    said = set()
    for levels in range(700, 1000):
        with pytest.raises(BadMessage) as refused:
            parse_message(nested(levels), "b")
        said.add(re.sub(r"found.*", "", str(refused.value)))
    assert said == {"VideoId: ", "the body is not JSON (it has too many levels): "}  # fmt: skip
