"""A model.yaml: what somebody knows of an ONNX model that does not stand in its file."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.inference.network_input import COLOURS, FITS
from human_detector.inference.output_layouts import (
    ACTIVATIONS,
    BACKGROUNDS,
    BOX_FORMATS,
    BOX_UNITS,
    LAYOUTS,
)
from human_detector.utils import parse_yaml
from human_detector.validation import Check, ListOf, Number, OneOf, Section, Text, WholeNumber

DESCRIPTION = "model.yaml"

_SIDE = WholeNumber(1, 16384)


class InputSize(Check):
    """Valid: height and width, or `any`."""

    def __call__(self, value: Any) -> str | None:
        is_size = isinstance(value, list) and len(value) == 2 and not any(_SIDE(side) for side in value)
        return None if is_size or value == "any" else "height and width such as [640, 640], or any"


class PerColour(Check):
    """Valid: a number, or one for each of the three colours."""

    def __init__(self, number: Number) -> None:
        self._number = number

    def __call__(self, value: Any) -> str | None:
        numbers = value if isinstance(value, list) and len(value) == 3 else [value]
        fits = not any(self._number(number) for number in numbers)
        return None if fits else f"{self._number(None)}, or a list of three"


class Names(Check):
    """Valid: names of classes, in order or by their number."""

    def __call__(self, value: Any) -> str | None:
        names = list(value.values()) if isinstance(value, dict) else value
        numbers = list(value) if isinstance(value, dict) else []
        fits = isinstance(names, list) and names and not any(map(Text(), names))
        if fits and not any(WholeNumber(0, 100_000)(number) for number in numbers):
            return None
        return "a list of texts, or an object such as {0: person, 1: bicycle}"


MODEL_YAML = Section(
    {
        "layout": OneOf(tuple(LAYOUTS)),
        "outputs": Section(dict.fromkeys(("boxes", "scores", "classes"), Text())),
        "input_size": InputSize(),
        "longest_side": _SIDE,
        "multiple_of": WholeNumber(1, 1024),
        "fit": OneOf(FITS),
        "padding": WholeNumber(0, 255),
        "colours": OneOf(COLOURS),
        "mean": PerColour(Number(0, 255)),
        "scale": PerColour(Number(0, 1e6, above_low=True)),
        "box_format": OneOf(BOX_FORMATS),
        "box_unit": OneOf(BOX_UNITS),
        "first_class": WholeNumber(0, 1),
        "activation": OneOf(ACTIVATIONS),
        "background": OneOf(BACKGROUNDS),
        "strides": ListOf(WholeNumber(1, 1024), "a list such as [8, 16, 32]", fewest=1),
        "nms_iou": Number(0, 1),
        "names": Names(),
    }
)


def read_description(path: Path) -> Mapping[str, Any]:
    """What stands in a model.yaml; nothing where there is none.

    Raises:
        ConfigurationError: it is no YAML, or a key or a value is wrong; every problem is listed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    try:
        described = parse_yaml(text)
    except ValueError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from error
    if problems := MODEL_YAML.problems("", described):
        raise ConfigurationError(*(f"{path}: {problem}" for problem in problems))
    return described  # type: ignore[no-any-return]


def class_names(
    described: Mapping[str, Any], metadata: Mapping[str, str], first_class: int
) -> dict[int, str]:
    """The model's classes, 1-based, as its model.yaml or else its file calls them; empty if neither does.

    Args:
        described: a model.yaml.
        metadata: of the file; exporters put the names there as Python would print them.
        first_class: the number that the model has for its first class.
    """
    names = described.get("names")
    if names is None:
        names = _printed(metadata.get("names", ""))
    if isinstance(names, dict):
        return {number + 1 - first_class: name for number, name in names.items() if number >= first_class}
    return dict(enumerate(names or [], 1))


def _printed(text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return value if Names()(value) is None else None
