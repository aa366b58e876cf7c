"""Makes a network that computes in 8 bits out of a model, with NNCF."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.inference.model_files import is_onnx
from human_detector.inference.network_input import network_input, place
from human_detector.inference.onnx_model import read_model
from human_detector.inference.openvino_device import core
from human_detector.inference.openvino_graph import read_network
from human_detector.inference.openvino_module import ov
from human_detector.inference.ssd_network import find_network
from human_detector.values import Image

Arrays = Mapping[Any, NDArray[Any]]

_CONVOLUTIONS = {"Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"}
_NO_NUMBERS = {"Constant", "ShapeOf"}
"""Of what the network computes nothing comes out of these."""
_FIRST, _LAST = 3, 1
"""How many convolutions stay exact, one behind the other, after the input and before each output."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network as OpenVINO reads it, and how a picture becomes what it takes."""

    model: Any
    arrays: Callable[[Image], Arrays]


def require_nncf() -> str:
    """The version of NNCF.

    Raises:
        ConfigurationError: it is not installed; says how to get it.
    """
    try:
        import nncf
    except ImportError as error:
        raise ConfigurationError(
            'NNCF, which quantises, is not installed here: pip install "human-detector[quantize]"'
        ) from error
    return str(nncf.__version__)


def quantise(network: Network, pictures: Sequence[Path]) -> Any:
    """The network in 8 bits.

    Args:
        network: is left as it is.
        pictures: files, as many and as different as can be: every layer's range is taken from them.
    """
    import nncf

    nncf.set_log_level(logging.ERROR)
    # It draws progress bars, which do not belong among the lines of the command.
    with contextlib.redirect_stdout(sys.stderr):
        return nncf.quantize(
            network.model,
            nncf.Dataset(pictures, lambda path: network.arrays(read_picture(path))),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(pictures),
            fast_bias_correction=False,
            ignored_scope=nncf.IgnoredScope(names=sorted(sensitive_layers(network.model)), validate=False),
        )


def save(network: Any, file: Path) -> None:
    """Write a network: an .xml, and a .bin beside it."""
    # Weights that are not quantised stay in 32 bits: 16 would be another network on some pictures.
    ov.save_model(network, file, compress_to_fp16=False)


def read_network_of(model: str, graph: Path) -> Network:
    """The network of a model.

    Raises:
        ConfigurationError: the file is damaged, or of a kind that cannot be quantised.
    """
    if is_onnx(graph):
        return _onnx_network(model, graph)
    network = find_network(model, graph)
    if network is None:
        raise ConfigurationError(
            f"the model {model!r} cannot be quantised: it runs as a whole; valid are single-shot detectors "
            "in a frozen graph, and ONNX files"
        )
    scaler = FrameScaler(*network.input_size)
    return Network(read_network(core(), network), lambda image: {0: scaler.scale(image)[np.newaxis]})


def _onnx_network(model: str, graph: Path) -> Network:
    described = read_model(model, graph)

    def arrays(image: Image) -> Arrays:
        placement = place(described.input, *image.shape[:2])
        return described.inputs.arrays(network_input(described.input, placement, image))

    network = core().read_model(graph)
    shapes = {name: list(array.shape) for name, array in arrays(np.zeros((480, 640, 3), np.uint8)).items()}
    if described.input.size is None:
        for axis in described.inputs.size_axes:
            shapes[described.inputs.picture.name][axis] = -1
    network.reshape(shapes)
    return Network(network, arrays)


def read_picture(path: Path) -> Image:
    """A picture file as RGB uint8 [height, width, 3]."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert picture is not None, path
    return np.ascontiguousarray(picture[:, :, ::-1], np.uint8)


def sensitive_layers(model: Any) -> set[str]:
    """The layers that stay exact.

    Those are the first convolutions, of whose numbers all others are made, the last ones before the outputs,
    and all that lies before, between and behind them.
    """
    first = _reached(model.get_parameters(), _FIRST, _readers)
    return first | _reached(model.get_results(), _LAST, _sources)


def _reached(ends: Iterable[Any], depth: int, neighbours: Callable[[Any], list[Any]]) -> set[str]:
    """The names of what lies between the ends of a network and the convolution of that depth, with that."""
    waiting = [(node, depth) for node in ends]
    deepest: dict[str, int] = {}
    while waiting:
        node, left = waiting.pop()
        name = node.get_friendly_name()
        if node.get_type_name() in _NO_NUMBERS or deepest.get(name, 0) >= left:
            continue
        deepest[name] = left
        after = left - (node.get_type_name() in _CONVOLUTIONS)
        if after > 0:
            waiting += [(each, after) for each in neighbours(node)]
    return set(deepest)


def _sources(node: Any) -> list[Any]:
    return [value.get_node() for value in node.input_values()]


def _readers(node: Any) -> list[Any]:
    return [reader.get_node() for output in node.outputs() for reader in output.get_target_inputs()]
