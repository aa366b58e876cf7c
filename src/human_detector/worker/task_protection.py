"""Scale-in protection of the ECS task: on while a job runs, so that scaling in ends idle tasks first."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

EXPIRES_IN_MINUTES = 10
"""A worker that dies leaves its task unprotected after this; renewed at half of it."""
TIMEOUT_SECONDS = 3


class TaskProtection:
    """Talks to the ECS agent of this task; does nothing outside ECS.

    Protection is a courtesy to the job: whatever goes wrong with it is logged and harms nobody.

    Args:
        agent_uri: `$ECS_AGENT_URI`, which ECS puts into every container; empty outside ECS.
        clock: seconds that only go forward.
    """

    def __init__(self, agent_uri: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        uri = os.environ.get("ECS_AGENT_URI", "") if agent_uri is None else agent_uri
        # The agent's address comes from ECS; nothing but HTTP is ever opened.
        self._url = f"{uri}/task-protection/v1/state" if uri.startswith("http://") else None
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs = 0
        self._renewed_at: float | None = None

    @contextmanager
    def on(self) -> Iterator[None]:
        """Protect the task during the block; it stays protected while any thread is in such a block."""
        with self._lock:
            self._jobs += 1
        self.renew()
        try:
            yield
        finally:
            with self._lock:
                self._jobs -= 1
                if self._jobs == 0:
                    self._renewed_at = None
                    self._put({"ProtectionEnabled": False})

    def renew(self) -> None:
        """Prolong the protection if half of it is over."""
        with self._lock:
            now = self._clock()
            if self._renewed_at is None or now - self._renewed_at >= EXPIRES_IN_MINUTES * 60 / 2:
                self._renewed_at = now
                self._put({"ProtectionEnabled": True, "ExpiresInMinutes": EXPIRES_IN_MINUTES})

    def _put(self, state: dict[str, object]) -> None:
        if self._url is None:
            return
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self._url,
            data=json.dumps(state).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
                pass
        except OSError as error:
            log.warning("the task's scale-in protection could not be set to %s: %s", state, error)
