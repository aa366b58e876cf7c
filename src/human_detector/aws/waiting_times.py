"""How long to wait: for an answer of AWS, between two tries, between two signs of life.

Seconds, all of them. What the user may choose (leases, stalls, attempts) is in configuration.py.
"""

from __future__ import annotations

import random

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 10
"""For any request but a long poll: a silent socket must not keep a thread longer than health.py expects."""

LONG_POLL_SECONDS = 20
"""How long the worker waits for a message in one request; the longest that SQS offers."""
LONG_POLL_TIMEOUT_SECONDS = LONG_POLL_SECONDS + 10
"""Above the long poll, so that a socket which goes silent is given up, and a living one is not."""
FETCH_AHEAD_POLL_SECONDS = 2
"""The poll while another message is held: one that is given back must not end up in it."""
FETCH_AHEAD_SECONDS = 60
"""How long before the end of an analysis the next message is fetched."""

FIRST_PAUSE_SECONDS = 2
LONGEST_PAUSE_SECONDS = 60
"""Between two requests to a queue that does not answer."""

FIRST_RETRY_SECONDS = 30
LONGEST_RETRY_SECONDS = 900
"""Between two attempts at a video."""

RENEWALS_PER_LEASE = 4
"""Three renewals in a row may fail before the lease ends."""
RETRIES_PER_INTERVAL = 5
"""How much sooner a failed renewal is tried again."""

COUNT_SETTLED_SECONDS = 60
"""How long SQS has to count no messages in a queue before that is believed: it counts late."""

DEAD_LETTER_LOOK_SECONDS = 60
"""Between two looks of an idle worker at the dead-letter queue."""

LONGEST_HOLD_SECONDS = 11 * 3600
"""SQS lets a message be hidden for 12 hours in all; the worker gives it back well before, and resumes."""


def pause_seconds(failures: int, jitter: float | None = None) -> float:
    """How long to leave a service alone after so many failures in a row.

    Args:
        failures: 1 after the first.
        jitter: see `_backed_off`.
    """
    return _backed_off(FIRST_PAUSE_SECONDS, failures, LONGEST_PAUSE_SECONDS, jitter)


def retry_delay(attempt: int, jitter: float | None = None) -> float:
    """How long to wait after a failed attempt at a video.

    Args:
        attempt: 1 for the first.
        jitter: see `_backed_off`.
    """
    return _backed_off(FIRST_RETRY_SECONDS, attempt, LONGEST_RETRY_SECONDS, jitter)


def _backed_off(first: float, failures: int, longest: float, jitter: float | None) -> float:
    """Twice as long after each failure, up to a limit.

    Args:
        first: after the first failure.
        failures: in a row.
        longest: the limit.
        jitter: 0 to 1, takes off up to half, because an outage hits all workers at the same moment; random by
            default.
    """
    if jitter is None:
        jitter = random.random()  # noqa: S311 - spreads load, keeps no secret
    pause: float = min(first * 2 ** min(failures - 1, 10), longest)
    return pause * (1 - jitter / 2)
