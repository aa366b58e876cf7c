"""The emulators of AWS that the campaign runs against, each a process of its own on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.worker_harness import wait_until

EMULATORS = ("moto", "ministack")


@contextmanager
def emulator(name: str, folder: Path) -> Iterator[str]:
    """Run an emulator; gives its address.

    Args:
        name: one of `EMULATORS`.
        folder: for its log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if name == "moto":
        command = [
            sys.executable,
            "-c",
            "from moto.server import main; main()",
            "-H",
            "127.0.0.1",
            "-p",
            str(port),
        ]
        environment = {}
    else:
        command = [str(Path(sys.executable).parent / "ministack")]
        environment = {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "SERVICES": "sqs,s3,dynamodb",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        }
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), 60, lambda: (folder / f"{name}.log").read_text())
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
