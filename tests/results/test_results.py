"""The result document, in memory and as a file that is written frame by frame."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import human_detector
from human_detector.results.document import AnalysisHeader, AnalysisResult, Summary
from human_detector.results.made_of import changes_since, local_source, made_of
from human_detector.results.reader import read_result
from human_detector.results.writer import ResultFileWriter, compact, lines_path, partial_path
from human_detector.values import Box, Detection, EngineInfo, FrameDetections, VideoInfo
from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import sample_clip


def frame(index: int, faces: int) -> FrameDetections:
    found = [Detection("face", 0.987654, Box(0.1, 0.2, 0.3, 1 / 3))] * faces
    return FrameDetections(index, index / 3, {"HumanDetector": [], "FaceDetector": found})


MADE_OF = made_of({"etag": "e"}, {"frame_ratio": 0.2})
FRAMES = [frame(0, 2), frame(5, 0), frame(10, 1)]


def header(frames: list[FrameDetections]) -> AnalysisHeader:
    summary = Summary(["HumanDetector", "FaceDetector"])
    for each in frames:
        summary.add(each.detections)
    info = VideoInfo(width=768, height=432, fps=30.0, duration=0.5, frame_count=15, complete=True)
    return AnalysisHeader(
        info, {"frame_ratio": 0.2, "detectors": []}, EngineInfo("tensorflow", "2", "CPU"), summary
    )


def test_document_in_memory() -> None:
    document = AnalysisResult(header(FRAMES), FRAMES).to_dict()
    assert document["summary"] == {
        "analyzed_frames": 3,
        "detectors": {
            "HumanDetector": {"detections": 0, "frames_with_detections": 0, "max_per_frame": 0},
            "FaceDetector": {"detections": 3, "frames_with_detections": 2, "max_per_frame": 2},
        },
    }
    assert document["frames"][1] == {
        "index": 5,
        "timestamp": 1.666667,
        "detections": {"HumanDetector": [], "FaceDetector": []},
    }
    assert document["frames"][2]["detections"]["FaceDetector"] == [
        {
            "label": "face",
            "score": 0.9877,
            "box": {"x_min": 0.1, "y_min": 0.2, "x_max": 0.3, "y_max": 0.33333},
        }
    ]
    assert "video_id" not in document
    assert "bucket" not in document["video"]


def test_the_file_is_the_same_document(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with ResultFileWriter(path, MADE_OF) as writer:
        for each in FRAMES:
            writer.write(each)
            assert not path.exists()
        writer.finish(header(FRAMES).to_dict())
    assert json.loads(path.read_text()) == AnalysisResult(header(FRAMES), FRAMES).to_dict()
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]


def test_a_video_without_analysed_frames_is_valid_json(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with ResultFileWriter(path, MADE_OF) as writer:
        writer.finish({"x": 1})
    assert json.loads(path.read_text()) == {"x": 1, "frames": []}


def test_identity_comes_first() -> None:
    document = header([]).to_dict(42, {"bucket": "b", "key": "k", "etag": "e"})
    assert list(document)[:3] == ["schema_version", "producer", "video_id"]
    assert list(document["video"])[:3] == ["bucket", "key", "etag"]


def test_a_result_that_does_not_say_what_made_it_is_read(tmp_path: Path) -> None:
    """Those of the first days."""
    document = AnalysisResult(header(FRAMES), FRAMES).to_dict()
    del document["producer"]
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert read_result(str(tmp_path / "result.json")) == document


def test_what_was_cut_off_is_gone_on_with_after_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with ResultFileWriter(path, MADE_OF) as writer:
        writer.write(FRAMES[0])
        writer.write(FRAMES[1])
    with lines_path(path).open("ab") as lines:
        lines.write(b'{"index":10,"timest')
    with ResultFileWriter(path, MADE_OF) as writer:
        assert [done["index"] for done in writer.written()] == [0, 5]
        writer.write(FRAMES[2])
        writer.finish({"schema_version": "1.0"})
    assert [each["index"] for each in json.loads(path.read_text())["frames"]] == [0, 5, 10]


def test_lines_of_something_else_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for source, human_detection in (
        ({"etag": "f"}, {"frame_ratio": 0.2}),
        ({"etag": "e"}, {"frame_ratio": 0.3}),
    ):
        with ResultFileWriter(path, made_of(source, human_detection)) as writer:
            writer.write(FRAMES[0])
        with ResultFileWriter(path, MADE_OF) as writer:
            assert list(writer.written()) == []
    lines_path(path).write_text('{"index": 4, "timestamp": 0, "detections": {}}\n')
    with ResultFileWriter(path, MADE_OF) as writer:
        assert list(writer.written()) == []


def test_what_is_stopped_lies_beside_the_result_and_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("an earlier result")
    with ResultFileWriter(path, MADE_OF) as writer:
        writer.write(FRAMES[0])
        writer.stop({"x": 1})
    assert path.read_text() == "an earlier result"
    assert json.loads(partial_path(path).read_text()) == {"x": 1, "frames": [FRAMES[0].to_dict()]}
    with ResultFileWriter(path, MADE_OF) as writer:
        writer.write(FRAMES[1])
        writer.finish({"x": 2})
    assert [each["index"] for each in json.loads(path.read_text())["frames"]] == [0, 5]
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_says_what_it_was_made_of(tmp_path: Path) -> None:
    analyzer = VideoAnalyzer(detectors=[["support.fake_detectors:NeedyDetector", {"colour": "blue"}]])
    source = local_source(sample_clip(), tmp_path)
    analyzer.analyze_to_file(sample_clip(), tmp_path / "result.json", source=source)
    document = json.loads((tmp_path / "result.json").read_text())
    assert changes_since(document, source, analyzer.arguments) == []
    # All of it, also what the detector itself does not tell; and a VideoAnalyzer takes it again.
    [[name, arguments]] = document["human_detection"]["detectors"]
    assert (name, arguments["colour"]) == ("support.fake_detectors:NeedyDetector", "blue")
    assert VideoAnalyzer(**document["human_detection"]).arguments == document["human_detection"]


def test_a_file_that_changes_is_another_source(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"abc")
    before = local_source(file, tmp_path)
    assert local_source(file, tmp_path) == before
    os.utime(file, ns=(0, 1))
    touched = local_source(file, tmp_path)
    file.write_bytes(b"abcd")
    os.utime(file, ns=(0, 1))
    assert len({before["etag"], touched["etag"], local_source(file, tmp_path)["etag"]}) == 3


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        compact({"x": float("nan")})


def test_python_api() -> None:
    analyzer = VideoAnalyzer(
        detectors=[["support.fake_detectors:InstantDetector", {"max_batch_size": 7}]], frame_ratio=0.5
    )
    seen: list[float] = []
    result = analyzer.analyze(str(sample_clip()), progress=seen.append)
    document = result.to_dict()
    assert document["summary"]["analyzed_frames"] == len(document["frames"]) == 60
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    header = ["schema_version", "producer", "video", "human_detection", "engine", "summary"]
    assert list(document) == [*header, "frames"]
    assert document["producer"] == {"name": "human-detector", "version": human_detector.__version__}
    assert document["human_detection"]["detectors"][0][1]["max_batch_size"] == 7


def test_a_detector_that_breaks_the_contract_is_named() -> None:
    analyzer = VideoAnalyzer(detectors=[["support.fake_detectors:TooFewResults", {}]])
    with pytest.raises(ValueError, match="TooFewResults returned 1 results for 5 images"):
        analyzer.analyze(sample_clip())
