"""Fixtures: an AWS emulator over HTTP, and one set of queue, bucket and table per test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from support import media
from support.worker_harness import Aws


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, the same one in all its processes."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def _clips_are_made_once(run_folder: Path) -> None:
    media.shared_folder = run_folder / "clips"
    media.shared_folder.mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """The address of an emulator of AWS that listens on a free loopback port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Queue, dead-letter queue, bucket and table of this test alone."""
    for name, value in Aws.environment(aws_endpoint).items():
        monkeypatch.setenv(name, value)
    return Aws(aws_endpoint)
