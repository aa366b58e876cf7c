"""The connections of the AWS clients: as many as can be in use at the same time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from human_detector.aws.clients import THREADS_PER_JOB, AwsClients, connect
from human_detector.aws.storage import TRANSFER_THREADS, S3Object, Storage
from human_detector.aws_interface import LANES
from support.worker_harness import REGION, Aws

PART_BYTES = 8 * 1024 * 1024
"""What boto3 fetches with one request of a large object."""
BUSY_JOBS = 8
"""More than the ten connections that boto3 keeps by default are enough for."""


class Crowd(ThreadingHTTPServer):
    """Answers no request that matters until so many are waiting for their answer; then all at once.

    Args:
        size: how many.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, size: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.everybody = threading.Barrier(size, timeout=60)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Crowd

    def do_HEAD(self) -> None:
        """An object with a part for each thread of a transfer."""
        self._answer(200, TRANSFER_THREADS * PART_BYTES)

    def do_GET(self) -> None:
        """One part."""
        self.server.everybody.wait()
        self._answer(206, PART_BYTES)
        self.wfile.write(bytes(PART_BYTES))

    def do_POST(self) -> None:
        """Any request to SQS or DynamoDB."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.everybody.wait()
        self._answer(200, 2)
        self.wfile.write(b"{}")

    def _answer(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"e"')
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def crowd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    with Crowd(request.param) as server:
        for name, value in Aws.environment(server.url).items():
            monkeypatch.setenv(name, value)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def at_once(count: int, call: Callable[[int], Any]) -> None:
    """Call from so many threads."""
    with ThreadPoolExecutor(count) as threads:
        list(threads.map(call, range(count)))


def fetch(clients: AwsClients, folder: Path, jobs: int) -> None:
    """So many jobs fetch a large video at the same time."""
    video = S3Object("b", "k", "e", TRANSFER_THREADS * PART_BYTES, {})
    at_once(
        jobs, lambda number: Storage(clients.s3).download(video, folder / f"video-{number}", lambda: None)
    )


def pool_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "pool is full" in record.getMessage()]


@pytest.mark.parametrize("crowd", [LANES * TRANSFER_THREADS], indirect=True)
@pytest.mark.parametrize(("jobs", "is_enough"), [(LANES, True), (1, False)])
def test_all_transfers_of_a_worker_keep_their_connections(
    crowd: Crowd, jobs: int, is_enough: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections for one job make the worker's two warn: the ten that boto3 keeps by default did."""
    with caplog.at_level(logging.WARNING):
        fetch(connect(REGION, REGION, jobs=jobs), tmp_path, LANES)
    assert (not pool_warnings(caplog)) == is_enough
    sizes = {path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {TRANSFER_THREADS * PART_BYTES}


@pytest.mark.parametrize("crowd", [BUSY_JOBS * THREADS_PER_JOB], indirect=True)
@pytest.mark.parametrize("service", ["sqs", "dynamodb"])
@pytest.mark.parametrize(("jobs", "is_enough"), [(BUSY_JOBS, True), (1, False)])
def test_jobs_and_their_heartbeats_keep_their_connections(
    crowd: Crowd, service: str, jobs: int, is_enough: bool, caplog: pytest.LogCaptureFixture
) -> None:
    clients = connect(REGION, REGION, jobs=jobs)
    calls: dict[str, Callable[[int], Any]] = {
        "sqs": lambda _: clients.sqs.get_queue_url(QueueName="q"),
        "dynamodb": lambda number: clients.dynamodb.get_item(TableName="t", Key={"VideoId": number}),
    }
    with caplog.at_level(logging.WARNING):
        at_once(BUSY_JOBS * THREADS_PER_JOB, calls[service])
    assert (not pool_warnings(caplog)) == is_enough
