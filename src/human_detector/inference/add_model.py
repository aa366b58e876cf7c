"""Puts a model of somebody's own where the others are: whole, described, and only if it can be loaded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from human_detector.errors import ConfigurationError, ModelUnavailable
from human_detector.inference.checksum import Checksum
from human_detector.inference.download import download
from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_catalogue import FROZEN_GRAPH, MODELS, ONNX_MODEL
from human_detector.inference.model_description import DESCRIPTION
from human_detector.inference.model_files import model_folder

FILE_NAMES = {".onnx": ONNX_MODEL, ".pb": FROZEN_GRAPH}
"""What a model's file is called in its folder, by how its name ends."""


def add_model(
    name: str,
    source: str,
    checksum: Checksum | None,
    description: Path | None,
    progress: Callable[[float], None],
) -> Path:
    """Add a model.

    Args:
        name: by which it is to be had.
        source: path or address of its file.
        checksum: that it must have.
        description: its model.yaml; None for the one beside the file, if there is one.
        progress: told how far a download is, 0 to 1.

    Returns:
        Its file.

    Raises:
        ConfigurationError: the name is taken, or the model is no good; says why.
        ModelUnavailable: it cannot be had or written.
    """
    folder = model_folder() / name
    if name in MODELS:
        raise ConfigurationError(
            f"NAME: found {name!r}, which human-detector models get gets; take another one"
        )
    if folder.exists():
        raise ConfigurationError(
            f"NAME: found {name!r}, which is there already; delete {folder} to replace it"
        )
    try:
        model_folder().mkdir(parents=True, exist_ok=True)
        with _scratch() as scratch:
            file = scratch / FILE_NAMES[Path(source).suffix.lower()]
            if is_address(source):
                assert checksum is not None
                _download(name, source, checksum, file, progress)
            else:
                _copy(Path(source), checksum, file)
                description = description or _beside(Path(source))
            if description:
                shutil.copyfile(description, scratch / DESCRIPTION)
            _require_loadable(name, file, {file: source, scratch / DESCRIPTION: str(description)})
            scratch.chmod(0o755)
            scratch.rename(folder)
    except OSError as error:
        raise ModelUnavailable(f"{error.filename or folder}: {error.strerror}") from error
    return folder / file.name


def is_address(source: str) -> bool:
    """Whether it is no path."""
    return source.startswith(("http://", "https://"))


def _download(name: str, url: str, checksum: Checksum, file: Path, progress: Callable[[float], None]) -> None:
    # Outside the scratch folder: a download that broke off is gone on with.
    part = model_folder() / f"{name}.part"
    download(url, part, checksum, None, progress)
    part.replace(file)


def _copy(source: Path, checksum: Checksum | None, file: Path) -> None:
    if checksum and not checksum.fits(source):
        raise ConfigurationError(f"{source} is missing or has a wrong checksum (not {checksum})")
    shutil.copyfile(source, file)


def _require_loadable(name: str, file: Path, shown: Mapping[Path, str]) -> None:
    """Load the model once; what is wrong is said of the files that were given, not of their copies."""
    try:
        load_engine("auto", ModelSettings(name, file, 1))
    except ConfigurationError as error:
        sentences = list(error.problems)
        for copy, given in shown.items():
            sentences = [sentence.replace(str(copy), given) for sentence in sentences]
        raise ConfigurationError(*sentences) from error


def _beside(file: Path) -> Path | None:
    description = file.with_name(DESCRIPTION)
    return description if description.is_file() else None


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder beside the models', so that giving it a model's name is atomic; deleted unless it got one."""
    scratch = Path(tempfile.mkdtemp(prefix=".adding-", dir=model_folder()))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
