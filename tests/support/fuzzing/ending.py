"""How a job with a file ended, and whether it may end like that."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DONE, INCOMPLETE, ERROR = "done", "done, incomplete", "error"
CRASH = "crash"
"""The decoder died, which costs its video an attempt and nothing else."""
LONGEST_SENTENCE = 300


@dataclass(frozen=True)
class Ending:
    """What became of one file.

    Attributes:
        kind: one of the above.
        sentence: the error's, or what is said of the damage.
        problems: what must not be.
        seconds: that it took.
        memory_mb: that its decoder had at most, as far as was seen; alone, beyond what it began with.
    """

    kind: str
    sentence: str = ""
    problems: tuple[str, ...] = ()
    seconds: float = 0
    memory_mb: float = 0


def ending_of_error(sentence: str) -> Ending:
    """A job that ended with a sentence."""
    return Ending(ERROR, sentence, tuple(_problems_of_sentence(sentence)))


def ending_of_result(document: Mapping[str, Any]) -> Ending:
    """A job that ended with a result."""
    video = document["video"]
    kind = DONE if video["complete"] else INCOMPLETE
    return Ending(kind, video.get("damage", ""), tuple(_problems_of_result(document)))


def _problems_of_sentence(sentence: str) -> Iterator[str]:
    if not sentence or len(sentence) > LONGEST_SENTENCE or not sentence.isprintable():
        yield f"no sentence for a person: {sentence[:LONGEST_SENTENCE]!r}"
    if "Error" in sentence or "Exception" in sentence or "/" in sentence:
        yield f"a sentence of a program: {sentence}"


def _problems_of_result(document: Mapping[str, Any]) -> Iterator[str]:
    video, frames = document["video"], document["frames"]
    try:
        json.dumps(document, allow_nan=False)
    except ValueError as error:
        yield f"the result has numbers that are none: {error}"
    if video["complete"] == bool(video.get("damage")):
        yield f"complete is {video['complete']}, the damage {video.get('damage')!r}"
    if not (video["width"] > 0 and video["height"] > 0 and video["frame_count"] > 0):
        yield f"the facts are impossible: {video}"
    if not all(0 <= video[name] < math.inf for name in ("fps", "duration")):
        yield f"the facts are impossible: {video}"
    places = [(frame["index"], frame["timestamp"]) for frame in frames]
    if [index for index, _ in places] != sorted({index for index, _ in places}):
        yield "the frames are not in order"
    if [time for _, time in places] != sorted(time for _, time in places):
        yield "time goes back"
    if places and places[-1][0] >= video["frame_count"]:
        yield f"frame {places[-1][0]} of {video['frame_count']}"
