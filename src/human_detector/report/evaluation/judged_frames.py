"""Brings together the frames that people have labelled and the same frames of the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.report.evaluation.given_results import GivenResult
from human_detector.report.evaluation.truth import Truth, TruthBox, TruthError, TruthFrame

MOST_NAMES = 6
"""As many are said in a sentence."""


@dataclass(frozen=True)
class JudgedFrame:
    """A frame that is labelled and analysed.

    Attributes:
        video: the name of its video.
        index: counts the frames of the video from 0.
        size: width and height, pixels.
        truth: what is in it.
        frame: what was found in it, as the result file has it.
    """

    video: str
    index: int
    size: tuple[int, int]
    truth: Sequence[TruthBox]
    frame: Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """What results of one configuration can be judged by.

    Attributes:
        frames: those that are both labelled and analysed, video by video.
        results: the result of each video.
        notes: a sentence for whatever is left out.
    """

    frames: Sequence[JudgedFrame]
    results: Mapping[str, GivenResult]
    notes: Sequence[str]


def judge(truth: Truth, results: Sequence[GivenResult]) -> Judged:
    """Find the labelled frames in the results.

    Args:
        truth: the labels.
        results: one of each video.

    Raises:
        TruthError: not one labelled frame is in a result, or it cannot be told in which.
        ConfigurationError: two results are of one video.
    """
    videos = _by_video(results)
    aliases = _aliases(videos)
    analysed = {video: result.frames() for video, result in videos.items()}
    frames: dict[tuple[str, int], JudgedFrame] = {}
    strangers: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for labelled in truth.frames:
        video = _video_of(labelled, aliases, list(videos))
        if video is None:
            strangers[labelled.videos[0] if labelled.videos else ""] += 1
        elif labelled.index not in analysed[video]:
            missing[video] += 1
        elif (video, labelled.index) in frames:
            raise TruthError(f"--truth {truth.place}: frame {labelled.index} of {video} is there twice")
        else:
            frames[video, labelled.index] = JudgedFrame(
                video, labelled.index, videos[video].size, labelled.boxes, analysed[video][labelled.index]
            )
    if not frames:
        raise TruthError(_nothing_in_common(truth, list(videos), strangers, missing))
    order = {video: place for place, video in enumerate(videos)}
    judged = sorted(frames.values(), key=lambda each: (order[each.video], each.index))
    with_frames = {each.video for each in judged}
    return Judged(
        judged,
        {video: result for video, result in videos.items() if video in with_frames},
        _left_out(strangers, missing, [video for video in videos if video not in with_frames]),
    )


def judge_by_the_same(truth: Truth, each: Sequence[Judged]) -> list[Judged]:
    """Keep the frames that all configurations have, so that they are judged by the same.

    Args:
        truth: the labels.
        each: the frames of each configuration.

    Raises:
        TruthError: there is no such frame.
    """
    common = set.intersection(*({(frame.video, frame.index) for frame in judged.frames} for judged in each))
    if not common:
        raise TruthError(f"--truth {truth.place}: no labelled frame was analysed in every configuration")
    return [_only(judged, common) for judged in each]


def _only(judged: Judged, common: Collection[tuple[str, int]]) -> Judged:
    frames = [frame for frame in judged.frames if (frame.video, frame.index) in common]
    if len(frames) == len(judged.frames):
        return judged
    videos = {frame.video for frame in frames}
    lost = len(judged.frames) - len(frames)
    return Judged(
        frames,
        {video: result for video, result in judged.results.items() if video in videos},
        [*judged.notes, f"left out: {lost} labelled frames that not every configuration has analysed"],
    )


def _by_video(results: Sequence[GivenResult]) -> dict[str, GivenResult]:
    """Each result by the name of its video; where videos share one, by that of the result."""
    counts = Counter(result.names[0] for result in results)
    videos: dict[str, GivenResult] = {}
    for result in results:
        name = result.names[0] if counts[result.names[0]] == 1 else result.names[-1]
        if name in videos:
            raise ConfigurationError(
                f"{videos[name].place} and {result.place} are both of the video {name}; valid is one result "
                "of each video, or --compare for several configurations"
            )
        videos[name] = result
    return videos


def _aliases(videos: Mapping[str, GivenResult]) -> dict[str, str]:
    """The video that a name in the truth means; names that could mean several are left out."""
    counts = Counter(name for result in videos.values() for name in result.names)
    others = {name: video for video, result in videos.items() for name in result.names if counts[name] == 1}
    return {**others, **{video: video for video in videos}}


def _video_of(labelled: TruthFrame, aliases: Mapping[str, str], videos: Sequence[str]) -> str | None:
    if not labelled.videos:
        return videos[0] if len(videos) == 1 else None
    return next((aliases[name] for name in labelled.videos if name in aliases), None)


def _nothing_in_common(
    truth: Truth, videos: Sequence[str], strangers: Mapping[str, int], missing: Mapping[str, int]
) -> str:
    if missing:
        return (
            f"--truth {truth.place}: none of its {sum(missing.values())} frames of {_list(list(missing))} "
            "was analysed; valid is a result that has them: analyze --frame-ratio 1 has all"
        )
    if set(strangers) == {""}:
        return (
            f"--truth {truth.place}: its frames do not say of which video they are, and the results are of "
            f"{len(videos)}: {_list(videos)}"
        )
    named = [name or "no name" for name in strangers]
    return f"--truth {truth.place}: its frames are of {_list(named)}, the results are of {_list(videos)}"


def _left_out(
    strangers: Mapping[str, int], missing: Mapping[str, int], unlabelled: Sequence[str]
) -> list[str]:
    notes = []
    if strangers:
        named = [name or "a video without a name" for name in strangers]
        notes.append(
            f"left out: {sum(strangers.values())} labelled frames of {_list(named)}: no result is of it"
        )
    notes += [
        f"left out: {count} labelled frames of {video} that were not analysed"
        for video, count in missing.items()
    ]
    if unlabelled:
        notes.append(f"left out: {_list(unlabelled)}: no labelled frame is of it")
    return notes


def _list(names: Sequence[str]) -> str:
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join([*names[:MOST_NAMES], *more])
