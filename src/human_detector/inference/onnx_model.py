"""An ONNX file and what its numbers mean: which picture it takes, and where things are in what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.centerface import CHANNELS, read_faces
from human_detector.inference.engine import Candidates
from human_detector.inference.network_input import InputDescription, Placement
from human_detector.inference.non_max_suppression import Suppression
from human_detector.inference.onnx_file import OnnxFile, Tensor, read_onnx

MOST_PROPOSED = 3000
"""Boxes of one image that are looked at, the best ones: with a score of 0 allowed there may be a million."""


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model.

    Attributes:
        file: what stands in the file.
        input: how frames become what it takes.
        picture: the input that takes them.
        outputs: the names of those that are read.
    """

    file: OnnxFile
    input: InputDescription
    picture: Tensor
    outputs: Sequence[str]

    def content(self) -> str | bytes:
        """What an engine is to load: the file, or the model with its sizes open."""
        return (
            self.file.with_open_sizes(self.picture.name) if self.input.size is None else str(self.file.path)
        )

    def candidates(
        self, outputs: Sequence[NDArray[np.float32]], placement: Placement, min_score: float
    ) -> Candidates:
        """What the outputs say of one image that lay at `placement`."""
        boxes, scores = read_faces(outputs, placement.size, min_score)
        best = np.argsort(-scores, kind="stable")[:MOST_PROPOSED]
        fractions = placement.fractions(boxes[best])
        suppression = Suppression(0, 0.3, MOST_PROPOSED, MOST_PROPOSED)
        return suppression.apply(fractions[:, np.newaxis], scores[best, np.newaxis], min_score)


def read_model(model: str, path: Path) -> OnnxModel:
    """Read a model's file and find out what its numbers mean.

    Args:
        model: the model as the configuration names it, for messages.
        path: of the file.

    Raises:
        ConfigurationError: the file is damaged, or its outputs are of no layout that is known.
    """
    file = read_onnx(model, path)
    channels = tuple(output.shape[1] for output in file.outputs if len(output.shape) == 4)
    if channels != CHANNELS or len(file.inputs) != 1:
        raise ConfigurationError(
            f"the model {model!r}: {path} has outputs of no known layout: {'; '.join(map(str, file.outputs))}"
        )
    return OnnxModel(
        file,
        InputDescription(size=None, scale=(1, 1, 1)),
        file.inputs[0],
        [output.name for output in file.outputs[:3]],
    )
