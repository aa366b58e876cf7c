"""What worker, analysis and decoder say to each other, and what is valid in it.

worker                        analysis                       decoder
  | -- settings (at the start) --> |                            |  imports, closes its door
  | <------------------- ready --- |                            |
  | <---------------------------------------------- caged ----- |
  | -- video file, socket, limits ----------------------------> |
  | -- socket, job --------------> |                            |
  |                                | -- wanted ---------------> |  or look, and looked comes back
  |                                | <------------- opened ---- |
  |                                | -- memory, free slots ---> |
  |                                | <-- frame, still, alive -- |
  |                                | <-- ended or failed ------ |
  | <-- progress, finished ------- |                            |
  |     or failed                  |                            |

Downwards, to the right, goes what the reader needs; upwards, what the reader checks against the schemas here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from human_detector.errors import (
    ConfigurationError,
    DecoderCrashed,
    HumanDetectorError,
    PermanentError,
    TransientError,
    VideoError,
)
from human_detector.processes.wire import BadWire
from human_detector.validation import Boolean, Check, ListOf, Number, OneOf, Section, WholeNumber, Words
from human_detector.values import EngineInfo, VideoInfo

LONGEST_TEXT = 2000
_LARGEST_SIDE = 1 << 20
_LONGEST_SECONDS = 10**10
_MOST_FRAMES = 10**12
_MOST_PROBLEMS = 100
LONGEST_FROM_ANALYSIS = 2 * _MOST_PROBLEMS * 6 * LONGEST_TEXT
"""Bytes of the longest message of an analysis: all that is wrong with a configuration, with six bytes for a
character in JSON, and as much again."""


_WORDS = Words(LONGEST_TEXT)

ERRORS: Mapping[str, type[HumanDetectorError]] = {
    each.__name__: each
    for each in (ConfigurationError, VideoError, PermanentError, DecoderCrashed, TransientError)
}
"""The errors that may cross, the most particular ones first."""

_SHARE = Number(0, 1)
_VIDEO = {
    "width": WholeNumber(0, _LARGEST_SIDE),
    "height": WholeNumber(0, _LARGEST_SIDE),
    "fps": Number(0, _LONGEST_SECONDS),
    "duration": Number(0, _LONGEST_SECONDS),
    "frame_count": WholeNumber(0, _MOST_FRAMES),
    "complete": Boolean(),
    "damage": _WORDS,
}
_ENGINE = {"name": _WORDS, "version": _WORDS, "device": _WORDS}
_SENTENCES = ListOf(_WORDS, "a list of sentences")
_MISSING = {"missing": _SENTENCES, "missing_extras": _SENTENCES}


def _failed(errors: Iterable[str]) -> Section:
    """The message `failed`, with one of these errors."""
    sentences = ListOf(_WORDS, "a list of sentences", fewest=1)
    return _said(error=OneOf(tuple(errors)), problems=sentences)


def _said(**checks: Check) -> Section:
    """A message with all of these keys, beside its own name."""
    return Section({"say": _WORDS, **checks}, required=("say", *checks))


FROM_ANALYSIS: Mapping[str, Section] = {
    "ready": _said(engine=Section(_ENGINE, required=tuple(_ENGINE)), **_MISSING),
    "progress": _said(fraction=_SHARE),
    "finished": _said(analyzed_frames=WholeNumber(0, _MOST_FRAMES)),
    "failed": _failed(ERRORS),
}
"""What the analysis may say to the worker."""

FROM_CAGE: Mapping[str, Section] = {"caged": _said(**_MISSING)}
"""What a decoder may say to whoever started it."""

FROM_DECODER_SOURCE: Mapping[str, Section] = {
    "started": _said(pid=WholeNumber(1, 1 << 31)),
    "over": _said(code=WholeNumber(-1000, 1000), by_itself=Boolean()),
}
"""What the process that decoders come from may say."""

_SO_FAR = {"progress": _SHARE, "video": Section(_VIDEO, required=tuple(_VIDEO))}
_FRAME = _said(index=WholeNumber(0, _MOST_FRAMES), timestamp=Number(0, _LONGEST_SECONDS), **_SO_FAR)
FROM_DECODER: Mapping[str, Section] = {
    "looked": _said(seconds=Number(0, _LONGEST_SECONDS), frames=Number(0, _MOST_FRAMES), why_no_video=_WORDS),
    "opened": _said(
        width=WholeNumber(1, _LARGEST_SIDE),
        height=WholeNumber(1, _LARGEST_SIDE),
    ),
    "frame": _FRAME,
    "still": _FRAME,
    "alive": _said(**_SO_FAR),
    "ended": _said(**_SO_FAR),
    # Never one that would end the worker, or be for anything but this video.
    "failed": _failed([VideoError.__name__, TransientError.__name__]),
}
"""What a decoder may say to the analysis."""


def checked(message: Any, valid: Mapping[str, Section]) -> Mapping[str, Any]:
    """A message that came from below, if it is one of those that may come.

    Raises:
        BadWire: it is none.
    """
    name = message.get("say") if isinstance(message, dict) else None
    if not isinstance(name, str) or name not in valid:
        raise BadWire(f"a message that is none of {', '.join(valid)}")
    if problems := valid[name].problems(name, message):
        raise BadWire(problems[0][:LONGEST_TEXT])
    checked_message: Mapping[str, Any] = message
    return checked_message


def failed(error: Exception) -> dict[str, Any]:
    """An error as a message; what is none of ours, as one of those that may pass with time."""
    problems = error.problems if isinstance(error, ConfigurationError) else [_sentence(error)]
    name = next((name for name, kind in ERRORS.items() if isinstance(error, kind)), "TransientError")
    return {
        "say": "failed",
        "error": name,
        "problems": [sentence[:LONGEST_TEXT] for sentence in problems[:_MOST_PROBLEMS]],
    }


def error_of(message: Mapping[str, Any]) -> HumanDetectorError:
    """The error that a checked message `failed` tells of."""
    return ERRORS[message["error"]](*message["problems"])


def _sentence(error: Exception) -> str:
    if isinstance(error, HumanDetectorError):
        return str(error)
    reason = str(error).strip().splitlines()
    return f"{type(error).__name__}: {reason[0][:500] if reason else 'no message'}"


def video_message(info: VideoInfo) -> dict[str, Any]:
    """Facts about a video, as a part of a message."""
    return asdict(info)


def video_of(message: Mapping[str, Any]) -> VideoInfo:
    """The facts in a checked message."""
    return VideoInfo(**message["video"])


def engine_of(message: Mapping[str, Any]) -> EngineInfo:
    """The engine in a checked message `ready`."""
    return EngineInfo(**message["engine"])
