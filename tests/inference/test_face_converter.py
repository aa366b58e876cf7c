"""The face model that is rebuilt from face-api's weights finds what face-api finds with the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from human_detector.inference import face_converter
from human_detector.inference.face_graph import fold_batch_norm
from human_detector.inference.model_catalogue import MODELS
from support import clips
from support.converted_models import OUTPUTS, run, session_of, square_picture, tf

# What @vladmandic/face-api 1.7.15 found in these pictures with TensorFlow.js 4.22.0 and its plain JavaScript
# backend under Node 20; tests/face_api_reference.mjs says how to run it again. Each face is its score and its
# y_min, x_min, y_max, x_max in fractions of the square picture.
FACE_API_FACES = {
    "carphone": [(0.96977, 0.20212, 0.36865, 0.55117, 0.62032)],
    "sample4": [
        (0.98451, 0.0274, 0.34602, 0.16159, 0.44327),
        (0.9697, 0.09642, 0.13409, 0.22409, 0.21843),
        (0.95714, 0.09372, 0.51491, 0.21203, 0.60302),
        (0.69815, 0.07481, 0.66502, 0.20165, 0.74072),
    ],
    "sample5": [
        (0.99254, 0.05671, 0.41004, 0.16712, 0.49133),
        (0.97736, 0.10325, 0.57957, 0.22644, 0.66204),
        (0.93849, 0.20308, 0.73249, 0.34456, 0.81864),
        (0.93832, 0.21623, 0.31139, 0.34591, 0.39794),
        (0.90479, 0.44781, 0.19622, 0.60464, 0.28591),
    ],
}


def write_raw_pictures(folder: str) -> None:
    """Writes the pictures for face_api_reference.mjs."""
    for name in FACE_API_FACES:
        square_picture(name).tofile(Path(folder) / f"{name}.rgb")


@pytest.fixture(scope="module")
def graph_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("face") / "frozen_inference_graph.pb"
    face_converter.convert(clips.face_api_weights(), output)
    return output


@pytest.fixture(scope="module")
def session(graph_path: Path) -> Iterator[tf.compat.v1.Session]:
    with session_of(graph_path) as session:
        yield session


@pytest.mark.parametrize("name", FACE_API_FACES)
def test_finds_the_faces_that_face_api_finds(session: tf.compat.v1.Session, name: str) -> None:
    image = square_picture(name)

    boxes, scores, classes, _ = run(session, image[np.newaxis])

    expected = np.array(FACE_API_FACES[name])
    found = scores[0] > 0.3
    assert np.count_nonzero(found) == len(expected)
    np.testing.assert_array_equal(classes[0][found], 1.0)
    np.testing.assert_allclose(scores[0][found], expected[:, 0], atol=0.02)
    np.testing.assert_allclose(boxes[0][found], expected[:, 1:], atol=2 / len(image))


def test_graph_is_the_one_that_the_table_of_models_expects(graph_path: Path) -> None:
    assert MODELS["mobilenet_ssd_widerface"].sources[-1].checksum.fits(graph_path)


def test_graph_has_the_signature_of_the_detection_zoo(session: tf.compat.v1.Session) -> None:
    def described(name: str) -> tuple[str, list[int | None]]:
        tensor = session.graph.get_tensor_by_name(f"{name}:0")
        return tensor.dtype.name, tensor.shape.as_list()

    assert described("image_tensor") == ("uint8", [None, None, None, 3])
    assert described("Preprocessor/sub") == ("float32", [None, 512, 512, 3])
    assert described("concat") == ("float32", [None, 5118, 1, 4])
    assert described("concat_1") == ("float32", [None, 5118, 3])
    assert described("Postprocessor/convert_scores") == ("float32", [None, 5118, 3])
    assert described("Postprocessor/raw_box_locations") == ("float32", [None, 5118, 4])
    assert described("detection_boxes") == ("float32", [None, 100, 4])
    assert described("detection_scores") == ("float32", [None, 100])
    assert described("detection_classes") == ("float32", [None, 100])
    assert described("num_detections") == ("float32", [None])


def test_image_of_any_shape_is_resized_and_normalised(session: tf.compat.v1.Session) -> None:
    image = square_picture("carphone")[:144]

    (normalised,) = run(session, image[np.newaxis], "Preprocessor/sub")

    resized = tf.compat.v1.image.resize_bilinear(image[np.newaxis], [512, 512])
    np.testing.assert_allclose(normalised, resized.numpy() / 127.5 - 1.0, atol=1e-6)


def test_batch_gives_what_its_images_give_one_by_one(session: tf.compat.v1.Session) -> None:
    image = square_picture("sample4")
    mirrored = image[:, ::-1]

    together = run(session, np.stack([image, mirrored]))

    for index, single in enumerate([image, mirrored]):
        for batched, alone in zip(together, run(session, single[np.newaxis]), strict=True):
            np.testing.assert_allclose(batched[index], alone[0], atol=1e-4)


@pytest.mark.parametrize("name", FACE_API_FACES)
def test_suppression_is_that_of_the_zoo(session: tf.compat.v1.Session, name: str) -> None:
    """The zoo's graphs suppress class by class, clip, drop what lies outside, keep the 100 best of all."""
    # One run gives all of them: another run might be optimised, and so rounded, in another way.
    raw_boxes, raw_scores, boxes, scores, classes, count = run(
        session,
        square_picture(name)[np.newaxis],
        "Postprocessor/raw_box_locations",
        "Postprocessor/convert_scores",
        *OUTPUTS,
    )

    expected: list[tuple[float, float, np.ndarray]] = []
    for label in (1, 2):
        label_scores = raw_scores[0, :, label]
        for index in tf.image.non_max_suppression(raw_boxes[0], label_scores, 100, 0.6, 1e-8).numpy():
            box = np.clip(raw_boxes[0, index], 0.0, 1.0)
            if np.prod(box[2:] - box[:2]) > 0.0:
                expected.append((label_scores[index], label, box))
    expected = sorted(expected, key=lambda detection: -detection[0])[:100]

    assert count[0] == len(expected)
    np.testing.assert_array_equal(scores[0], [score for score, _, _ in expected])
    np.testing.assert_array_equal(classes[0], [label for _, label, _ in expected])
    np.testing.assert_array_equal(boxes[0], [box for _, _, box in expected])


