"""An analysis that has been broken into has no credentials, no network, and nobody else within its reach."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.processes.analysis_request import AnalysisRequest, AnalysisSettings
from human_detector.processes.decoder_pool import DecoderPool, DecoderSettings
from support.breaking_in import make_clip
from support.landlock import needs_landlock


@needs_landlock
def test_what_an_analysis_can_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/.aws").mkdir(parents=True)
    (tmp_path / "videos").mkdir()
    (tmp_path / "results").mkdir()
    credentials, plain = tmp_path / "home/.aws/credentials", tmp_path / "home/plain"
    for file in (credentials, plain):
        file.write_text("content")
    video = make_clip(tmp_path / "videos/clip.mp4")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted secret")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        detector = {
            "files": [str(credentials), str(video), str(plain)],
            "port": listener.getsockname()[1],
            "process": os.getpid(),
        }
        settings = {"detectors": [["support.prying_detector:PryingDetector", detector]], "frame_ratio": 0.1}
        analysis = AnalysisProcess(
            AnalysisSettings(settings, False, "text"),
            DecoderPool(DecoderSettings(cage="required")),
            60,
            hidden=lambda: [tmp_path / "videos"],
        )
        try:
            analysis.analyze(
                AnalysisRequest(video, tmp_path / "results/result.json", 1, {}, 3600, {}),
                lambda: None,
                lambda _: None,
            )
        finally:
            analysis.close()
    first = json.loads((tmp_path / "results/result.json").read_text())["frames"][0]
    (found,) = first["detections"]["PryingDetector"]
    answers = json.loads(found["label"])
    assert answers.pop(str(plain)) == "DONE"
    assert {answer for answer in answers.values() if answer not in ("EPERM", "EACCES", "ENOENT")} == set()
    assert len(answers) == 9
    assert answers["secrets"] == "ENOENT"
