"""Where the models lie, and what gets one that is missing."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.inference.model_catalogue import FROZEN_GRAPH, MODELS, ONNX_MODEL

SAVED_MODEL = "saved_model.pb"
DISTRIBUTION = "human-detector"


def model_folder() -> Path:
    """The folder of the models: `$MODEL_DIR`, else `model/` of a clone, else in the user's data folder."""
    if given := os.environ.get("MODEL_DIR"):
        return Path(given)
    if folder := clone():
        return folder / "model"
    # Imported when needed: the scripts in model/ also run where no package is installed.
    from platformdirs import user_data_path

    return user_data_path(DISTRIBUTION) / "models"


def added_models() -> list[Path]:
    """The files of the models that lie in the folder and are none of the catalogue."""
    places = (model_folder().glob(f"*/{name}") for name in (FROZEN_GRAPH, ONNX_MODEL))
    return sorted(file for files in places for file in files if file.parent.name not in MODELS)


def find_model(model: str) -> Path:
    """The file of a model.

    Args:
        model: a name under the model folder, or a path: of a frozen graph (`.pb`) or an ONNX file (`.onnx`),
            of a folder with a `frozen_inference_graph.pb` or a `model.onnx`, or of a SavedModel folder.

    Returns:
        The path of a frozen graph, of a `saved_model.pb` or of an ONNX file.

    Raises:
        ConfigurationError: there is no such model; says how to get it.
    """
    for place in (model_folder() / model, Path(model)):
        names = (FROZEN_GRAPH, ONNX_MODEL, f"saved_model/{SAVED_MODEL}", SAVED_MODEL, "")
        for candidate in (place / name for name in names):
            if candidate.is_file():
                return candidate
    raise ConfigurationError(
        f"the model {model!r} is missing: no {FROZEN_GRAPH}, {ONNX_MODEL} or {SAVED_MODEL} in "
        f"{model_folder() / model}; " + how_to_get(model)
    )


def is_onnx(path: Path) -> bool:
    """Whether a model's file is an ONNX file, by its name."""
    return path.suffix.lower() == ".onnx"


def damaged(model: str, path: Path, reason: object) -> ConfigurationError:
    """The error for a model file that cannot be used."""
    return ConfigurationError(
        f"the model {model!r} is damaged: {path} cannot be loaded ({reason}); delete it, then "
        + how_to_get(model)
    )


def how_to_get(model: str) -> str:
    """What to do to get a model, for a person."""
    if model in MODELS:
        return f"run: human-detector models get {model}"
    return f"give the path of a model, or get one with: human-detector models get {' | '.join(MODELS)}"


def clone() -> Path | None:
    """The clone of the repository that this file lies in; None if it lies among installed packages."""
    folder = Path(__file__).resolve().parents[3]
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return folder if project == DISTRIBUTION and (folder / "model").is_dir() else None
