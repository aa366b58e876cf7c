"""What an ONNX model is to be given: the picture in the form of its input, and what else it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.network_input import Floats
from human_detector.inference.onnx_file import Tensor

SIZES_INPUT = "orig_target_sizes"
"""RT-DETR's second input: the width and height that its boxes are to be stated in."""

_KINDS = ("float32", "float16", "uint8")


class UnknownInputs(Exception):
    """The inputs are not those of a network that takes pictures; says what is valid."""


@dataclass(frozen=True, slots=True)
class OnnxInputs:
    """The inputs of a model.

    Attributes:
        picture: the input that takes the picture: [N, 3, H, W], or without N, or with the colours last.
        colours_last: whether the colours come last.
        wants_sizes: whether there is `SIZES_INPUT`, too.
    """

    picture: Tensor
    colours_last: bool
    wants_sizes: bool

    @property
    def size_axes(self) -> tuple[int, int]:
        """Which sizes of the picture's shape are its height and width, from the end."""
        return (-3, -2) if self.colours_last else (-2, -1)

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width that the file states; None if it leaves one open."""
        height, width = (self.picture.shape[axis] for axis in self.size_axes)
        return (height, width) if height and width else None

    def arrays(self, planes: Floats) -> Mapping[str, NDArray[Any]]:
        """All inputs for one picture.

        Args:
            planes: [1, 3, H, W], from `network_input`.
        """
        given: NDArray[Any] = planes.transpose(0, 2, 3, 1) if self.colours_last else planes
        if len(self.picture.shape) == 3:
            given = given[0]
        inputs = {self.picture.name: np.ascontiguousarray(given, self.picture.kind)}
        if self.wants_sizes:
            inputs[SIZES_INPUT] = np.array([planes.shape[:1:-1]], np.int64)
        return inputs


def find_inputs(tensors: Sequence[Tensor]) -> OnnxInputs:
    """Tell a model's inputs apart.

    Raises:
        UnknownInputs: there is something that cannot be given.
    """
    pictures = [tensor for tensor in tensors if _colours_last(tensor) is not None]
    others = [tensor for tensor in tensors if tensor not in pictures and tensor.name != SIZES_INPUT]
    if len(pictures) != 1 or others:
        raise UnknownInputs(
            f"found the inputs {'; '.join(map(str, tensors))}, valid is one picture [N, 3, H, W] or "
            f"[N, H, W, 3] of {', '.join(_KINDS)}, and {SIZES_INPUT} beside it"
        )
    (picture,) = pictures
    return OnnxInputs(picture, bool(_colours_last(picture)), len(tensors) > 1)


def _colours_last(tensor: Tensor) -> bool | None:
    """Whether an input takes a picture with the colours last; None if it takes no picture."""
    if tensor.kind not in _KINDS or len(tensor.shape) not in (3, 4):
        return None
    if tensor.shape[-3] in (3, None):
        return False
    return True if tensor.shape[-1] == 3 else None
