"""What was found in the videos that frames are taken of: results that are there, or an analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.commands.given_files import read_given_results
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.videos import videos
from human_detector.configuration import EMBEDDED_CONFIGURATION, load_human_detection
from human_detector.errors import ConfigurationError, VideoError
from human_detector.report.evaluation.given_results import GivenResult
from human_detector.report.evaluation.sample import AnalysedVideo
from human_detector.results.made_of import local_source
from human_detector.video_analyzer import VideoAnalyzer


def given_results(videos: Sequence[Path], places: Sequence[str]) -> list[AnalysedVideo]:
    """Find the results of each video.

    Args:
        videos: the files.
        places: of results, and of folders of them.

    Raises:
        ConfigurationError: a video has none.
        PermanentError: a place is no result.
    """
    results = [GivenResult(place, document) for place, document in read_given_results(places)]
    analysed = []
    for video, name in zip(videos, _names(videos), strict=True):
        own = _of_content(video, results) or [each for each in results if video.stem in each.names]
        if not own:
            raise ConfigurationError(
                f"no result is of {video}; the results are of {', '.join(each.names[0] for each in results)}"
            )
        analysed.append(AnalysedVideo(video, name, own))
    return analysed


def analyzers(
    configurations: Sequence[Path] | None, frame_ratio: float | None, threshold: float
) -> list[VideoAnalyzer]:
    """What analyses the videos, loaded.

    Args:
        configurations: files with detectors; the small models by default.
        frame_ratio: the share of the frames, if not as configured.
        threshold: so much of what is below it is looked for as well.

    Raises:
        ConfigurationError: a configuration is wrong, or a model is missing.
    """
    made = [_analyzer(path, frame_ratio, threshold) for path in configurations or [EMBEDDED_CONFIGURATION]]
    for each in made:
        each.load()
        each.open_video = videos().open
    return made


def new_results(
    videos: Sequence[Path], models: Sequence[VideoAnalyzer], display: ProgressDisplay
) -> list[AnalysedVideo]:
    """Analyse the videos.

    Args:
        videos: the files.
        models: what analyses them.
        display: shows progress.

    Raises:
        VideoError: a file is no video; names it.
    """
    analysed = []
    for video, name in zip(videos, _names(videos), strict=True):
        results = []
        for model in models:
            display.start(f"{video.name}: analysis")
            try:
                results.append(GivenResult(f"{name}.json", model.analyze(video, display.update).to_dict()))
            except VideoError as error:
                raise VideoError(f"{video}: {error}") from error
        analysed.append(AnalysedVideo(video, name, results))
    return analysed


def _analyzer(path: Path, frame_ratio: float | None, threshold: float) -> VideoAnalyzer:
    wanted: dict[str, Any] = dict(load_human_detection(path))
    wanted["detectors"] = [_with_weak(entry, threshold) for entry in wanted["detectors"]]
    if frame_ratio is not None:
        wanted["frame_ratio"] = frame_ratio
    return VideoAnalyzer(**wanted)


def _with_weak(entry: Sequence[Any], threshold: float) -> list[Any]:
    """The detector, with what is just below the threshold: that is as doubtful as what is just above."""
    given: Mapping[str, Any] = entry[1] if len(entry) > 1 else {}
    least = min(given.get("min_detection_score", threshold), threshold) / 2
    return [entry[0], {**given, "min_detection_score": least}]


def _of_content(video: Path, results: Sequence[GivenResult]) -> list[GivenResult]:
    etag = local_source(video, Path())["etag"]
    return [each for each in results if each.document["video"].get("etag") == etag]


def _names(videos: Sequence[Path]) -> list[str]:
    """A name for the pictures of each video: its own, with a number where an earlier one has it."""
    names: list[str] = []
    for video in videos:
        number = sum(other.stem == video.stem for other in videos[: len(names)]) + 1
        names.append(video.stem if number == 1 else f"{video.stem}-{number}")
    return names
