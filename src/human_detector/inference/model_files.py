"""Where the models lie, and which script gets one that is missing."""

from __future__ import annotations

import os
from pathlib import Path

from human_detector.errors import ConfigurationError

FROZEN_GRAPH = "frozen_inference_graph.pb"
SAVED_MODEL = "saved_model.pb"


def model_folder() -> Path:
    """The folder of the models: `$MODEL_DIR`, else `model/` of this repository."""
    return Path(os.environ.get("MODEL_DIR") or Path(__file__).resolve().parents[3] / "model")


def find_model(model: str) -> Path:
    """The graph file of a model.

    Args:
        model: a name under the model folder, or a path: of a frozen graph (`.pb`), of a folder that holds
            one as `frozen_inference_graph.pb`, or of a SavedModel folder.

    Returns:
        The path of a frozen graph or of a `saved_model.pb`.

    Raises:
        ConfigurationError: there is no such model; says which script gets it.
    """
    for place in (model_folder() / model, Path(model)):
        candidates = (place / FROZEN_GRAPH, place / "saved_model" / SAVED_MODEL, place / SAVED_MODEL, place)
        for candidate in candidates:
            if candidate.is_file():
                return candidate
    raise ConfigurationError(
        f"the model {model!r} is missing: no {FROZEN_GRAPH} or {SAVED_MODEL} in {model_folder() / model}; "
        + how_to_get(model)
    )


def damaged(model: str, path: Path, reason: object) -> ConfigurationError:
    """The error for a model file that cannot be used."""
    return ConfigurationError(
        f"the model {model!r} is damaged: {path} cannot be loaded ({reason}); delete it, then "
        + how_to_get(model)
    )


def how_to_get(model: str) -> str:
    """What to do to get a model, for a person."""
    folder = Path(__file__).resolve().parents[3] / "model"
    script = folder / f"get_{model}.sh"
    if script.is_file():
        return f"run model/{script.name}"
    known = ", ".join(sorted(path.name for path in folder.glob("get_*.sh")))
    return f"give the path of a model, or get one with {known} in model/"
