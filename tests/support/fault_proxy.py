"""An HTTP proxy between the worker and the emulator that misbehaves as networks and services do."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Fault = str
"""`none`, `slow`, `reset` before or `lost` after the request was carried out, `500`, `throttle`, `silent`, or
`freeze`: the sender is frozen in the middle of the request, which is carried out before it thaws."""

SLOW_DOWN = b"<Error><Code>SlowDown</Code></Error>"
THROTTLED = b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}'


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as it came in.

    Attributes:
        service: `sqs`, `s3`, `dynamodb`, or `ecs` for the agent of ECS.
        operation: the API's name of it, such as `ReceiveMessage`.
        resource: the name of the queue or of the table, or `bucket/key`.
    """

    service: str
    operation: str
    resource: str


class FaultProxy:
    """Forwards requests to an emulator, with the faults that a function picks.

    Args:
        upstream: address of the emulator.
        pick: picks the fault of each request.
        slow_seconds: how much a slow answer is delayed.
        silent_seconds: how long a silent socket stays open.
        freeze: freezes the process that asks from a port, for as long as it likes, and thaws it afterwards.
        watch: a block around what the emulator does about a request.

    DynamoDB carries out one write of an item after another, and SQS gives a message that it hides to one receiver;
    emulators that serve requests in threads do not always, so the proxy sees to it.
    """

    def __init__(
        self,
        upstream: str,
        pick: Callable[[Asked], Fault],
        slow_seconds: float = 0.3,
        silent_seconds: float = 120,
        freeze: Callable[[Asked, int], AbstractContextManager[None]] = lambda _asked, _port: nullcontext(),
        watch: Callable[[Asked], AbstractContextManager[None]] = lambda _asked: nullcontext(),
    ) -> None:
        self.pick = pick
        self.requests = 0
        self.faults: dict[Fault, int] = {}
        self.answers: Counter[tuple[Asked, int]] = Counter()
        """What was asked for, with the HTTP status of the answer."""
        self.first_seen: dict[str, float] = {}
        """When each operation, such as `ReceiveMessage`, was first asked for, monotonic."""
        self._upstream = urlsplit(upstream)
        self._slow_seconds, self._silent_seconds = slow_seconds, silent_seconds
        self._freeze, self._watch = freeze, watch
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._one_write_at_a_time = threading.Lock()
        self._one_receive_at_a_time = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def do_any(self) -> None:
                proxy._serve(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_any

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def share_writes_with(self, other: FaultProxy) -> None:
        """Take turns with another proxy of the same emulator."""
        self._one_write_at_a_time = other._one_write_at_a_time

    def close(self) -> None:
        """Stop."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = _read_body(request)
        asked = _asked(request, body)
        fault = self.pick(asked)
        with self._lock:
            self.first_seen.setdefault(asked.operation, time.monotonic())
            self.requests += 1
            self.faults[fault] = self.faults.get(fault, 0) + 1
        if fault == "silent":
            self._closed.wait(self._silent_seconds)
        if fault in ("reset", "silent"):
            request.close_connection = True
            return
        if fault == "500":
            _answer(request, 500, {}, b"<Error><Code>InternalError</Code></Error>")
            return
        if fault == "throttle" and asked.service == "s3":
            _answer(request, 503, {}, SLOW_DOWN)
            return
        if fault == "throttle":
            _answer(request, 400, {"Content-Type": "application/x-amz-json-1.0"}, THROTTLED)
            return
        if fault == "slow":
            time.sleep(self._slow_seconds)
        if asked.service == "ecs":
            status, headers, answer = 200, {}, b"{}"
        else:
            with (
                self._freeze(asked, request.client_address[1]) if fault == "freeze" else nullcontext(),
                self._watch(asked),
                self._turn(asked),
            ):
                status, headers, answer = self._forward(request, body)
        with self._lock:
            self.answers[asked, status] += 1
        if fault == "lost":
            request.close_connection = True
            return
        _answer(request, status, headers, answer)

    def _turn(self, asked: Asked) -> AbstractContextManager[Any]:
        if asked.operation == "ReceiveMessage":
            return self._one_receive_at_a_time
        return self._one_write_at_a_time if asked.service == "dynamodb" else nullcontext()

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self._upstream.hostname is not None
        connection = http.client.HTTPConnection(self._upstream.hostname, self._upstream.port, timeout=60)
        headers = {
            name: value for name, value in request.headers.items() if name.lower() != "transfer-encoding"
        }
        connection.request(request.command, request.path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), answer


def _asked(request: BaseHTTPRequestHandler, body: bytes) -> Asked:
    target, _, operation = request.headers.get("X-Amz-Target", "").rpartition(".")
    if not target:
        return _asked_of_paths(request)
    named = json.loads(body)
    if "dynamodb" in target.lower():
        return Asked("dynamodb", operation, named.get("TableName", ""))
    return Asked("sqs", operation, named.get("QueueName") or named.get("QueueUrl", "").rpartition("/")[2])


def _asked_of_paths(request: BaseHTTPRequestHandler) -> Asked:
    """A request of S3, or of the agent of ECS: what is asked for stands in method and address."""
    address = urlsplit(request.path)
    path, query = unquote(address.path).lstrip("/"), parse_qs(address.query, keep_blank_values=True)
    if path.startswith("task-protection/"):
        return Asked("ecs", "UpdateTaskProtection", "")
    bucket, _, key = path.partition("/")
    match request.command:
        case "POST" if "uploads" in query:
            operation = "CreateMultipartUpload"
        case "POST" if "uploadId" in query:
            operation = "CompleteMultipartUpload"
        case "PUT" if "uploadId" in query:
            operation = "UploadPart"
        case "DELETE" if "uploadId" in query:
            operation = "AbortMultipartUpload"
        case "GET" if not key:
            operation = "ListObjectsV2"
        case method:
            operation = f"{method.capitalize()}{'Object' if key else 'Bucket'}"
    return Asked("s3", operation, f"{bucket}/{key}")


def _read_body(request: BaseHTTPRequestHandler) -> bytes:
    if "chunked" in request.headers.get("Transfer-Encoding", ""):
        body = b""
        while size := int(request.rfile.readline().split(b";")[0], 16):
            body += request.rfile.read(size)
            request.rfile.readline()
        request.rfile.readline()
        return body
    if request.headers.get("Expect", "").lower() == "100-continue":
        request.send_response_only(100)
        request.end_headers()
    length = int(request.headers.get("Content-Length") or 0)
    body = request.rfile.read(length)
    if len(body) < length:
        raise ConnectionAbortedError("the sender was killed in the middle of its request")
    return body


def _answer(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    request.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in ("transfer-encoding", "content-length", "connection"):
            request.send_header(name, value)
    length = headers.get("Content-Length") if request.command == "HEAD" else None
    request.send_header("Content-Length", length or str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)
