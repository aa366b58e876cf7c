"""The results that are judged: which video each is of, and which labels they could have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from human_detector.results.labels import asked_labels

Found = Mapping[str, Any]
"""A detection, as the result file has it."""


@dataclass(frozen=True)
class GivenResult:
    """A result that somebody named.

    Attributes:
        place: a path, or `s3://bucket/key`.
        document: what is in it.
    """

    place: str
    document: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """What its video may be called: by the name of the video, by that of the result."""
        video = self.document["video"]
        result = PurePosixPath(self.place.removesuffix(".partial")).stem
        source = PurePosixPath(str(video.get("file") or video.get("key") or "")).stem
        return tuple(dict.fromkeys(filter(None, (source, result))))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames, pixels."""
        video = self.document["video"]
        return video["width"], video["height"]

    def frames(self) -> Mapping[int, Mapping[str, Any]]:
        """Every analysed frame, by its index."""
        return {frame["index"]: frame for frame in self.document["frames"]}

    def detectors_by_label(self) -> dict[str, list[str]]:
        """The detectors that look for a label, or have found it."""
        detectors: dict[str, list[str]] = defaultdict(list)
        for label, detector in self._labels():
            if detector not in detectors[label]:
                detectors[label].append(detector)
        return dict(detectors)

    def least_score(self, detector: str) -> float | None:
        """The min_detection_score that a detector had; None if the result does not say it."""
        for name, arguments in self.document["human_detection"]["detectors"]:
            if arguments.get("name", name) == detector and "min_detection_score" in arguments:
                return float(arguments["min_detection_score"])
        return None

    def _labels(self) -> Iterator[tuple[str, str]]:
        for detector, labels in asked_labels(self.document).items():
            for label in labels:
                yield label, detector
        for frame in self.document["frames"]:
            for detector, found in frame["detections"].items():
                for detection in found:
                    yield detection["label"], detector
