"""What the tests of models that are rebuilt from other packages share: pictures, and the plainest way to run a graph."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import numpy as np

from sample_clip import sample_clip
from support import clips

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


def square_picture(name: str) -> np.ndarray:
    """A square picture, RGB uint8 [side, side, 3].

    Black is added at the right or the bottom, which is how face-api itself makes a picture square.

    Args:
        name: `carphone`, the first frame of the demo's clip, or a photo of face-api's.
    """
    if name == "carphone":
        capture = cv2.VideoCapture(str(sample_clip()))
        read, image = capture.read()
        capture.release()
        assert read
    else:
        image = cv2.imread(str(clips.face_api_package() / "demo" / f"{name}.jpg"))
    height, width, _ = image.shape
    side = max(height, width)
    square = cv2.copyMakeBorder(image, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT)
    return cv2.cvtColor(square, cv2.COLOR_BGR2RGB)


@contextmanager
def session_of(graph_path: Path) -> Iterator[tf.compat.v1.Session]:
    """TensorFlow with a frozen graph, as it is."""
    graph_def = tf.compat.v1.GraphDef.FromString(graph_path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    # Not entered: TensorFlow would then add to this graph whatever a test computes beside it.
    with closing(tf.compat.v1.Session(graph=graph)) as session:
        yield session


def run(session: tf.compat.v1.Session, images: np.ndarray, *names: str) -> list[np.ndarray]:
    """The graph's outputs for a batch of pictures, the usual four or those that are named."""
    return session.run([f"{name}:0" for name in names or OUTPUTS], {"image_tensor:0": images})
