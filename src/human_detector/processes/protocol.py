"""The messages between the worker and the analysis process.

worker                                   analysis process
  | -- AnalysisSettings (at the start) ---> |  loads the models
  | <-------------------------- Ready ----- |  or Failed, and ends
  | -- AnalysisRequest -------------------> |
  | <----------------------- Progress ----- |  several times a second
  | <------------- Finished or Failed ----- |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.errors import HumanDetectorError
from human_detector.values import EngineInfo


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """What the process needs to know once.

    Attributes:
        human_detection: keyword arguments of VideoAnalyzer.
        require_gpu: refuse to start without a GPU.
        log_format: `text` or `json`.
    """

    human_detection: Mapping[str, Any]
    require_gpu: bool
    log_format: str


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """One video to analyse.

    Attributes:
        video_path: the local file.
        result_path: where the result file goes.
        video_id: key of the record.
        source: bucket, key and etag of the video.
        max_seconds: the longest video that is accepted.
        log_names: names for the log lines of this job.
    """

    video_path: Path
    result_path: Path
    video_id: int
    source: Mapping[str, Any]
    max_seconds: float
    log_names: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """Answer: the models are loaded."""

    engine: EngineInfo


@dataclass(frozen=True, slots=True)
class Progress:
    """Answer: how far the analysis is, 0 to 1."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Finished:
    """Answer: the result file is there."""

    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """Answer: the analysis ended with an error."""

    error: HumanDetectorError
