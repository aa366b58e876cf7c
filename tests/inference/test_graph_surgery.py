"""The parts of the graph surgery against TensorFlow's own operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.inference.batch_norm import fold_batch_norms
from human_detector.inference.engine import Candidates, ModelSettings
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.inference.graph_def import ancestors, constant, placeholder, read_graph, write_graph
from human_detector.inference.load_engine import load_engine
from human_detector.inference.non_max_suppression import Suppression
from human_detector.inference.ssd_network import SsdNetwork, find_network
from sample_clip import sample_clip
from support import older_exporter
from support.reference import load_reference, tf

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (144, 176), (300, 300), (333, 777), (1080, 1920)])
@pytest.mark.parametrize("wanted", [(300, 300), (512, 400)])
def test_frames_are_scaled_as_tensorflow_scales_them(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    scaler = FrameScaler(*wanted)
    for _ in range(2):  # The second image uses the tables of the first.
        image = RANDOM.integers(0, 256, (*size, 3), np.uint8)
        expected = tf.raw_ops.ResizeBilinear(images=image[np.newaxis], size=wanted)[0].numpy()
        np.testing.assert_array_equal(scaler.scale(image), expected)


def test_a_scaled_frame_is_not_overwritten_by_the_next() -> None:
    scaler = FrameScaler(10, 10)
    white = scaler.scale(np.full((20, 20, 3), 255, np.uint8))
    scaler.scale(np.zeros((20, 20, 3), np.uint8))
    assert (white == 255).all()


@pytest.mark.parametrize("boxes_per_class", [False, True])
@pytest.mark.parametrize("limits", [(100, 100), (3, 5)])
@pytest.mark.parametrize("min_score", [0.0, 0.5])
def test_suppression_keeps_what_tensorflow_keeps(
    boxes_per_class: bool, limits: tuple[int, int], min_score: float
) -> None:
    classes = 3
    # Each reaches into the image: of what lies outside, the operation below keeps a line.
    corners = RANDOM.uniform(-0.2, 0.9, (200, classes if boxes_per_class else 1, 2)).astype(np.float32)
    sizes = RANDOM.uniform(0.25, 0.6, corners.shape).astype(np.float32)
    boxes = np.concatenate([corners, corners + sizes], axis=2)
    scores = RANDOM.uniform(0, 1, (200, classes)).astype(np.float32)
    suppression = Suppression(0.2, 0.4, *limits)
    found = suppression.apply(boxes, scores, min_score)

    expected = tf.image.combined_non_max_suppression(
        boxes[np.newaxis], scores[np.newaxis], *limits, 0.4, 0.2, clip_boxes=True
    )
    count = int(expected.valid_detections[0])
    kept = expected.nmsed_scores[0, :count].numpy() >= min_score
    assert 0 < kept.sum() == len(found.scores)
    np.testing.assert_allclose(found.scores, expected.nmsed_scores[0, :count].numpy()[kept])
    np.testing.assert_array_equal(found.classes, expected.nmsed_classes[0, :count].numpy()[kept] + 1)
    np.testing.assert_allclose(found.boxes, expected.nmsed_boxes[0, :count].numpy()[kept], atol=1e-6)


def test_nothing_above_the_threshold_is_nothing_found() -> None:
    found = Suppression(0.5, 0.5, 10, 10).apply(
        np.zeros((4, 1, 4), np.float32), np.zeros((4, 2), np.float32), 0
    )
    assert (found.boxes.shape, found.scores.shape, found.classes.shape) == ((0, 4), (0,), (0,))


@pytest.mark.parametrize(
    "value",
    [
        np.float32(0.25),
        np.int32(-7),
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([3, -1, 2**30], np.int32),
        np.zeros((3, 0, 2), np.float32),
    ],
    ids=repr,
)
def test_constants_are_read_and_written_as_tensorflow_does(value: Any) -> None:
    with tf.Graph().as_default() as graph:
        tf.constant(value, name="value")
    by_tensorflow = read_graph(graph.as_graph_def().SerializeToString())["value"].tensor()
    np.testing.assert_array_equal(by_tensorflow, value)
    assert by_tensorflow.dtype == value.dtype

    written = tf.compat.v1.GraphDef.FromString(write_graph([constant("value", np.asarray(value))]))
    by_us = tf.make_ndarray(written.node[0].attr["value"].tensor)
    np.testing.assert_array_equal(by_us, value)
    assert by_us.dtype == value.dtype


def test_a_constant_of_equal_values_that_lists_one_is_read_whole() -> None:
    tensor = tf.compat.v1.make_tensor_proto(0.0, tf.float32, [2, 3])
    del tensor.float_val[:]
    tensor.tensor_content = b""
    tensor.float_val.append(1.5)
    graph = tf.compat.v1.GraphDef()
    node = graph.node.add(name="value", op="Const")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tensor)
    np.testing.assert_array_equal(
        read_graph(graph.SerializeToString())["value"].tensor(), np.full((2, 3), 1.5)
    )


def test_attributes_that_surgery_knows_nothing_of_are_kept() -> None:
    graph = tf.compat.v1.GraphDef()
    node = graph.node.add(name="loop", op="While", input=["images"])
    node.attr["cond"].func.name = "condition"
    node.attr["T"].list.type.append(tf.float32.as_datatype_enum)
    node.attr["output_shapes"].list.shape.add().dim.add().size = -1
    node.attr["words"].tensor.string_val.append(b"seven")
    written = tf.compat.v1.GraphDef.FromString(write_graph(read_graph(graph.SerializeToString()).values()))
    assert [*written.node] == [*graph.node]


def test_a_constant_of_bytes_that_are_listed_is_read() -> None:
    graph = tf.compat.v1.GraphDef()
    tensor = graph.node.add(name="value", op="Const").attr["value"].tensor
    tensor.CopyFrom(tf.compat.v1.make_tensor_proto(7, tf.uint8, [2]))
    assert read_graph(graph.SerializeToString())["value"].tensor().tolist() == [7, 7]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-3], lambda data: b"\xff" * 40, lambda data: data + b"\x0b"]
)
def test_bytes_that_are_no_graph_are_refused(damage: Any) -> None:
    good = write_graph([placeholder("images", 1, (-1, 3))])
    assert list(read_graph(good)) == ["images"]
    with pytest.raises(ValueError, match="not a GraphDef"):
        read_graph(damage(good))


def normal(*shape: int) -> Any:
    return RANDOM.normal(size=shape).astype(np.float32)


def fused(convolved: Any) -> Any:
    channels = convolved.shape[-1]
    scale, shift, mean, variance = normal(channels), normal(channels), normal(channels), normal(channels) ** 2
    return tf.raw_ops.FusedBatchNorm(
        x=convolved,
        scale=scale,
        offset=shift,
        mean=mean,
        variance=variance + 0.1,
        is_training=False,
        epsilon=0.01,
    ).y


def spelled_out(convolved: Any) -> Any:
    channels = convolved.shape[-1]
    # As tf.nn.batch_normalization writes it.
    gain = tf.math.rsqrt(tf.constant(normal(channels) ** 2) + 0.01) * tf.constant(normal(channels))
    return convolved * gain + (tf.constant(normal(channels)) - tf.constant(normal(channels)) * gain)


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("normalised", [fused, spelled_out])
def test_folded_batch_norms_compute_the_same(normalised: Callable[[Any], Any], depthwise: bool) -> None:
    def network(images: Any) -> Any:
        convolution = tf.raw_ops.DepthwiseConv2dNative if depthwise else tf.raw_ops.Conv2D
        weights = tf.constant(normal(3, 3, 4, 2))
        return normalised(convolution(input=images, filter=weights, strides=[1, 1, 1, 1], padding="SAME"))

    with tf.Graph().as_default() as graph:
        tf.identity(network(tf.compat.v1.placeholder(tf.float32, [1, 8, 8, 4], "images")), name="out")
    nodes, results = read_graph(graph.as_graph_def().SerializeToString()), []
    folded = fold_batch_norms(nodes)
    left = {node.op for node in ancestors(folded, ["out"]).values()}
    convolution = "DepthwiseConv2dNative" if depthwise else "Conv2D"
    assert left == {"Placeholder", "Const", convolution, "BiasAdd", "Identity"}
    picture = normal(1, 8, 8, 4)
    for each in (nodes, folded):
        definition = tf.compat.v1.GraphDef.FromString(write_graph(each.values()))
        function = tf.compat.v1.wrap_function(lambda d=definition: tf.import_graph_def(d, name=""), [])
        results.append(function.prune("images:0", "out:0")(tf.constant(picture)).numpy())
    np.testing.assert_allclose(results[0], results[1], atol=1e-4)


def test_the_bias_of_a_folded_batch_norm_keeps_the_layout() -> None:
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [1, 4, 8, 8], "images")
        convolved = tf.nn.conv2d(images, normal(3, 3, 4, 2), strides=1, padding="SAME", data_format="NCHW")
        ones = tf.constant(np.ones(2, np.float32))
        batch_norm = tf.raw_ops.FusedBatchNorm
        statistics = {"scale": ones, "offset": ones, "mean": ones, "variance": ones}
        batch_norm(x=convolved, **statistics, is_training=False, data_format="NCHW", name="out")
    folded = fold_batch_norms(read_graph(graph.as_graph_def().SerializeToString()))["out"]
    definition = tf.compat.v1.GraphDef.FromString(write_graph([folded]))
    assert (folded.op, definition.node[0].attr["data_format"].s) == ("BiasAdd", b"NCHW")


def test_arithmetic_that_is_no_batch_norm_is_left_alone() -> None:
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [1, 8, 8, 4], "images")
        convolved = tf.nn.conv2d(images, normal(3, 3, 4, 2), strides=1, padding="SAME")
        # One factor for all channels, a product that is read twice, and a convolution that is.
        scaled = convolved * 2.0 + 1.0
        product = tf.nn.conv2d(images, normal(3, 3, 4, 2), strides=1, padding="SAME") * normal(2)
        tf.identity(scaled + (product + normal(2)) + product, name="out")
    nodes = read_graph(graph.as_graph_def().SerializeToString())
    assert fold_batch_norms(nodes) == nodes


def test_a_box_outside_the_image_is_not_found() -> None:
    boxes = np.array([[[1.1, 0.0, 1.4, 0.5]], [[-0.2, 0.1, 0.3, 1.2]]], np.float32)
    found = Suppression(0.0, 0.5, 10, 10).apply(boxes, np.array([[0.9], [0.8]], np.float32), 0)
    np.testing.assert_allclose(found.boxes, [[0.0, 0.1, 0.3, 1.0]])
    np.testing.assert_allclose(found.scores, [0.8])


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_graphs_of_the_first_exporters_are_cut_as_well(name: str, tmp_path: Path) -> None:
    path = tmp_path / "frozen_inference_graph.pb"
    older_exporter.write_small_graph(path)
    assert_is_cut(path, older_exporter.SIZE, older_exporter.SUPPRESSION)

    images = [RANDOM.integers(0, 256, (90, 120, 3), np.uint8) for _ in range(3)]
    for found, expected in zip(candidates(name, path, images, 0.0), plainly(path, images, 0.0), strict=True):
        assert 1 < len(expected.scores) == len(found.scores)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
        np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-5)
        np.testing.assert_array_equal(found.classes, expected.classes)


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_the_face_graph_in_its_original_form_finds_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "frozen_inference_graph.pb"
    older_exporter.write_face_graph(path)
    network = assert_is_cut(path, older_exporter.FACE_SIZE, older_exporter.FACE_SUPPRESSION)
    assert "Rsqrt" not in {node.op for node in read_graph(network.graph_def).values()}

    video = cv2.VideoCapture(str(sample_clip()))
    images = [np.ascontiguousarray(video.read()[1][:, :, ::-1]) for _ in range(2)]
    for found, expected in zip(candidates(name, path, images, 0.3), plainly(path, images, 0.3), strict=True):
        assert len(expected.scores) == len(found.scores) == 1
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-3)
        np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-3)


def assert_is_cut(path: Path, size: int, expected: Suppression) -> SsdNetwork:
    """The network of a graph, with what the product must have read off the rest."""
    network = find_network("it", path)
    assert network is not None
    assert network.input_size == (size, size)
    found = network.suppression
    assert found.score_threshold == pytest.approx(expected.score_threshold)
    assert found.iou_threshold == pytest.approx(expected.iou_threshold)
    assert (found.max_per_class, found.max_total) == (expected.max_per_class, expected.max_total)
    return network


def candidates(name: str, path: Path, images: Sequence[Any], min_score: float) -> list[Candidates]:
    """What an engine of the product finds."""
    engine = load_engine(name, ModelSettings("it", path, len(images)))
    assert engine.input_size is not None
    scaler = FrameScaler(*engine.input_size)
    return engine.start([scaler.scale(image) for image in images], min_score)()


def plainly(path: Path, images: Sequence[Any], min_score: float) -> list[Candidates]:
    """What the whole graph finds; rows that only fill it up have the score 0."""
    graph = load_reference(str(path))
    outputs = [[output[0].numpy() for output in graph(tf.constant(image[np.newaxis]))] for image in images]
    return [Candidates.at_least(max(min_score, 1e-6), each) for each in outputs]
