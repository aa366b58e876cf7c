"""Graphs of the structures that the detection zoo has find in both engines what the plainest loop finds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from human_detector.detectors.graph_detector import GraphDetector
from human_detector.errors import ConfigurationError
from human_detector.values import Box, Detection, Image
from human_detector.video.source import VideoSource
from sample_clip import BIKES, sample_clip
from support.own_environment import own_environment
from support.paths import ROOT
from support.reference import FoundInClip, Tolerance, differences, load_reference, tf

ZOO = ROOT / "tests" / "support" / "zoo"
CLASSES = range(1, 91)
FLOOR = 0.3
SAME = Tolerance(iou=0.99, score=0.01, margin=0.01)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    """Three of people on bicycles, the last one upright."""
    with VideoSource(sample_clip(BIKES), is_sampled=lambda index: index in (103, 120, 135)) as source:
        first, second, third = (frame.image for frame in source.frames())
    return [first, second, np.ascontiguousarray(third[:, 180:420])]


@pytest.fixture(scope="module")
def two_stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small graph of Faster R-CNN's operations."""
    path = tmp_path_factory.mktemp("two_stage") / "frozen_inference_graph.pb"
    subprocess.run([sys.executable, ZOO / "two_stage_graph.py", path], check=True, capture_output=True)
    return path


def plain(path: Path, images: list[Image]) -> tuple[FoundInClip, float]:
    """What the unmodified graph finds, by image and class, and the score from which on nothing was cut off."""
    graph, found, threshold = load_reference(str(path)), {}, FLOOR
    for number, image in enumerate(images):
        boxes, scores, classes = (output.numpy()[0] for output in graph(tf.constant(image[None])))
        if scores.min() > 0:  # all places are taken: which one of two equal ones got the last is chance
            threshold = max(threshold, float(scores.min()) + SAME.margin)
        for each in CLASSES:
            found[number * 100 + each] = [
                Detection("", min(float(score), 1.0), Box.clipped(x_min, y_min, x_max, y_max))
                for (y_min, x_min, y_max, x_max), score in zip(
                    boxes[classes == each], scores[classes == each], strict=True
                )
            ]
    return found, threshold


def product(path: Path, images: list[Image], engine: str) -> FoundInClip:
    """What the product finds, in the same form."""
    detector = GraphDetector(
        model=str(path),
        class_id=[*CLASSES],
        label=[str(each) for each in CLASSES],
        engine=engine,
        min_detection_score=FLOOR,
    )
    return {
        number * 100 + each: [one for one in found if one.label == str(each)]
        for number, found in enumerate(detector.detect(images))
        for each in CLASSES
    }


def assert_same(path: Path, images: list[Image], engine: str) -> None:
    expected, threshold = plain(path, images)
    wanted = sum(one.score > threshold + SAME.margin for found in expected.values() for one in found)
    assert wanted >= 10, "the graph finds too little for this to say anything"
    found = product(path, images, engine)
    problems = differences(found, expected, threshold, SAME)
    print(f"{path.parent.name}, {engine}: {wanted} boxes, {len(problems)} differ")
    assert not problems


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_a_graph_of_two_stages(two_stage: Path, images: list[Image], engine: str) -> None:
    assert_same(two_stage, images, engine)


def without(operation: Callable[[object], object], path: Path) -> Path:
    """A graph that finds five things anywhere, with scores that an operation has computed."""
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
        brightness = tf.reduce_mean(tf.cast(images, tf.float32)) / 1000
        places = tf.constant([[[0.1 * i, 0.1, 0.1 * i + 0.2, 0.5] for i in range(5)]])
        tf.identity(places, "detection_boxes")
        tf.identity(operation(brightness + tf.constant([[0.5, 0.6, 0.7, 0.8, 0.9]])), "detection_scores")
        tf.identity(tf.ones([1, 5]), "detection_classes")
        tf.constant([5.0], name="num_detections")
        path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def test_auto_takes_tensorflow_where_openvino_cannot(
    images: list[Image], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenVINO 2026.4 knows no Bessel functions."""
    path = without(tf.math.bessel_i0e, tmp_path / "bessel.pb")
    with pytest.raises(
        ConfigurationError, match=r"bessel.pb' cannot be read by OpenVINO .*engine tensorflow"
    ):
        GraphDetector(model=str(path), label="it", engine="openvino").load()
    detector = GraphDetector(model=str(path), label="it", engine="auto")
    assert [len(found) for found in detector.detect(images)] == [5, 5, 5]
    assert detector.engine is not None
    assert detector.engine.name == "tensorflow"
    (line,) = [record.message for record in caplog.records if "OpenVINO" in record.message]
    assert line.endswith("TensorFlow runs it")


EXPORTED = ["ssd_mobilenet_v1", "ssd_mobilenet_v2", "faster_rcnn_resnet50", "faster_rcnn_resnet101"]


@pytest.fixture(scope="module", params=EXPORTED)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A graph of the zoo's structure and size, with random weights, from the zoo's own exporter."""
    programs = own_environment(ROOT / ".cache" / "zoo-exporter", ZOO / "requirements.txt", "--no-deps")
    path = tmp_path_factory.mktemp(request.param) / "frozen_inference_graph.pb"
    subprocess.run([programs / "python", ZOO / "export_graph.py", request.param, path], check=True)
    yield path
    path.unlink()  # up to 200 MB


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_a_graph_of_the_zoo(exported: Path, images: list[Image], engine: str) -> None:
    assert_same(exported, images, engine)