def test_box_outside_the_image_is_dropped_and_one_at_its_edge_is_clipped(
    session: tf.compat.v1.Session,
) -> None:
    encodings = np.zeros((1, 5118, 1, 4), np.float32)
    logits = np.full((1, 5118, 3), -100.0, np.float32)
    # Two of the anchors that lie about the middle: one moved down by three of its heights, one by a half.
    encodings[0, 5116, 0, 0] = 30.0
    encodings[0, 5117, 0, 0] = 5.0
    logits[0, 5116:, 1] = 3.0

    boxes, _, classes, count = session.run(
        [f"{name}:0" for name in OUTPUTS], {"concat:0": encodings, "concat_1:0": logits}
    )

    assert count[0] == 1
    assert classes[0, 0] == 1
    assert 0.0 < boxes[0, 0, 0] < boxes[0, 0, 2] == 1.0


def test_folded_convolution_equals_convolution_and_batch_norm() -> None:
    random = np.random.default_rng(7)
    image = random.normal(size=(1, 6, 6, 4)).astype(np.float32)
    filters = random.normal(size=(3, 3, 4, 1)).astype(np.float32)
    gamma, beta, mean = random.normal(size=(3, 4)).astype(np.float32)
    # The package's own variances go down to nothing: there the epsilon is all that keeps the result finite.
    variance = np.array([4e-36, 0.01, 1.0, 3.0], np.float32)

    folded, bias = fold_batch_norm(filters, gamma, beta, mean, variance)

    def convolve(weights: np.ndarray) -> np.ndarray:
        return tf.nn.depthwise_conv2d(image, weights, [1, 1, 1, 1], "SAME").numpy()

    expected = gamma * (convolve(filters) - mean) / np.sqrt(variance + 0.001) + beta
    np.testing.assert_allclose(convolve(folded) + bias, expected, rtol=1e-4, atol=1e-4)
