"""Faults in what a message asks for."""

from __future__ import annotations

from planted.fault import Fault

TESTS = "tests/worker/test_messages.py"
STORAGE_TESTS = "tests/aws/test_storage.py"

MESSAGES = [
    Fault(
        "the key of an S3 event is not unquoted",
        "worker.messages",
        "_from_s3_entry",
        old="unquote_plus(key)",
        new="key",
        try_first=TESTS,
    ),
    Fault(
        "the key of an EventBridge event is unquoted",
        "worker.messages",
        "_from_eventbridge",
        old="VideoRequest(None, bucket, key)",
        new="VideoRequest(None, bucket, unquote_plus(key))",
        try_first=TESTS,
    ),
    Fault(
        "a malformed entry of an event buries the others",
        "worker.messages",
        "_from_s3_entries",
        old='problems.append(f"Records[{place}]: {error}")',
        new="raise",
        try_first=TESTS,
    ),
    Fault(
        "a malformed entry of an event is passed over in silence",
        "worker.messages",
        "_from_s3_entries",
        old='problems.append(f"Records[{place}]: {error}")',
        new="pass",
        try_first=TESTS,
    ),
    Fault(
        "an event about a removed object asks for it",
        "worker.messages",
        "_is_created",
        old='.startswith("ObjectCreated:")',
        new='.startswith("Object")',
        try_first=TESTS,
    ),
    Fault(
        "a message does not force",
        "worker.messages",
        "_from_own_form",
        old='document.get("key"), document.get("force", False)',
        new='document.get("key"), False',
        try_first=TESTS,
    ),
    Fault(
        "the bucket of a message is ignored",
        "worker.messages",
        "_from_own_form",
        old='document.get("bucket", default_bucket)',
        new="default_bucket",
        try_first=TESTS,
    ),
    Fault(
        "an object does not say whose video it is",
        "worker.messages",
        "video_id_of",
        old='.metadata.get("videoid")',
        new=".metadata.get(None)",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "any digits in a file name are a VideoId",
        "worker.messages",
        "video_id_of",
        old='re.fullmatch("-?[0-9]{1,38}", text)',
        new="text.isdigit()",
        try_first=STORAGE_TESTS,
    ),
]
