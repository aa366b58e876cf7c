"""A browser for all tests of the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.chromium import Page, chromium
from support.report_page import sample_clip_result


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return sample_clip_result()
