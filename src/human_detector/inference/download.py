"""Gets one file over HTTP: goes on where it stopped, and keeps nothing that has a wrong checksum."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from human_detector.errors import ModelUnavailable
from human_detector.inference.checksum import Checksum

TIMEOUT_SECONDS = 10.0
"""The longest that a server may say nothing."""
MAX_TRANSFERS = 20
BLOCK_BYTES = 1 << 18


class _BrokenOff(Exception):
    """The connection broke off, stalled or never came about; what has come is kept."""


def download(
    url: str, part: Path, checksum: Checksum, size: int | None, progress: Callable[[float], None]
) -> None:
    """Bring a file here, whole and verified.

    What an earlier run or a broken connection left in `part` is gone on with, for as long as each connection
    brings some more.

    Args:
        url: its address.
        part: where it is collected, and lies in the end.
        checksum: that it must have.
        size: that it must have, in bytes; None if unknown.
        progress: told how far it is, 0 to 1.

    Raises:
        ModelUnavailable: it cannot be had; what has come is kept, unless its checksum is wrong.
        OSError: it cannot be written.
    """
    if _is_intact(part, checksum, size):
        return
    # What was there before may have been of another file: once, begin anew.
    may_restart = True
    for _ in range(MAX_TRANSFERS):
        had = _size_of(part)
        try:
            _transfer(url, part, progress)
        except _BrokenOff as reason:
            if _size_of(part) > had:
                continue
            raise ModelUnavailable(f"cannot download {url}: {reason}") from reason
        if _is_intact(part, checksum, size):
            return
        part.unlink()
        if had == 0 or not may_restart:
            raise ModelUnavailable(f"{url} gave a file with a wrong checksum (not {checksum}); deleted it")
        may_restart = False
    raise ModelUnavailable(f"cannot download {url}: the connection breaks off again and again")


def _is_intact(path: Path, checksum: Checksum, size: int | None) -> bool:
    # The size comes first, because it costs nothing.
    return (size is None or _size_of(path) == size) and checksum.fits(path)


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _transfer(url: str, part: Path, progress: Callable[[float], None]) -> None:
    """One try to get the rest of the file."""
    had = _size_of(part)
    response = _open(url, had)
    if response is None:
        return
    with response:
        if not _goes_on_at(response, had):
            had = 0
        missing = response.length
        with part.open("ab" if had else "wb") as file:
            while block := _read(response, missing):
                file.write(block)
                had += len(block)
                if missing is not None:
                    missing -= len(block)
                    progress(had / (had + missing))
        # A connection that ends early is no error to http.client.
        if missing:
            raise _BrokenOff("the connection broke off; run this again to go on where it stopped")


def _open(url: str, had: int) -> HTTPResponse | None:
    """The server's answer to the question for all that comes after `had` bytes; None if nothing does."""
    request = Request(url, headers={"Range": f"bytes={had}-"} if had else {})  # noqa: S310  # from the table
    try:
        response: HTTPResponse = urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise ModelUnavailable(
            f"cannot download {url}: the server answered with HTTP status {error.code}"
        ) from error
    except URLError as error:
        raise _BrokenOff(_explain(error.reason)) from error
    except (OSError, HTTPException) as error:
        raise _BrokenOff(_explain(error)) from error
    return response


def _goes_on_at(response: HTTPResponse, had: int) -> bool:
    """Whether the answer begins there; a server may also send the whole file."""
    return response.headers.get("Content-Range", "").startswith(f"bytes {had}-")


def _read(response: HTTPResponse, missing: int | None) -> bytes:
    """What has come, up to a block; nothing at the end."""
    try:
        # Not `read`: it waits for the whole block, and loses what has come when it waits in vain.
        return response.read1(BLOCK_BYTES if missing is None else min(BLOCK_BYTES, missing))
    except (OSError, HTTPException) as error:
        raise _BrokenOff(_explain(error)) from error


def _explain(reason: object) -> str:
    """Why a connection failed, as the end of a sentence."""
    match reason:
        case socket.gaierror():
            return "its host name cannot be resolved; is there a network?"
        case ConnectionRefusedError():
            return "the connection was refused"
        case TimeoutError():
            return f"no answer for {TIMEOUT_SECONDS:g} s; run this again to go on where it stopped"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {reason.verify_message}"
        case ConnectionError() | HTTPException() | ssl.SSLError():
            return "the connection broke off; run this again to go on where it stopped"
        case OSError(strerror=str(sentence)):
            return sentence
    return str(reason)
