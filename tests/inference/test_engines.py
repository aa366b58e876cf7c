"""The engines behind the graph detectors: what they find, what they load, and what they do without."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from human_detector.analysis.sampling import FrameSampler
from human_detector.detectors.graph_detector import GraphDetector
from human_detector.errors import ConfigurationError
from human_detector.inference import load_engine as load_engine_module
from human_detector.inference import openvino_graph, ssd_network, tensorflow_engine
from human_detector.inference.engine import ENGINES, ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
from human_detector.values import Box, Detection, Image
from human_detector.video.source import VideoSource
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import BIKES, sample_clip
from support.paths import ROOT
from support.reference import (
    CLIPS,
    FACES,
    HUMANS,
    FoundInClip,
    Tolerance,
    detect_in_clip,
    differences,
    load_reference,
    tf,
)

THRESHOLD = 0.3
EVERY = 5
SAME = Tolerance(iou=0.99, score=0.01, margin=0.01)
REDUCED = Tolerance(iou=0.8, score=0.1, margin=0.1)
"""What `GraphDetector` promises for reduced precision."""


@pytest.fixture(scope="module", params=CLIPS, ids=lambda make: make.__name__)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = request.param(tmp_path_factory.mktemp("clips"))
    return made


@cache
def reference(clip: Path, model: str) -> FoundInClip:
    return detect_in_clip(clip, load_reference(model), EVERY)


def analyze(clip: Path, model: str, **arguments: Any) -> FoundInClip:
    chosen = {"model": model, "label": "it", "min_detection_score": THRESHOLD, **arguments}
    analyzer = VideoAnalyzer(
        [["human_detector.detectors.graph_detector:GraphDetector", chosen]], frame_ratio=1 / EVERY
    )
    return {frame.index: frame.detections["GraphDetector"] for frame in analyzer.analyze(clip).frames}


def bikes_images(count: int) -> Sequence[Image]:
    with VideoSource(sample_clip(BIKES), is_sampled=FrameSampler(0.1).is_sampled) as video:
        frames = video.frames()
        return [next(frames).image for _ in range(count)]


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("model", [HUMANS, FACES])
def test_openvino_finds_what_the_plain_loop_finds(clip: Path, model: str, batch_size: int) -> None:
    found = analyze(clip, model, engine="openvino", max_batch_size=batch_size)
    assert any(found.values())
    assert not differences(found, reference(clip, model), THRESHOLD, SAME)


IN_BF16 = """
import json, sys
from human_detector.errors import ConfigurationError
from human_detector.video_analyzer import VideoAnalyzer
chosen = {chosen!r}
try:
    result = VideoAnalyzer([["human_detector.detectors.graph_detector:GraphDetector", chosen]], {ratio!r}).analyze({clip!r})
except ConfigurationError as error:
    sys.exit(str(error))
