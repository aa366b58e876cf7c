"""A web server on this machine that serves files well or badly."""

from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves bytes by path on a free port of this machine.

    Attributes:
        files: the content of each path.
        ranges: the Range header of each request so far, None where it had none.
        supports_ranges: answer a range with the range; otherwise with the whole file.
        cut_after: break each answer off after so many bytes, though its header promises all.
        stalls: after these bytes keep the connection open and say nothing more, until the server is closed.
        gate: an answer waits for it.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.supports_ranges = True
        self.cut_after: int | None = None
        self.stalls = False
        self.gate = threading.Event()
        self.gate.set()
        self.requested = threading.Event()
        self._closing = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        self.requested.set()
        self.gate.wait(timeout=60)
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        start = 0
        if wanted and self.supports_ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(content):
                request.send_error(416)
                return
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            request.send_response(200)
        body = content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut_after])
        request.wfile.flush()
        if self.stalls:
            self._closing.wait(timeout=60)

    def close(self) -> None:
        """End every answer and the server."""
        self.gate.set()
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def unused_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
