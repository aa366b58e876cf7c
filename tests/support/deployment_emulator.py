"""An emulator of AWS that starts real containers, on loopback and on the bridge of the Docker engine."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.deployment_clone import REGION
from support.own_environment import own_environment
from support.paths import ROOT

CACHE = ROOT / ".cache" / "deploy-tests"
ACCOUNT = "000000000000"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
# The container engine's set-up forwards the registry's name to this port.
PORT = 4566
ENDPOINT = f"http://127.0.0.1:{PORT}"
START_SECONDS = 30


def aws_command_line() -> Path:
    """The folder of the program `aws`, in an environment of its own because it pins another botocore."""
    return own_environment(CACHE / "aws-cli", Path(__file__).parent / "requirements-aws-cli.txt")


@contextmanager
def emulator(environment: dict[str, str], log_path: Path) -> Iterator[str]:
    """Run the emulator; gives its address.

    Args:
        environment: has DOCKER_HOST.
        log_path: takes its output.

    Raises:
        RuntimeError: something listens on its port already, or it does not start.
    """
    if _is_open(PORT):
        raise RuntimeError(f"something listens on port {PORT} already; the emulator needs it")
    settings = {"GATEWAY_PORT": str(PORT), "BIND_HOST": "127.0.0.1", "MINISTACK_REGION": REGION}
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "ministack"],
            env={**environment, **settings, "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(process, log_path)
            yield ENDPOINT
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{ENDPOINT}/_ministack/health", timeout=2)
            return
        time.sleep(0.1)
    raise RuntimeError(f"the emulator does not start: {log_path.read_text()[-500:]}")


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def forward(address: str) -> Iterator[None]:
    """Make the emulator's port reachable at another address of this machine, for containers with a bridge."""
    listener = socket.create_server((address, PORT))

    def accept() -> None:
        with suppress(OSError):  # The listener was shut down.
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_pipe, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _pipe(left: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    with (
        left,
        suppress(OSError),
        socket.create_connection(("127.0.0.1", PORT)) as right,
        selectors.DefaultSelector() as selector,
    ):
        selector.register(left, selectors.EVENT_READ, right)
        selector.register(right, selectors.EVENT_READ, left)
        while True:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(1 << 16)
                if not data:
                    return
                key.data.sendall(data)


def docker(*arguments: str) -> str:
    """Run the docker client; returns its output.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()


def why_no_engine() -> str | None:
    """What is missing for tests with real containers, or None."""
    try:
        docker("version")
    except FileNotFoundError:
        return "no docker client"
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        return f"no Docker engine: {said[-1] if said else 'it does not answer'}"
    # Never push to a real registry: the name must lead to this machine.
    try:
        address = socket.gethostbyname(REGISTRY)
    except OSError:
        address = "nowhere"
    if not address.startswith("127."):
        return f"the registry's name {REGISTRY} leads to {address} instead of this machine"
    return None


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of everything that talks to the emulator: no way to a real account from there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "PATH": f"{aws_command_line()}:{os.environ['PATH']}",
        "PYTHON": sys.executable,
        "HOME": str(home),
        "DOCKER_CONFIG": str(home / ".docker"),
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SETTLE_SECONDS": "2",
    }
