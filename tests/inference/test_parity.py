"""The pipeline finds what the plainest loop over the unmodified graph finds, whatever the batch size."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from human_detector.values import Box, Detection
from human_detector.video_analyzer import VideoAnalyzer
from support.reference import (
    BGR,
    CLIPS,
    FACES,
    HUMANS,
    RGB,
    FoundInClip,
    Tolerance,
    detect_in_clip,
    differences,
    load_reference,
)

THRESHOLD = 0.3
EVERY = 5
SAME = Tolerance(iou=0.99, score=0.01, margin=0.01)
DETECTORS = {"HumanDetector": HUMANS, "FaceDetector": FACES}


@pytest.fixture(scope="module", params=CLIPS, ids=lambda make: make.__name__)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = request.param(tmp_path_factory.mktemp("clips"))
    return made


@cache
def reference(clip: Path, model: str, channels: tuple[int, int, int] = RGB) -> FoundInClip:
    return detect_in_clip(clip, load_reference(model), EVERY, channels)


@cache
def analyzer(batch_size: int) -> VideoAnalyzer:
    arguments = {"engine": "tensorflow", "min_detection_score": THRESHOLD, "max_batch_size": batch_size}
    detectors = [[name, {**arguments, "model": model}] for name, model in DETECTORS.items()]
    return VideoAnalyzer(detectors, frame_ratio=1 / EVERY)


# With 7 analysed frames every size but 1 ends a clip with a batch that is not full: the default, and one larger than it.
@pytest.mark.parametrize("batch_size", [1, 5, 16])
def test_the_pipeline_finds_what_the_plain_loop_finds(clip: Path, batch_size: int) -> None:
    frames = analyzer(batch_size).analyze(clip).frames
    for name, model in DETECTORS.items():
        product = {frame.index: frame.detections[name] for frame in frames}
        assert any(product.values()), f"{name} found nothing, so that nothing was compared"
        assert not differences(product, reference(clip, model), THRESHOLD, SAME)


@pytest.mark.parametrize("model", DETECTORS.values())
def test_swapped_colours_are_noticed(clip: Path, model: str) -> None:
    swapped = reference(clip, model, BGR)
    assert differences(swapped, reference(clip, model), THRESHOLD, SAME)


@pytest.mark.parametrize(
    "product",
    [
        pytest.param({}, id="a frame is missing"),
        pytest.param({0: []}, id="a box is missing"),
        pytest.param({0: [Detection("", 0.9, Box(0.2, 0.2, 0.6, 0.608))]}, id="a box is larger"),
        pytest.param({0: [Detection("", 0.88, Box(0.2, 0.2, 0.6, 0.6))]}, id="a score is lower"),
        pytest.param(
            {0: [Detection("", 0.9, Box(0.2, 0.2, 0.6, 0.6)), Detection("", 0.5, Box(0, 0, 0.1, 0.1))]},
            id="a box too many",
        ),
    ],
)
def test_the_comparison_notices_what_differs(product: FoundInClip) -> None:
    expected = {0: [Detection("", 0.9, Box(0.2, 0.2, 0.6, 0.6))]}
    assert not differences(expected, expected, THRESHOLD, SAME)
    assert differences(product, expected, THRESHOLD, SAME)
