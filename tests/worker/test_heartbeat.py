"""The heartbeat, with a clock that the test moves."""

from __future__ import annotations

import threading

import pytest

from human_detector.errors import LeaseLost
from human_detector.worker.heartbeat import Heartbeat
from support.worker_harness import WAIT_SECONDS

LEASE = 120


class Clock:
    """Time that passes when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_renews_everything_long_before_the_end(clock: Clock) -> None:
    renewed: list[str] = []
    heartbeat = Heartbeat([lambda: renewed.append("message"), lambda: renewed.append("lease")], LEASE, clock)
    assert heartbeat.beat() == LEASE / 4
    assert renewed == ["message", "lease"]


def test_a_failed_renewal_is_tried_again_sooner_and_is_harmless(clock: Clock) -> None:
    answers = [ConnectionError("reset"), TimeoutError("timed out"), None]

    def renew() -> None:
        answer = answers.pop(0)
        if answer:
            raise answer

    heartbeat = Heartbeat([renew], LEASE, clock)
    for expected in (6, 6, 30):
        assert heartbeat.beat() == expected
        clock.now += expected
        heartbeat.check()


def test_without_a_renewal_the_job_is_lost_at_the_deadline(clock: Clock) -> None:
    def renew() -> None:
        raise ConnectionError("no route")

    heartbeat = Heartbeat([renew], LEASE, clock)
    clock.now += LEASE - 1
    heartbeat.beat()
    heartbeat.check()
    clock.now += 1
    with pytest.raises(LeaseLost, match="without a renewal"):
        heartbeat.check()


def test_a_paused_worker_notices_that_its_lease_has_ended(clock: Clock) -> None:
    heartbeat = Heartbeat([lambda: None], LEASE, clock)
    heartbeat.beat()
    clock.now += LEASE + 1
    with pytest.raises(LeaseLost):
        heartbeat.check()
    # A renewal that works after the end does not bring the job back: another may have had it meanwhile.
    heartbeat.beat()
    with pytest.raises(LeaseLost):
        heartbeat.check()


def test_the_lease_counts_from_before_a_slow_renewal(clock: Clock) -> None:
    def slow() -> None:
        clock.now += 50

    heartbeat = Heartbeat([slow], LEASE, clock)
    heartbeat.beat()
    clock.now += LEASE - 50
    with pytest.raises(LeaseLost):
        heartbeat.check()


def test_the_first_renewal_is_as_early_as_those_after_it(clock: Clock) -> None:
    waits: list[float | None] = []

    class Stopped(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return len(waits) == 3

    renewed: list[int] = []
    heartbeat = Heartbeat([lambda: renewed.append(1)], LEASE, clock)
    heartbeat._stopped = Stopped()
    heartbeat._run()
    assert (waits, len(renewed)) == ([LEASE / 4] * 3, 2)


def test_a_refused_renewal_is_the_end(clock: Clock) -> None:
    def lost() -> None:
        raise LeaseLost("the step has another owner")

    heartbeat = Heartbeat([lost], LEASE, clock)
    heartbeat.beat()
    with pytest.raises(LeaseLost, match="another owner"):
        heartbeat.check()


def test_a_lost_lease_stops_the_heartbeat(clock: Clock) -> None:
    calls: list[int] = []

    def lost() -> None:
        calls.append(1)
        raise LeaseLost("the step has another owner")

    with Heartbeat([lost], 0.04, clock) as heartbeat:
        heartbeat._thread.join(WAIT_SECONDS)
        assert not heartbeat._thread.is_alive()
        with pytest.raises(LeaseLost, match="another owner"):
            heartbeat.check()
    assert calls == [1]


def test_no_renewal_comes_after_the_block() -> None:
    renewed = threading.Event()
    count: list[int] = []

    def renew() -> None:
        count.append(1)
        renewed.set()

    with Heartbeat([renew], 0.04):
        assert renewed.wait(WAIT_SECONDS)
    after = len(count)
    assert not any(thread.name == "heartbeat" for thread in threading.enumerate())
    assert len(count) == after


def test_a_renewal_that_meets_a_record_which_has_just_ended_alarms_nobody(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """One under way when the job is recorded as done finds no owner. Whoever asks is told, and the log needs no more."""

    def renew() -> None:
        raise LeaseLost("the step has another owner")

    heartbeat = Heartbeat([renew], LEASE, clock)
    heartbeat.beat()
    assert caplog.messages == []
    with pytest.raises(LeaseLost, match="another owner"):
        heartbeat.check()
