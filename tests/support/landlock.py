"""Whether this kernel has all of Landlock that the cage is made of."""

from __future__ import annotations

import pytest

from human_detector.processes.cage.cage import Unavailable
from human_detector.processes.cage.landlock import SCOPES_SINCE, landlock_version


def _version() -> int:
    try:
        return landlock_version()
    except Unavailable:
        return 0


needs_landlock = pytest.mark.skipif(
    _version() < SCOPES_SINCE, reason="this kernel's Landlock is older, or none"
)
