"""Asks AWS again and again, with pauses, until it answers."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from aws_clients import is_hopeless
from errors import ConfigurationError, Interrupted
from health import Health
from shutdown import Shutdown

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 1
LONGEST_PAUSE_SECONDS = 60


def persist(ask: Callable[[], Answer], shutdown: Shutdown, health: Health) -> Answer:
    """Ask AWS until it answers: at most once a second, and at least once a minute.

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
            longest = min(FIRST_PAUSE_SECONDS * 2 ** min(failures, 10), LONGEST_PAUSE_SECONDS)
            # Spread, because an outage hits all workers at the same moment.
            pause = max(FIRST_PAUSE_SECONDS, longest * random.uniform(0.5, 1))  # noqa: S311
            log.warning("the queue does not answer, next try in %.0f s: %s", pause, error)
            wait_until = time.monotonic() + pause
            while (left := wait_until - time.monotonic()) > 0:
                health.touch()
                with shutdown.wakes_up():
                    time.sleep(min(left, 5))
