"""Asking again: how soon, how long, and when not."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from human_detector.aws.waiting_times import pause_seconds
from human_detector.errors import ConfigurationError, Interrupted
from human_detector.worker.health import Health
from human_detector.worker.outages import ask_until_answered
from human_detector.worker.shutdown import Shutdown


def test_pauses_double_up_to_a_minute_and_are_never_under_a_second() -> None:
    assert [pause_seconds(n, 0) for n in (1, 2, 3, 4, 5, 6, 7, 1000)] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert [pause_seconds(n, 1) for n in (1, 2, 1000)] == [1, 2, 30]


def test_asks_until_there_is_an_answer() -> None:
    answers: list[Exception | str] = [
        EndpointConnectionError(endpoint_url="x"),
        ClientError({"Error": {"Code": "ServiceUnavailable"}}, "ReceiveMessage"),
        ValueError("an answer that is no JSON"),
        "message",
    ]
    slept: list[float] = []

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert ask_until_answered(ask, Health(), slept.append) == "message"
    # Three pauses, in naps of at most 5 s that let the health check see the loop.
    assert 1 + 2 + 4 <= sum(slept) <= 2 + 4 + 8 + 3 * 5
    assert max(slept) <= 5


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "ReceiveMessage"),
        ClientError({"Error": {"Code": "QueueDoesNotExist"}}, "ReceiveMessage"),
        ClientError({"Error": {"Code": "AccessDenied"}}, "ReceiveMessage"),
        ClientError({"Error": {"Code": "InvalidClientTokenId"}}, "ReceiveMessage"),
        NoCredentialsError(),
    ],
)
def test_what_no_waiting_heals_ends_it(error: Exception) -> None:
    def ask() -> None:
        raise error

    with pytest.raises(ConfigurationError, match="the queue cannot be used"):
        ask_until_answered(ask, Health(), lambda _: pytest.fail("waited"))


def test_a_stop_ends_the_waiting() -> None:
    shutdown = Shutdown()
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        if len(asked) > 1:
            pytest.fail("it went on")
        raise ValueError

    def stop_during_nap(seconds: float) -> None:
        shutdown.request()
        shutdown.pause(seconds)

    with pytest.raises(Interrupted):
        ask_until_answered(ask, Health(), stop_during_nap)
