"""Faults in what a result was made of, and in whether it is enough."""

from __future__ import annotations

from planted.fault import Fault

JOB_TESTS = "tests/worker/test_job_life.py"
CHECK_TESTS = "tests/worker/test_job_checks.py"
STAMP_TESTS = "tests/worker/test_stamp.py"
SIMULATION = "tests/simulation"

RESULTS = [
    Fault(
        "a stamp ignores the content",
        "worker.stamp",
        "stamp",
        old='"video-etag": video.etag,',
        new="",
        try_first=STAMP_TESTS,
    ),
    Fault(
        "a stamp ignores the configuration",
        "worker.stamp",
        "stamp",
        old="_digest([SCHEMA_VERSION, wanted])",
        new="_digest([SCHEMA_VERSION])",
        try_first=STAMP_TESTS,
    ),
    Fault(
        "a stamp ignores the version of the result",
        "worker.stamp",
        "stamp",
        old="_digest([SCHEMA_VERSION, wanted])",
        new="_digest([wanted])",
        try_first=STAMP_TESTS,
    ),
    Fault(
        "a stamp ignores the key",
        "worker.stamp",
        "digest_of",
        old="_digest([bucket, key])",
        new="_digest([bucket])",
        try_first=STAMP_TESTS,
    ),
    Fault(
        "a stamp ignores the bucket",
        "worker.stamp",
        "digest_of",
        old="_digest([bucket, key])",
        new="_digest([key])",
        try_first=STAMP_TESTS,
    ),
    Fault(
        "a copy that was asked for is not made",
        "worker.attempt",
        "Attempt.see_through",
        old="self._write_copy(self._anonymize, copy)",
        new="pass",
        try_first=SIMULATION,
    ),
    Fault(
        "a stored result is accepted with any stamp",
        "worker.lookup",
        "Found.is_wanted_result",
        old="and self.result.metadata == self.made_of",
        new="",
        try_first=JOB_TESTS,
    ),
    Fault(
        "the last result of another video is accepted",
        "worker.lookup",
        "Found.is_last_result",
        old='self.result.metadata.get("video") == digest_of(self.source["bucket"], self.source["key"])',
        new="True",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a video that is gone is an error, though its result is there",
        "worker.lookup",
        "Found.is_last_result",
        old='self.result.metadata.get("video") == digest_of(self.source["bucket"], self.source["key"])',
        new="False",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a forced video is not run again",
        "worker.running_job",
        "RunningJob.is_stored_already",
        old="and not self.request.force",
        new="",
        try_first=JOB_TESTS,
    ),
    Fault(
        "only deliveries tell that there was an attempt before",
        "worker.running_job",
        "RunningJob.is_repeated",
        old="self.step.attempt > 1 or ",
        new="",
        try_first=SIMULATION,
    ),
]
