"""A sample of frames to label: chosen, written as pictures, with what was found as proposals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from human_detector.drawing.frame_pictures import FramePictures, take_pictures
from human_detector.errors import VideoError
from human_detector.report.evaluation.given_results import GivenResult
from human_detector.report.evaluation.label_files import WRITERS
from human_detector.report.evaluation.worth_labelling import Candidates, candidates, choose
from human_detector.report.same_video import check_same_video
from human_detector.results.exports.data_sets import (
    PICTURES,
    LabelledPicture,
    detections_of,
    labels_in_order,
    picture_name,
)


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
    pictures: list[LabelledPicture] = []
    for each, its_frames in zip(videos, chosen, strict=True):
        analysed = each.results[0].frames()
        frames = [analysed[index] for index in sorted(its_frames.chosen)]
        take_pictures(each.video, frames, [FramePictures([folder / PICTURES], each.name).take])
        pictures += [
            LabelledPicture(
                picture_name(each.name, frame["index"]),
                frame["index"],
                each.results[0].size,
                [found for found in detections_of(frame) if found["score"] >= threshold],
            )
            for frame in frames
        ]
    labels = [label for each in videos for label in labels_in_order(each.results[0].document)]
    return [WRITERS[name](pictures, list(dict.fromkeys(labels)), folder) for name in dict.fromkeys(formats)]
