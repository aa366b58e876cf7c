"""SavedModel folders, as the TensorFlow 2 zoo has them, find what the frozen graph finds that they were made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.detectors.human_detector import HumanDetector
from human_detector.errors import ConfigurationError
from human_detector.inference.model_files import find_model
from human_detector.values import Detection, Image
from human_detector.video.source import VideoSource
from sample_clip import sample_clip
from support.reference import tf

OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


@pytest.fixture(scope="module")
def images() -> list[Image]:
    with VideoSource(sample_clip(), is_sampled=lambda index: index % 40 == 0) as source:
        return [frame.image for frame in source.frames()]


def save(folder: Path, batch_size: int | None, outputs: tuple[str, ...] = OUTPUTS) -> None:
    """Write the pedestrian graph as a SavedModel that takes that many images at a time."""
    graph_def = tf.compat.v1.GraphDef.FromString(find_model("ssdlite_pedestrian").read_bytes())
    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_def, name=""), [])
    fetches = {name: imported.graph.get_tensor_by_name(f"{name}:0") for name in outputs}
    function = imported.prune(imported.graph.get_tensor_by_name("image_tensor:0"), fetches)
    module = tf.Module()
    module.detect = tf.function(
        lambda input_tensor: function(input_tensor),
        input_signature=[tf.TensorSpec([batch_size, None, None, 3], tf.uint8, name="input_tensor")],
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.detect})


def found(model: str, images: list[Image]) -> list[list[Detection]]:
    detector = HumanDetector(model=model, engine="tensorflow", max_batch_size=5)
    return detector.detect(images)


@pytest.fixture(scope="module")
def expected(images: list[Image]) -> list[list[Detection]]:
    return found("ssdlite_pedestrian", images)


@pytest.mark.parametrize("batch_size", [None, 1])
def test_finds_what_the_frozen_graph_finds(
    images: list[Image], expected: list[list[Detection]], tmp_path: Path, batch_size: int | None
) -> None:
    save(tmp_path / "saved_model", batch_size)
    assert [len(detections) for detections in expected] == [1, 1, 1]
    for ours, theirs in zip(found(str(tmp_path), images), expected, strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            assert mine.score == pytest.approx(other.score, abs=0.01)
            for side in ("x_min", "y_min", "x_max", "y_max"):
                assert getattr(mine.box, side) == pytest.approx(getattr(other.box, side), abs=0.01)


def test_a_model_that_detects_nothing_is_named(tmp_path: Path) -> None:
    save(tmp_path, None, ("detection_boxes", "num_detections"))
    with pytest.raises(ConfigurationError, match="detection_scores"):
        found(str(tmp_path), [])


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x00broken")
    with pytest.raises(ConfigurationError, match=r"saved_model\.pb"):
        HumanDetector(model=str(tmp_path), engine="tensorflow").load()
