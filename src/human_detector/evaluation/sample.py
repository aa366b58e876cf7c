"""A sample of frames to label: chosen, written as pictures, with what was found as proposals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from human_detector.errors import VideoError
from human_detector.evaluation.given_results import Found, GivenResult
from human_detector.evaluation.label_files import WRITERS
from human_detector.evaluation.worth_labelling import Candidates, candidates, choose
from human_detector.report.same_video import check_same_video
from human_detector.results.exports.data_sets import PICTURES, LabelledPicture
from human_detector.video.source import VideoSource

JPEG_QUALITY = 95


@dataclass(frozen=True)
class AnalysedVideo:
    """A video, and what was found in it.

    Attributes:
        video: the file.
        name: what its pictures are called by.
        results: by one configuration or by several; the first one's detections are proposed.
    """

    video: Path
    name: str
    results: Sequence[GivenResult]


def choose_frames(
    videos: Iterable[AnalysedVideo], frames: int, threshold: float, seed: int
) -> list[Candidates]:
    """Choose frames of videos.

    Args:
        videos: where from.
        frames: how many.
        threshold: the score from which on a detection counts.
        seed: the same gives the same.

    Raises:
        VideoError: a file is not the video that a result tells of, or can no longer be read; names it.
    """
    found = []
    for each in videos:
        try:
            for result in each.results:
                check_same_video(each.video, result.document)
            frames_of_results = [result.frames() for result in each.results]
            found.append(candidates(each.video, each.name, frames_of_results, threshold, seed))
        except VideoError as error:
            raise VideoError(f"{each.video}: {error}") from error
    choose(found, frames)
    return found


def write_sample(
    videos: Sequence[AnalysedVideo],
    chosen: Sequence[Candidates],
    formats: Iterable[str],
    folder: Path,
    threshold: float,
) -> list[Path]:
    """Write the pictures and the proposals.

    Args:
        videos: where from.
        chosen: the frames, video by video.
        formats: names of `WRITERS`.
        folder: where to.
        threshold: what has less is not proposed.

    Returns:
        The files with the proposals.
    """
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    proposals: list[LabelledPicture] = []
    for each, frames in zip(videos, chosen, strict=True):
        analysed = each.results[0].frames()
        names = {index: f"{each.name}_{index:06d}.jpg" for index in sorted(frames.chosen)}
        _write_pictures(each.video, names, folder / PICTURES)
        proposals += [
            LabelledPicture(name, index, each.results[0].size, _above(analysed[index], threshold))
            for index, name in names.items()
        ]
    labels = sorted({label for each in videos for label in each.results[0].detectors_by_label()})
    return [WRITERS[name](proposals, labels, folder) for name in dict.fromkeys(formats)]


def _write_pictures(video: Path, names: Mapping[int, str], folder: Path) -> None:
    if not names:
        return
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    with VideoSource(video, is_sampled=names.__contains__) as source:
        for frame in source.frames():
            picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
            _, data = cv2.imencode(".jpg", picture, options)
            (folder / names[frame.index]).write_bytes(data.tobytes())


def _above(frame: Mapping[str, Any], threshold: float) -> list[Found]:
    return [
        found
        for detections in frame["detections"].values()
        for found in detections
        if found["score"] >= threshold
    ]