print("frames:", json.dumps(result.to_dict()["frames"]))
"""


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
@pytest.mark.parametrize("model", [HUMANS, FACES])
def test_reduced_precision_stays_within_its_tolerance(clip: Path, model: str, name: str) -> None:
    # In a process of its own, because TensorFlow would reduce the precision of the reference as well.
    chosen = {
        "model": model,
        "label": "it",
        "min_detection_score": THRESHOLD,
        "engine": name,
        "precision": "bf16",
    }
    script = IN_BF16.format(chosen=chosen, ratio=1 / EVERY, clip=str(clip))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if "precision: found 'bf16'" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    found = {
        frame["index"]: [
            Detection(one["label"], one["score"], Box(**one["box"]))
            for one in frame["detections"]["GraphDetector"]
        ]
        for frame in json.loads(done.stdout.split("frames: ")[1])
    }
    assert any(found.values())
    assert not differences(found, reference(clip, model), THRESHOLD, REDUCED)
    assert differences(found, reference(clip, model), THRESHOLD, Tolerance(1.0, 0.0005, 0.0))


def test_tensorflow_has_one_precision_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_engine, "_precision_in_use", ["fp32"])
    monkeypatch.setattr(tensorflow_engine, "_precisions", lambda: {"fp32": {}, "bf16": {}})
    with pytest.raises(ConfigurationError, match="found 'bf16' beside 'fp32'"):
        load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 1, "bf16"))


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_an_image_has_the_same_boxes_in_a_short_batch_as_in_a_full_one(name: str) -> None:
    detector = GraphDetector(
        model=HUMANS, label="it", engine=name, max_batch_size=4, min_detection_score=0.05
    )
    images = bikes_images(4)
    full = detector.detect(images)
    assert any(full)
    assert detector.detect(images[:3]) == full[:3]
    assert detector.detect(images[:1]) == full[:1]


def changed_graph(folder: Path, change: Callable[[Any], None]) -> Path:
    """A copy of the model of pedestrians with a change made to its nodes."""
    graph = tf.compat.v1.GraphDef.FromString(find_model(HUMANS).read_bytes())
    change({node.name: node for node in graph.node})
    path = folder / "frozen_inference_graph.pb"
    path.write_bytes(graph.SerializeToString())
    return path


SCALING = "Preprocessor/map/while/ResizeImage/resize_images/ResizeBilinear"


def align_corners(nodes: Any) -> None:
    nodes[SCALING].attr["align_corners"].b = True


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_a_graph_of_another_build_runs_as_a_whole(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = changed_graph(tmp_path, align_corners)
    caplog.set_level("INFO", "human_detector.inference.ssd_network")
    clip = CLIPS[1](tmp_path)
    found = analyze(clip, str(path), engine=name)
    assert f"runs as a whole: {SCALING} samples in another way" in caplog.text
    assert any(found.values())
    expected = detect_in_clip(clip, load_reference(str(path)), EVERY)
    assert not differences(found, expected, THRESHOLD, SAME)
    assert differences(expected, reference(clip, HUMANS), THRESHOLD, Tolerance(1.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(align_corners, "samples in another way", id="scaling"),
        pytest.param(
            lambda nodes: setattr(nodes["ToFloat"], "op", "Sqrt"), "does not scale image_tensor", id="image"
        ),
        pytest.param(
            lambda nodes: nodes["concat_1"].input.__setitem__(0, "ToFloat"),
            "takes more from the image",
            id="side entrance",
        ),
        pytest.param(
            lambda nodes: [
                setattr(n, "op", "Other") for n in nodes.values() if n.op == "NonMaxSuppressionV3"
            ],
            "none of the operations",
            id="suppression",
        ),
    ],
)
def test_what_is_not_recognised_is_said(
    change: Callable[[Any], None], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "human_detector.inference.ssd_network")
    assert ssd_network.find_network("it", changed_graph(tmp_path, change)) is None
    assert reason in caplog.text


@pytest.mark.parametrize("model", [HUMANS, FACES])
def test_the_network_is_cut_out_of_the_models_of_this_repository(model: str) -> None:
    network = ssd_network.find_network(model, find_model(model))
    assert network is not None
    assert network.input_size == {HUMANS: (300, 300), FACES: (512, 512)}[model]
    assert network.suppression.iou_threshold == pytest.approx(0.6)
    assert network.suppression.max_total == 100


@pytest.mark.parametrize("model", [HUMANS, FACES])
def test_openvino_transposes_the_images_right_before_the_first_convolution(model: str) -> None:
    network = ssd_network.find_network(model, find_model(model))
    assert network is not None
    operations = openvino_graph.read_network(ov.Core(), network).get_ordered_ops()
    first = next(operation for operation in operations if operation.get_type_name() == "Convolution")
    assert first.input_value(0).get_node().get_type_name() == "Transpose"


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(lambda graph: graph[:100_000], "is damaged"), (lambda _: b"", "it lacks image_tensor")],
    ids=["cut off", "empty"],
)
def test_a_file_that_is_no_graph_is_refused(
    name: str, content: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "frozen_inference_graph.pb"
    path.write_bytes(content(find_model(HUMANS).read_bytes()))
    with pytest.raises(ConfigurationError, match=reason):
        load_engine(name, ModelSettings("it", path, 1))


class ShortOfMemory:
    """A function that runs out of memory for more images than fit; asynchronously, as on a GPU, or at once."""

    def __init__(self, function: Callable[[Any], Any], fitting: int, *, at_once: bool) -> None:
        self._function = function
        self._fitting = fitting
        self._at_once = at_once
        self.batch_sizes: list[int] = []

    def __call__(self, images: Any) -> Any:
        self.batch_sizes.append(images.shape[0])
        if images.shape[0] <= self._fitting:
            return self._function(images)
        if self._at_once:
            self.numpy()
        return [self, self]

    def numpy(self) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


@pytest.mark.parametrize("at_once", [True, False])
def test_out_of_memory_halves_the_batch_and_the_job_goes_on(
    at_once: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The CPU takes one image at a time: the way of a GPU is tried with the CPU behind it.
    monkeypatch.setattr(tensorflow_engine, "gpu_names", lambda: ["GPU:0 pretended"])
    detector = GraphDetector(model=HUMANS, label="person", engine="tensorflow", max_batch_size=8)
    detector.load()
    loaded: Any = detector._engine
    images = bikes_images(8)
    expected = detector.detect(images)
    loaded._function = short = ShortOfMemory(loaded._function, 2, at_once=at_once)
    assert detector.detect(images) == expected
    assert short.batch_sizes[-4:] == [2, 2, 2, 2]
    assert "batches of 2 from now on" in caplog.text
    short.batch_sizes.clear()
    assert detector.detect(images[:3]) == expected[:3]
    assert short.batch_sizes == [2, 2]


def test_two_batches_that_were_too_large_halve_the_batch_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_engine, "gpu_names", lambda: ["GPU:0 pretended"])
    loaded: Any = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 4))
    loaded._function = short = ShortOfMemory(loaded._function, 2, at_once=False)
    images = [np.zeros((300, 300, 3), np.float32)] * 4
    first, second = loaded.start(images, 0.5), loaded.start(images, 0.5)
    assert (len(first()), len(second())) == (4, 4)
    assert short.batch_sizes == [4, 4, 2, 2, 2, 2]


class FailingRequest:
    """An OpenVINO request that fails for some images: those that are white."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._failed = False
        self.get_tensor = request.get_tensor

    def start_async(self, inputs: Any, **options: Any) -> None:
        self._failed = bool(inputs[0].max() > 254)
        self._request.start_async(inputs, **options)

    def wait(self) -> None:
        self._request.wait()
        if self._failed:
            raise RuntimeError("could not allocate memory")


