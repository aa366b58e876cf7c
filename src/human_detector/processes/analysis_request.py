"""What the worker wants of the analysis: once, for each video, and what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """What the process needs to know once.

    Attributes:
        human_detection: keyword arguments of VideoAnalyzer.
        require_gpu: refuse to start without a GPU.
        log_format: `text` or `json`.
        temporary_folder: where it makes its temporary files; where all do by default.
    """

    human_detection: Mapping[str, Any]
    require_gpu: bool
    log_format: str
    temporary_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """One video to analyse.

    Attributes:
        video_path: the local file, which the decoder gets opened and the analysis not at all.
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
class Finished:
    """The result file is there.

    Attributes:
        analyzed_frames: how many it has.
    """

    analyzed_frames: int
