"""Shows which models there are, gets them, and adds those of one's own.

human-detector models [list]
human-detector models get NAME... | --all
human-detector models add NAME PATH|URL
human-detector models inspect FILE
human-detector models quantize NAME [--calibrate VIDEO...]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from human_detector.commands import models_add, models_inspect, models_quantize
from human_detector.commands.exit_statuses import EXIT_FAILED, EXIT_INTERRUPTED
from human_detector.commands.lines import say
from human_detector.errors import ModelUnavailable
from human_detector.inference.get_model import Display, get_model, is_there
from human_detector.inference.model_catalogue import MODELS, Model
from human_detector.inference.model_files import added_models, model_folder

LINE_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    if options.action == "inspect":
        return models_inspect.inspect(options)
    if options.action not in ("get", "add", "quantize"):
        _list()
        return 0
    try:
        if options.action == "add":
            return models_add.add(options, _display())
        if options.action == "quantize":
            return models_quantize.quantize(options, _display())
        return _get([MODELS[name] for name in options.names or MODELS])
    except KeyboardInterrupt:
        print("human-detector models: stopped; run it again to go on", file=sys.stderr)
        return EXIT_INTERRUPTED


def _list() -> None:
    """A line for each model."""
    # Imported when asked for: the scripts in model/ get models where rich is not installed.
    from human_detector.commands.tables import print_table

    print_table(
        ["MODEL", "FINDS", "LICENCE", "SIZE", "WHERE"],
        [
            *((model.name, model.finds, model.licence, *_size_and_place(model)) for model in MODELS.values()),
            *((file.parent.name, "as added", "", *_size_of(file)) for file in added_models()),
        ],
        right=["SIZE"],
    )
    print(f"\nModels lie in {model_folder()}; `human-detector models get NAME...` gets them")


def _size_and_place(model: Model) -> tuple[str, str]:
    file = model_folder() / model.name / model.file
    if is_there(file):
        return _size_of(file)
    return _megabytes(model.download_megabytes), f"missing: human-detector models get {model.name}"


def _size_of(file: Path) -> tuple[str, str]:
    return _megabytes(file.stat().st_size / 1e6), str(file.parent)


def _megabytes(size: float) -> str:
    return f"{size:.0f} MB"


def _get(models: Sequence[Model]) -> int:
    """Get models; one that fails does not stop the others."""
    display = _display()
    status = 0
    for model in models:
        try:
            say(f"{model.name}: ready: {get_model(model, display)}")
        except ModelUnavailable as error:
            display.say(f"human-detector models: {model.name}: {error}")
            status = EXIT_FAILED
    return status


def _display() -> Display:
    """A bar, or plain lines where rich is not installed."""
    try:
        from human_detector.commands.progress_display import ProgressDisplay
    except ImportError:
        return PlainLines()
    return ProgressDisplay(sys.stderr)


class PlainLines:
    """What is shown where nothing but Python is installed, as on a machine that only builds the image."""

    def start(self, title: str) -> None:
        """Begin a piece of work."""
        self._title, self._shown_at = title, time.monotonic()

    def update(self, fraction: float) -> None:
        """Say now and then how far it is, 0 to 1."""
        now = time.monotonic()
        if now - self._shown_at >= LINE_SECONDS:
            self._shown_at = now
            self.say(f"{self._title}: {100 * fraction:.0f} %")

    def say(self, text: str) -> None:
        """Write a line."""
        print(text, file=sys.stderr, flush=True)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector models",
        description="Show which models there are, get them, and add your own. They lie in $MODEL_DIR, else "
        "in model/ of a clone, else in your data folder. Alone it shows the list.",
        epilog="For example: human-detector models get centernet_mobilenetv3 mobilenet_ssd_widerface",
    )
    actions = parser.add_subparsers(dest="action", metavar="list | get | add | inspect | quantize")
    actions.add_parser("list", help="show what is there, where, and what is missing")
    get = actions.add_parser(
        "get",
        help="download models",
        description="Download models. Checksums are enforced, a download that was stopped goes on where it "
        "stopped, and what is there already is left as it is.",
        epilog=f"Models: {', '.join(MODELS)}. $DETECTION_ZOO_URL and $FACE_MODEL_URL name other folders to "
        "download from. For example: human-detector models get centernet_mobilenetv3",
    )
    get.add_argument("names", nargs="*", metavar="NAME", help="a model of the list")
    get.add_argument("--all", action="store_true", help="all of them")
    models_add.add_arguments(actions)
    models_inspect.add_arguments(actions)
    models_quantize.add_arguments(actions)
    options = parser.parse_args(arguments)
    if options.action == "get":
        if unknown := [name for name in options.names if name not in MODELS]:
            get.error(f"NAME: found {unknown[0]!r}, valid is one of {', '.join(MODELS)}")
        if bool(options.names) == options.all:
            get.error("valid is NAME..., or --all")
    return options