def test_an_image_that_fails_in_openvino_harms_no_other() -> None:
    loaded: Any = load_engine("openvino", ModelSettings(HUMANS, find_model(HUMANS), 2))
    loaded._idle = [FailingRequest(request) for request in loaded._idle]
    black, white = (np.full((300, 300, 3), grey, np.float32) for grey in (0, 255))
    for _ in range(2 * len(loaded._idle)):
        abandoned = loaded.start([white, black], 0.5)
        good = loaded.start([black, black], 0.5)
        assert [len(found.scores) for found in good()] == [0, 0]
        with pytest.raises(RuntimeError, match="could not allocate"):
            abandoned()


def test_out_of_memory_with_one_image_is_an_error() -> None:
    loaded: Any = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 4))
    loaded._function = ShortOfMemory(loaded._function, 0, at_once=True)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        loaded.start([np.zeros((300, 300, 3), np.float32)], 0.5)()


def test_tensorflow_computes_an_image_on_each_core_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_engine, "usable_cores", lambda: 3)
    monkeypatch.setattr(tensorflow_engine, "_cpu_streams", tensorflow_engine._cpu_streams.__wrapped__)
    loaded: Any = load_engine("tensorflow", ModelSettings(HUMANS, find_model(HUMANS), 3))
    function, together = loaded._function, threading.Barrier(3)

    def compute(images: Any) -> Any:
        together.wait(timeout=30)  # raises unless three are here
        return function(images)

    loaded._function = compute
    assert len(loaded.start([np.zeros((300, 300, 3), np.float32)] * 3, 0.5)()) == 3


@pytest.mark.parametrize(
    ("gpus", "installed", "expected"),
    [
        (["GPU:0 T4"], {"tensorflow", "openvino"}, "tensorflow"),
        ([], {"tensorflow", "openvino"}, "openvino"),
        ([], {"tensorflow"}, "tensorflow"),
        ([], {"openvino"}, "openvino"),
    ],
)
def test_auto_takes_a_gpu_first_and_openvino_next(
    gpus: list[str], installed: set[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_engine_module, "visible_gpus", lambda: gpus)
    monkeypatch.setattr(load_engine_module, "_installed", installed.__contains__)
    loaded = load_engine("auto", ModelSettings(HUMANS, find_model(HUMANS), 1))
    assert loaded.info.name == expected


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("openvino", "'openvino', but it is not installed here: pip install \"human-detector[openvino]\""),
        (
            "tensorflow",
            "'tensorflow', but it is not installed here: pip install \"human-detector[tensorflow]\" or",
        ),
        ("auto", "'auto', but none is installed here: pip install \"human-detector[openvino]\" or"),
    ],
)
def test_an_engine_that_is_not_installed_is_named_with_its_extra(
    engine: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_engine_module, "_installed", lambda _: False)
    with pytest.raises(ConfigurationError, match=re.escape(f"engine: found {sentence}")):
        load_engine(engine, ModelSettings(HUMANS, find_model(HUMANS), 1))


def test_the_extras_that_are_named_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {*chain(*load_engine_module.EXTRAS.values())} <= project["optional-dependencies"].keys()
    assert set(load_engine_module.EXTRAS) == set(ENGINES)


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_a_precision_that_the_device_lacks_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"precision: found 'fp16', valid for .* are fp32"):
        load_engine(name, ModelSettings(HUMANS, find_model(HUMANS), 1, "fp16"))


LOAD = """
import sys
from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
import numpy as np
for name in {names!r}:
    for model in {models!r}:
        engine = load_engine(name, ModelSettings(model, find_model(model), 2))
        images = [np.zeros((*engine.input_size, 3), np.float32)] * 2
        started = [engine.start(images, 0.5) for _ in range(3)]
        assert [len(finish()) for finish in started] == [2, 2, 2]
print("loaded:", *sorted({{"tensorflow", "openvino"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "names", [["tensorflow"], ["openvino"], ["tensorflow", "openvino"], ["openvino", "tensorflow"]], ids=str
)
def test_only_what_is_needed_is_loaded_and_both_get_along(names: list[str]) -> None:
    script = LOAD.format(names=names, models=[HUMANS, FACES])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("loaded: ")[1].split() == sorted(names)
