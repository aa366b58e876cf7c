"""The general human detector that is rebuilt from an npm package finds what that package finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from human_detector.detectors.graph_detector import GraphDetector
from human_detector.errors import ConfigurationError
from human_detector.inference import centernet_converter
from human_detector.inference.centernet_graph import build_centernet_graph
from human_detector.inference.model_catalogue import MODELS
from human_detector.inference.ssd_network import find_network
from human_detector.inference.tensorflowjs_graph import read_graph_model
from sample_clip import BIKES, sample_clip
from support import clips
from support.converted_models import run, session_of, square_picture, tf

LEAST_SCORE = 0.3
ENGINES = ("openvino", "tensorflow")

# What the model in @vladmandic/human 3.0.4 found in these pictures with TensorFlow.js 4.22.0 and its plain
# JavaScript backend under Node 20; tests/support/centernet_reference.mjs says how to run it again. Each person is
# the score and y_min, x_min, y_max, x_max in fractions of the square picture.
PEOPLE = {
    "carphone": [(0.46089, 0.06833, 0.12202, 0.80365, 0.98772)],
    "sample4": [
        (0.55113, 0.04275, 0.01904, 0.74423, 0.4714),
        (0.49718, 0.0391, 0.39376, 0.74591, 0.68928),
    ],
    "sample5": [
        (0.61604, 0.41507, 0.03453, 0.72785, 0.38029),
        (0.57307, 0.14528, 0.50918, 0.71668, 0.96764),
        (0.46534, 0.08071, 0.54279, 0.48782, 0.73899),
        (0.31759, 0.01662, 0.36226, 0.59496, 0.55849),
        (0.31063, 0.17826, 0.20965, 0.59656, 0.45512),
    ],
}


def write_raw_pictures(folder: str) -> None:
    """Writes the pictures for centernet_reference.mjs."""
    for name in PEOPLE:
        square_picture(name).tofile(Path(folder) / f"{name}.rgb")


@pytest.fixture(scope="module")
def graph_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = tmp_path_factory.mktemp("centernet") / "frozen_inference_graph.pb"
    centernet_converter.convert(clips.centernet_model(), graph)
    return graph


@pytest.fixture(scope="module")
def session(graph_path: Path) -> Iterator[tf.compat.v1.Session]:
    with session_of(graph_path) as session:
        yield session


def test_graph_is_the_one_that_the_table_of_models_expects(graph_path: Path) -> None:
    assert all(source.checksum.fits(graph_path) for source in MODELS["centernet_mobilenetv3"].sources)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_graph_finds_the_people_that_the_package_finds(session: tf.compat.v1.Session, name: str) -> None:
    image = square_picture(name)

    boxes, scores, classes, _ = run(session, image[np.newaxis])

    expected = np.array(PEOPLE[name])
    found = (scores[0] > LEAST_SCORE) & (classes[0] == 1)
    assert np.count_nonzero(found) == len(expected)
    np.testing.assert_allclose(scores[0][found], expected[:, 0], atol=0.02)
    np.testing.assert_allclose(boxes[0][found], expected[:, 1:], atol=2 / len(image))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engines_find_the_people_that_the_package_finds(engine: str, graph_path: Path) -> None:
    detector = GraphDetector(
        model=str(graph_path),
        label="person",
        engine=engine,
        min_detection_score=LEAST_SCORE,
        max_batch_size=len(PEOPLE),
    )

    found_in_all = detector.detect([square_picture(name) for name in PEOPLE])

    assert detector.input_size == (512, 512), "the frames are scaled before, and not by the graph"
    for name, found in zip(PEOPLE, found_in_all, strict=True):
        expected = np.array(PEOPLE[name])
        boxes = [(it.box.y_min, it.box.x_min, it.box.y_max, it.box.x_max) for it in found]
        np.testing.assert_allclose([it.score for it in found], expected[:, 0], atol=0.02)
        np.testing.assert_allclose(boxes, expected[:, 1:], atol=2 / len(square_picture(name)))


def test_graph_has_the_signature_of_the_detection_zoo(session: tf.compat.v1.Session) -> None:
    def described(name: str) -> tuple[str, list[int | None]]:
        tensor = session.graph.get_tensor_by_name(f"{name}:0")
        return tensor.dtype.name, tensor.shape.as_list()

    assert described("image_tensor") == ("uint8", [None, None, None, 3])
    assert described("detection_boxes") == ("float32", [None, 100, 4])
    assert described("detection_scores") == ("float32", [None, 100])
    assert described("detection_classes") == ("float32", [None, 100])
    assert described("num_detections") == ("float32", [None])


def test_batch_gives_what_its_images_give_one_by_one(session: tf.compat.v1.Session) -> None:
    image = square_picture("sample4")
    mirrored = image[:, ::-1]

    together = run(session, np.stack([image, mirrored]))

    for index, single in enumerate([image, mirrored]):
        alone = run(session, single[np.newaxis])
        sure = alone[1][0] > LEAST_SCORE
        for batched, one in zip(together[:3], alone[:3], strict=True):
            np.testing.assert_allclose(batched[index][sure], one[0][sure], atol=1e-3)


def test_network_is_cut_out_of_the_graph(graph_path: Path) -> None:
    network = find_network("it", graph_path)
    assert network is not None
    assert network.input_size == (512, 512)
    assert network.suppression.iou_threshold == pytest.approx(0.6)


def test_other_classes_are_those_of_coco(session: tf.compat.v1.Session) -> None:
    capture = cv2.VideoCapture(str(sample_clip(BIKES)))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 120)
    _, frame = capture.read()
    capture.release()

    _, scores, classes, _ = run(session, frame[np.newaxis, :, :, ::-1])

    person, bicycle = 1, 2
    assert {person, bicycle} <= set(classes[0][scores[0] > 0.25])


def test_another_model_is_refused() -> None:
    model = read_graph_model(clips.centernet_model())
    with pytest.raises(ConfigurationError, match="the model has no node tower_0/wh"):
        build_centernet_graph({name: node for name, node in model.items() if name != "tower_0/wh"})
