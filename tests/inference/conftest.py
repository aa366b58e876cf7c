"""Fixtures of the tests about models that are fetched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.file_server import FileServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A web server of this machine, which no proxy stands before."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = FileServer()
    yield running
    running.close()
