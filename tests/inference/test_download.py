"""A file comes over HTTP whole and verified, goes on where it stopped, and a failure is said plainly."""

from __future__ import annotations

import hashlib
import ssl
from http.client import RemoteDisconnected
from pathlib import Path
from urllib.error import URLError

import pytest

from human_detector.errors import ModelUnavailable
from human_detector.inference import download as download_module
from human_detector.inference.checksum import Checksum
from human_detector.inference.download import download
from support.file_server import FileServer, unused_url

CONTENT = b"a graph, or an archive with one " * 9000
CHECKSUM = Checksum("sha384", hashlib.sha384(CONTENT).hexdigest())

# What `git hash-object` prints for this content.
HELLO = b"hello\n"
HELLO_BLOB = "ce013625030ba8dba906f756967f9e9ca394464a"


class Target:
    """A file of the server, and where it is to land."""

    def __init__(self, server: FileServer, folder: Path) -> None:
        self.server = server
        self.url = f"{server.url}/models/graph.tar.gz"
        self.part = folder / "graph.tar.gz.part"
        self.progress: list[float] = []
        self.serve(CONTENT)

    def serve(self, content: bytes) -> None:
        self.server.files["/models/graph.tar.gz"] = content

    def get(self, size: int | None = len(CONTENT)) -> None:
        download(self.url, self.part, CHECKSUM, size, self.progress.append)
        assert self.part.read_bytes() == CONTENT

    def fail(self, reason: str) -> None:
        with pytest.raises(ModelUnavailable, match=reason):
            download(self.url, self.part, CHECKSUM, len(CONTENT), self.progress.append)


@pytest.fixture
def target(server: FileServer, tmp_path: Path) -> Target:
    return Target(server, tmp_path)


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_file_comes_whole(target: Target, size: int | None) -> None:
    target.get(size)

    assert target.server.ranges == [None]
    assert target.progress == sorted(target.progress)
    assert target.progress[-1] == 1.0
    assert target.progress[0] < 1.0


def test_it_goes_on_where_a_run_before_it_stopped(target: Target) -> None:
    target.part.write_bytes(CONTENT[: len(CONTENT) // 2])

    target.get()

    assert target.server.ranges == [f"bytes={len(CONTENT) // 2}-"]
    assert target.progress[0] > 0.5, "of the whole, not of the rest"


def test_what_is_complete_is_not_asked_for_again(target: Target) -> None:
    target.part.write_bytes(CONTENT)

    target.get()

    assert target.server.ranges == []


@pytest.mark.parametrize("extra", [-50, 0, 50], ids=["shorter", "as long", "longer"])
def test_wrong_bytes_of_a_run_before_it_are_replaced(target: Target, extra: int) -> None:
    target.part.write_bytes(bytes(len(CONTENT) + extra))

    target.get()

    assert target.server.ranges == [f"bytes={len(CONTENT) + extra}-", None]


def test_a_server_without_ranges_sends_the_whole(target: Target) -> None:
    target.server.supports_ranges = False
    target.part.write_bytes(CONTENT[:100])

    target.get()

    assert target.server.ranges == ["bytes=100-"]


def test_it_goes_on_when_the_connection_breaks_off(target: Target) -> None:
    third = len(CONTENT) // 3 + 1
    target.server.cut_after = third

    target.get()

    assert target.server.ranges == [None, f"bytes={third}-", f"bytes={2 * third}-"]


def test_it_goes_on_when_the_server_stalls(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_SECONDS", 0.2)
    target.server.stalls = True
    target.server.cut_after = len(CONTENT) // 2 + 1

    target.get()

    assert target.server.ranges == [None, f"bytes={len(CONTENT) // 2 + 1}-"]


def test_a_server_that_never_answers_is_given_up(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_SECONDS", 0.2)
    target.server.gate.clear()

    target.fail(r"no answer for 0\.2 s")

    assert target.server.ranges == [None]


def test_what_is_there_is_kept_when_the_connection_brings_no_more(target: Target) -> None:
    target.part.write_bytes(CONTENT[:100])
    target.server.cut_after = 0

    target.fail("the connection broke off; run this again to go on where it stopped")

    assert target.server.ranges == ["bytes=100-"]
    assert target.part.read_bytes() == CONTENT[:100]


def test_it_gives_up_when_each_answer_breaks_off_and_none_can_go_on(target: Target) -> None:
    target.server.supports_ranges = False
    target.server.cut_after = 100

    target.fail("cannot download")

    assert target.server.ranges == [None, "bytes=100-"]


def test_it_gives_up_when_the_connection_breaks_off_again_and_again(target: Target) -> None:
    target.server.cut_after = 1

    target.fail("the connection breaks off again and again")

    assert len(target.server.ranges) == download_module.MAX_TRANSFERS


@pytest.mark.parametrize("content", [bytes(len(CONTENT)), b"<html>log in first</html>", CONTENT + b"more"])
def test_a_wrong_checksum_deletes_the_file(target: Target, content: bytes) -> None:
    target.serve(content)

    target.fail(rf"gave a file with a wrong checksum \(not {CHECKSUM}\); deleted it")

    assert not target.part.exists()


def test_the_http_status_is_told_and_what_is_there_is_kept(target: Target) -> None:
    target.server.files.clear()
    target.part.write_bytes(CONTENT[:100])

    target.fail("the server answered with HTTP status 404")

    assert target.part.read_bytes() == CONTENT[:100]


def test_an_address_where_nothing_listens_is_told(target: Target) -> None:
    target.url = f"{unused_url()}/graph.tar.gz"

    target.fail(rf"cannot download {target.url}: the connection was refused")


def certificate_error() -> ssl.SSLError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] ...")
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (URLError(certificate_error()), "its certificate is not valid: certificate has expired"),
        (
            URLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
            "the connection broke off; run",
        ),
        (
            RemoteDisconnected("Remote end closed connection without response"),
            "the connection broke off; run",
        ),
        (URLError(OSError(101, "Network is unreachable")), "Network is unreachable"),
    ],
    ids=["certificate", "TLS", "closed", "no route"],
)
def test_other_failures_are_told(
    error: Exception, sentence: str, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(download_module, "urlopen", fail)
    target.fail(f"cannot download {target.url}: {sentence}")


def test_a_missing_network_is_told(target: Target) -> None:
    target.url = "http://host.invalid/graph.tar.gz"

    target.fail(r"cannot download http://host\.invalid/graph\.tar\.gz: its host name cannot be resolved")


@pytest.mark.parametrize(
    ("checksum", "content", "fits"),
    [
        (Checksum("git-blob", HELLO_BLOB), HELLO, True),
        (Checksum("git-blob", HELLO_BLOB), HELLO + HELLO, False),
        (Checksum("sha256", hashlib.sha256(HELLO).hexdigest()), HELLO, True),
        (Checksum("sha256", hashlib.sha256(HELLO).hexdigest()), b"", False),
    ],
)
def test_checksums(checksum: Checksum, content: bytes, fits: bool, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert checksum.fits(tmp_path / "file") is fits
    assert not checksum.fits(tmp_path / "none")
