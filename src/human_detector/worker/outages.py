"""Waits an outage of AWS out: asks again and again, with pauses, until there is an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from human_detector.aws.error_codes import is_hopeless
from human_detector.aws.waiting_times import pause_seconds
from human_detector.errors import ConfigurationError, Interrupted
from human_detector.worker.health import Health

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

NAP_SECONDS = 5
"""A pause is slept in naps, so that the health check sees the loop alive."""


def ask_until_answered(ask: Callable[[], Answer], health: Health, pause: Callable[[float], None]) -> Answer:
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
            left = pause_seconds(failures)
            log.warning("the queue does not answer, next try in %.0f s: %s", left, error)
        while left > 0:
            pause(min(left, NAP_SECONDS))
            left -= NAP_SECONDS
            health.touch()
