"""Gets a model into its folder: once, whole and verified, also when two ask for it at the same time."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from human_detector.errors import ModelUnavailable
from human_detector.inference.fetch_graph import describe, fetch_graph
from human_detector.inference.model_catalogue import Model, Source
from human_detector.inference.model_files import model_folder


class Display(Protocol):
    """Shows a person what happens."""

    def start(self, title: str) -> None:
        """Begin a piece of work."""

    def update(self, fraction: float) -> None:
        """Show how far it is, 0 to 1."""

    def say(self, text: str) -> None:
        """Write a line that stays."""


def get_model(model: Model, display: Display) -> Path:
    """Get a model from the first of its sources that has it, unless it is there already.

    Args:
        model: of the table.
        display: shows progress, and why a source was given up.

    Returns:
        Its file.

    Raises:
        ModelUnavailable: no source has it, or it cannot be written; says why.
    """
    graph = model_folder() / model.name / model.file
    if is_there(graph):
        return graph
    folder = graph.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder, lambda: display.say(f"{model.name}: waiting for another run that is getting it")):
            if not is_there(graph):
                _fetch(model, graph, display)
    except OSError as error:
        raise ModelUnavailable(f"cannot write {error.filename or folder}: {error.strerror}") from error
    return graph


def is_there(graph: Path) -> bool:
    """Whether the model is there. It gets its name after its checksum was found right, so it is complete."""
    return graph.is_file() and graph.stat().st_size > 0


@contextmanager
def _lock(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the model's lock; it is free again when this process ends, however it ends."""
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(model: Model, graph: Path, display: Display) -> None:
    """Ask one source after another."""
    *others, last = model.sources
    for source in others:
        try:
            return _fetch_from(source, model, graph, display)
        except ModelUnavailable as error:
            display.say(f"{model.name}: {error}")
    return _fetch_from(last, model, graph, display)


def _fetch_from(source: Source, model: Model, graph: Path, display: Display) -> None:
    display.say(f"{model.name}: {describe(source)}")
    display.start(model.name)
    with _scratch(graph.parent) as scratch:
        fetch_graph(source, graph.parent, scratch, display.update).replace(graph)
    for part in graph.parent.glob("*.part"):
        part.unlink()
    display.say(f"{model.name}: whole and verified")


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """An empty folder, deleted afterwards; in the model's, so that moving a file out of it is atomic."""
    scratch = folder / ".work"
    # A run that was killed left its own.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch)
