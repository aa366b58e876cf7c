"""An ONNX file and what its numbers mean: which picture it takes, and where things are in what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Candidates
from human_detector.inference.model_description import DESCRIPTION, class_names, read_description
from human_detector.inference.network_input import InputDescription, Placement
from human_detector.inference.non_max_suppression import best_of_each_class
from human_detector.inference.onnx_file import OnnxFile, read_onnx
from human_detector.inference.onnx_inputs import OnnxInputs, UnknownInputs, find_inputs
from human_detector.inference.output_layouts import LAYOUTS, OutputDescription
from human_detector.inference.read_outputs import read_outputs
from human_detector.inference.recognise_layout import Roles, find_roles, recognise_layout

MOST_PROPOSED = 3000
"""Boxes of one image that are looked at, the best ones: with a score of 0 allowed there may be a million."""


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model.

    Attributes:
        file: what stands in the file.
        inputs: what it must be given.
        input: how frames become that.
        output: what its numbers mean.
        class_names: what it calls its classes, 1-based; empty where nobody says.
    """

    file: OnnxFile
    inputs: OnnxInputs
    input: InputDescription
    output: OutputDescription
    class_names: Mapping[int, str]

    @property
    def outputs(self) -> Sequence[str]:
        """The names of the outputs that are read."""
        return list(self.output.roles.values())

    def content(self) -> str | bytes:
        """What an engine is to load: the file, or, if that states other sizes, the model with open sizes."""
        shape = self.inputs.picture.shape
        stated = [shape[axis] for axis in self.inputs.size_axes]
        batch = shape[0] if len(shape) == 4 else 1
        if batch in (None, 1) and all(
            side in (None, wanted)
            for side, wanted in zip(stated, self.input.size or (None, None), strict=True)
        ):
            return str(self.file.path)
        return self.file.with_open_sizes(self.inputs.picture.name, self.inputs.size_axes)

    def candidates(
        self, outputs: Sequence[NDArray[Any]], placement: Placement, min_score: float
    ) -> Candidates:
        """What the outputs say of one image that lay at `placement`."""
        arrays = dict(zip(self.output.roles, outputs, strict=True))
        found = read_outputs(self.output, arrays, placement.size, min_score)
        best = np.argsort(-found.scores, kind="stable")[:MOST_PROPOSED]
        boxes, scores, classes = found.boxes[best], found.scores[best], found.classes[best]
        kept = best_of_each_class(boxes, scores, classes, self.output.nms_iou)
        fractions = placement.fractions(boxes[kept])
        # What lies outside the image has no area left.
        inside = np.all(fractions[:, 2:] > fractions[:, :2], axis=1)
        return Candidates(fractions[inside], scores[kept][inside], classes[kept][inside])


def read_model(model: str, path: Path) -> OnnxModel:
    """Read a model's file and its model.yaml, and find out what its numbers mean.

    Args:
        model: the model as the configuration names it, for messages.
        path: of the file.

    Raises:
        ConfigurationError: the file is damaged, its model.yaml is wrong, or the two do not say enough.
    """
    file = read_onnx(model, path)
    described = read_description(path.with_name(DESCRIPTION))
    try:
        inputs = find_inputs(file.inputs)
    except UnknownInputs as error:
        raise ConfigurationError(f"the model {model!r}: {error}") from error
    layout, roles = _layout(model, file, described)
    first_class = described.get("first_class", _usual_first_class(layout, inputs))
    names = {1: "face"} if layout == "centerface" else class_names(described, file.metadata, first_class)
    return OnnxModel(
        file,
        inputs,
        _input_description(model, layout, inputs, described, file),
        _output_description(model, layout, roles, first_class, described),
        names,
    )


def _layout(model: str, file: OnnxFile, described: Mapping[str, Any]) -> tuple[str, Roles]:
    """The layout, and the outputs for its roles."""
    shown = "; ".join(map(str, file.outputs))
    given: Roles = described.get("outputs", {})
    unknown = [name for name in given.values() if name not in {tensor.name for tensor in file.outputs}]
    if unknown:
        raise ConfigurationError(
            f"the model {model!r}: outputs: found {unknown[0]!r}, valid are those of the file: {shown}"
        )
    if layout := described.get("layout", ""):
        found = find_roles(layout, LAYOUTS[layout].roles, file.outputs)
    else:
        looked_at = [tensor for tensor in file.outputs if not given or tensor.name in given.values()]
        recognised = recognise_layout(looked_at, len(class_names({}, file.metadata, 0)) or None)
        if recognised is None:
            known = "; ".join(f"{name}: {layout.looks}" for name, layout in LAYOUTS.items())
            raise ConfigurationError(
                f"the model {model!r}: found the outputs {shown}, which are of no layout that is known "
                f"({known}); say which one it is in {file.path.with_name(DESCRIPTION)}"
            )
        layout, found = recognised
    roles = {role: given.get(role, found.get(role)) for role in LAYOUTS[layout].roles}
    if missing := [role for role, name in roles.items() if name is None]:
        raise ConfigurationError(
            f"the model {model!r}: its layout is {layout}, but which output has the {missing[0]}? "
            f"Found {shown}; say it in {file.path.with_name(DESCRIPTION)} under outputs"
        )
    return layout, {role: str(name) for role, name in roles.items()}


def _usual_first_class(layout: str, inputs: OnnxInputs) -> int:
    """torchvision's networks count their classes from 1, all others from 0; RT-DETR's ask for sizes."""
    return int(layout == "boxes_scores_classes" and not inputs.wants_sizes)


def _input_description(
    model: str, layout: str, inputs: OnnxInputs, described: Mapping[str, Any], file: OnnxFile
) -> InputDescription:
    size = described.get("input_size", "any" if layout == "centerface" else inputs.size)
    if size is None:
        raise ConfigurationError(
            f"the model {model!r}: {inputs.picture} leaves the picture's size open: say input_size in "
            f"{file.path.with_name(DESCRIPTION)}, such as [640, 640], or any"
        )
    usual = LAYOUTS[layout]
    optional = ("longest_side", "multiple_of", "padding", "colours")
    return InputDescription(
        size=None if size == "any" else (size[0], size[1]),
        fit=described.get("fit", usual.fit),
        mean=_per_colour(described.get("mean", 0)),
        scale=_per_colour(described.get("scale", 1 if inputs.picture.kind == "uint8" else usual.scale)),
        **{key: described[key] for key in optional if key in described},
    )


def _output_description(
    model: str, layout: str, roles: Roles, first_class: int, described: Mapping[str, Any]
) -> OutputDescription:
    usual = LAYOUTS[layout]
    if layout == "boxes_class_scores" and "activation" not in described:
        raise ConfigurationError(
            f"the model {model!r}: its layout is {layout}; say activation in its {DESCRIPTION}: "
            "softmax (DETR), sigmoid (RT-DETR), or none where the scores go from 0 to 1"
        )
    activation = described.get("activation", "none")
    return OutputDescription(
        layout=layout,
        roles=roles,
        box_format=described.get("box_format", usual.box_format),
        box_unit=described.get("box_unit", usual.box_unit),
        first_class=first_class,
        activation=activation,
        background=described.get("background", "last" if activation == "softmax" else "none"),
        strides=tuple(described.get("strides", ())),
        nms_iou=described.get("nms_iou", usual.nms_iou),
    )


def _per_colour(value: Any) -> tuple[float, float, float]:
    red, green, blue = value if isinstance(value, list) else [value] * 3
    return (red, green, blue)
