"""Asks AWS again and again, with pauses, until it answers."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from aws_clients import is_hopeless
from errors import ConfigurationError, Interrupted
from health import Health

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 1
LONGEST_PAUSE_SECONDS = 60
NAP_SECONDS = 5
"""A pause is slept in naps, so that the health check sees the loop alive."""


def persist(ask: Callable[[], Answer], health: Health, pause: Callable[[float], None]) -> Answer:
    """Ask until there is an answer: at most once a second, and at least once a minute.

    Args:
        ask: asks once.
        health: of the thread that asks.
        pause: waits for so many seconds, or raises Interrupted.

    Raises:
        Interrupted: asked to stop.
        ConfigurationError: the answer is an error that no waiting heals.
    """
    failures = 0
    while True:
        health.touch()
        try:
            return ask()
        except (Interrupted, ConfigurationError):
            raise
        except Exception as error:
            if is_hopeless(error):
                raise ConfigurationError(f"the queue cannot be used: {error}") from error
            failures += 1
            left = pause_seconds(failures, random.random())  # noqa: S311 - spreads load, keeps no secret
            log.warning("the queue does not answer, next try in %.0f s: %s", left, error)
        while left > 0:
            pause(min(left, NAP_SECONDS))
            left -= NAP_SECONDS
            health.touch()


def pause_seconds(failures: int, jitter: float) -> float:
    """How long to wait after so many failures in a row: twice as long each time, up to a minute.

    Args:
        failures: 1 after the first.
        jitter: 0 to 1, takes off up to half, because an outage hits all workers at the same moment.
    """
    longest: float = min(FIRST_PAUSE_SECONDS * 2 ** min(failures, 10), LONGEST_PAUSE_SECONDS)
    return longest * (1 - jitter / 2)
