"""The result of an analysis: its values, and the one shape in which they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from human_detector.results.detection_arrays import Detections
from human_detector.results.faces_of_people import Owners, with_owners
from human_detector.values import EngineInfo, FrameDetections, VideoInfo
from human_detector.version import __version__

SCHEMA_VERSION = "1.0"
PRODUCER = {"name": "human-detector", "version": __version__}
"""What made the result; those of the first days do not say it."""


class Summary:
    """Counts detections while the frames pass by.

    Args:
        detector_names: every detector has an entry, also one that finds nothing.
        skip_still: say in how many frames nothing had changed.
    """

    def __init__(self, detector_names: Iterable[str], *, skip_still: bool = False) -> None:
        self.analyzed_frames = 0
        self._carried_frames = 0
        self._skip_still = skip_still
        self._counts = {
            name: {"detections": 0, "frames_with_detections": 0, "max_per_frame": 0}
            for name in detector_names
        }

    def add(self, detections: Mapping[str, Sequence[Any]], *, carried: bool = False) -> None:
        """Count one frame.

        Args:
            detections: the frame's, by detector name.
            carried: see FrameDetections.
        """
        self.analyzed_frames += 1
        self._carried_frames += carried
        for name, counts in self._counts.items():
            found = len(detections[name])
            counts["detections"] += found
            counts["frames_with_detections"] += found > 0
            counts["max_per_frame"] = max(counts["max_per_frame"], found)

    def add_tracks(self, counts: Mapping[str, int]) -> None:
        """Say how many different things each detector found.

        Args:
            counts: by detector name.
        """
        for name, count in counts.items():
            self._counts[name]["distinct"] = count

    def to_dict(self) -> dict[str, Any]:
        """The summary as the result file has it."""
        carried = {"carried_frames": self._carried_frames} if self._skip_still else {}
        return {"analyzed_frames": self.analyzed_frames, **carried, "detectors": self._counts}


@dataclass(frozen=True)
class AnalysisHeader:
    """Everything of a result but its frames.

    Attributes:
        video: what was decoded.
        human_detection: the arguments of the VideoAnalyzer in effect, defaults included.
        engine: what computed.
        summary: the counts.
        stopped: somebody stopped the analysis before the end of the video.
        owners: whose the faces are; the frames say it, once all are there.
        precisions: by detector, in what computed that did not compute in fp32.
    """

    video: VideoInfo
    human_detection: Mapping[str, Any]
    engine: EngineInfo
    summary: Summary
    stopped: bool = False
    owners: Owners = field(default_factory=dict)
    precisions: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self, video_id: int | None = None, source: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The document without its frames.

        Args:
            video_id: key of the record, where there is one.
            source: where the video came from: bucket, key and etag.
        """
        identity = {} if video_id is None else {"video_id": video_id}
        precision = {"precision": dict(self.precisions)} if self.precisions else {}
        return {
            "schema_version": SCHEMA_VERSION,
            "producer": PRODUCER,
            **identity,
            "video": {**(source or {}), **self.video.to_dict()},
            "human_detection": dict(self.human_detection),
            "engine": {**self.engine.to_dict(), **precision},
            "summary": self.summary.to_dict(),
        }


@dataclass(frozen=True)
class AnalysisResult:
    """A whole result in memory, as `VideoAnalyzer.analyze` returns it."""

    header: AnalysisHeader
    frames: Sequence[FrameDetections] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The document, without video_id, bucket, key and etag."""
        frames = (frame.to_dict() for frame in self.frames)
        return {
            **self.header.to_dict(),
            "frames": [with_owners(frame, self.header.owners) for frame in frames],
        }

    def detections(self) -> Detections:
        """All detections as NumPy arrays."""
        return Detections.from_document(self.to_dict())
