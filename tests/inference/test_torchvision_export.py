"""Detectors of torchvision, exported by its own code, find here what they find there.

PyTorch is no part of the development's environment: where torch and torchvision can be imported this runs, elsewhere it
is skipped. The weights are random ones; the last layer's are made so large that scores differ, and not so large that all are 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from support import clips
from support.pictures import picture

torch = pytest.importorskip("torch")
detection = pytest.importorskip("torchvision.models.detection")

SIDE = 320
PICTURES = ["sample1.jpg", "sample5.jpg"]
MIN_SCORE = 0.3


def ssdlite() -> Any:
    network = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
    return network, network.head.classification_head, 1.5


def faster_rcnn() -> Any:
    network = detection.fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None)
    return network, network.roi_heads.box_predictor.cls_score, 30


@pytest.fixture(scope="module", params=[ssdlite, faster_rcnn], ids=lambda make: make.__name__)
def network(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(7)
    made, last_layer, factor = request.param()
    made.eval()
    with torch.no_grad():
        _see_pictures(made)
        for weights in last_layer.parameters():
            weights.mul_(factor)
    return made


def _see_pictures(made: Any) -> None:
    """Have the normalising layers learn what they normalise, or nothing of the pictures would reach the end."""
    layers = [each for each in made.modules() if isinstance(each, torch.nn.BatchNorm2d)]
    for layer in layers:
        layer.momentum = None
        layer.train()
    made([as_tensor(demo_picture(name)) for name in PICTURES])
    for layer in layers:
        layer.eval()


def demo_picture(name: str) -> Any:
    return picture(clips.face_api_package() / "demo" / name, 0)


def as_tensor(image: Any) -> Any:
    scaled = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32) / 255)


@pytest.fixture(scope="module")
def exported(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    torch.onnx.export(network, ([torch.rand(3, SIDE, SIDE)],), str(path), opset_version=17, dynamo=False)
    return path


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_same_is_found(engine: str, network: Any, exported: Path) -> None:
    ours = load_engine(engine, ModelSettings("exported", exported, 1))
    found_by_torch = 0
    for name in PICTURES:
        image = demo_picture(name)
        with torch.no_grad():
            (theirs,) = network([as_tensor(image)])
        theirs = {key: value.numpy()[theirs["scores"].numpy() >= MIN_SCORE] for key, value in theirs.items()}

        (found,) = ours.start([image], MIN_SCORE)()

        assert found.scores == pytest.approx(theirs["scores"], abs=1e-3)
        assert found.classes.tolist() == theirs["labels"].tolist()
        assert found.boxes[:, [1, 0, 3, 2]] * SIDE == pytest.approx(theirs["boxes"], abs=0.5)
        found_by_torch += len(theirs["scores"])
    assert found_by_torch > len(PICTURES)
