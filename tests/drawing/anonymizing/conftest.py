"""A browser for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.chromium import Page, chromium


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened
