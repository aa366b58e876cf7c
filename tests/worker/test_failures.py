"""What becomes of a job and of its message."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from human_detector.aws.waiting_times import retry_delay
from human_detector.errors import (
    AnalysisCrashed,
    BadMessage,
    ConfigurationError,
    HeldByAnother,
    Interrupted,
    LeaseLost,
    NothingToDo,
    PermanentError,
    TransientError,
    VideoError,
)
from human_detector.worker.failures import Fate, Verdict, judge

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")


@pytest.mark.parametrize(
    ("error", "failures", "verdict"),
    [
        (LeaseLost("gone"), 1, Verdict(Fate.LEAVE)),
        (LeaseLost("gone"), 3, Verdict(Fate.LEAVE)),
        (NothingToDo("done"), 1, Verdict(Fate.DELETE)),
        (HeldByAnother("b", 77), 1, Verdict(Fate.PUT_OFF, delay=77, beat="b")),
        (HeldByAnother("b", 77), 3, Verdict(Fate.PUT_OFF, delay=77, beat="b")),
        (Interrupted("stop"), 3, Verdict(Fate.PUT_OFF, "interrupted")),
        (ConfigurationError("no GPU"), 3, Verdict(Fate.PUT_OFF, "interrupted")),
        (BadMessage("no record"), 1, Verdict(Fate.BURY)),
        (PermanentError("no object"), 1, Verdict(Fate.DELETE, "error")),
        (VideoError("empty"), 3, Verdict(Fate.DELETE, "error")),
        (TransientError("x"), 1, Verdict(Fate.RETRY, "interrupted", 30)),
        (AnalysisCrashed("signal 11"), 2, Verdict(Fate.RETRY, "interrupted", 60)),
        (AnalysisCrashed("signal 11"), 3, Verdict(Fate.BURY, "error")),
        (THROTTLED, 1, Verdict(Fate.RETRY, "interrupted", 30)),
        (THROTTLED, 3, Verdict(Fate.BURY, "error")),
        (RuntimeError("unforeseen"), 2, Verdict(Fate.RETRY, "interrupted", 60)),
        (MemoryError(), 4, Verdict(Fate.BURY, "error")),
    ],
)
def test_the_table(error: Exception, failures: int, verdict: Verdict) -> None:
    assert judge(error, failures, max_failures=3, jitter=0) == verdict


def test_retries_wait_longer_each_time_and_spread() -> None:
    assert [retry_delay(n, jitter=0) for n in (1, 2, 3, 4, 5, 6, 99)] == [30, 60, 120, 240, 480, 900, 900]
    assert retry_delay(1, jitter=1) == 15
    delays = {retry_delay(1) for _ in range(20)}
    assert len(delays) > 1
    assert all(15 <= delay <= 30 for delay in delays)


def test_of_several_videos_the_one_that_still_needs_the_message_decides() -> None:
    ascending = [Fate.DELETE, Fate.BURY, Fate.PUT_OFF, Fate.RETRY, Fate.LEAVE]
    for lower, higher in pairwise(ascending):
        assert higher.outranks(lower)
        assert not lower.outranks(higher)
        assert not lower.outranks(lower), "the first of two that deserve the same says why"


def test_only_what_needs_a_person_is_logged_as_an_error() -> None:
    assert Verdict(Fate.DELETE, "error").log_level == logging.ERROR
    assert Verdict(Fate.BURY).log_level == logging.ERROR
    assert Verdict(Fate.RETRY, "interrupted").log_level == logging.WARNING
    assert Verdict(Fate.PUT_OFF, "interrupted").log_level == logging.INFO
    assert Verdict(Fate.DELETE).log_level == logging.INFO
