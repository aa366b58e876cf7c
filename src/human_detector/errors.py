"""The product's errors, classified by what to do next (failures.py says what that is)."""

from __future__ import annotations

from collections.abc import Sequence


class HumanDetectorError(Exception):
    """Base of every error that this product raises on purpose."""


class ConfigurationError(HumanDetectorError):
    """The set-up is wrong: the configuration, a model, a missing GPU. The worker does not start, or ends.

    Args:
        problems: one sentence each: where, what was found, what is valid.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems: Sequence[str] = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class ModelUnavailable(HumanDetectorError):
    """A model could not be had: no network, a wrong checksum, a missing program. Trying again may help."""


class PermanentError(HumanDetectorError):
    """This job fails each time that it is tried: record the reason, do not try again."""


class VideoError(PermanentError):
    """The file is no video that can be analysed."""


class OtherVersion(PermanentError):
    """The result file is ours, but of a version that this one does not know."""


class BadMessage(PermanentError):
    """The message names no record in which its failure could be recorded."""


class TransientError(HumanDetectorError):
    """This attempt failed; a later one may succeed."""


class ObjectReplaced(TransientError):
    """Somebody has put another object in the place of one that we were reading."""


class Superseded(TransientError):
    """Somebody has written an object, or removed it, since we last looked: ours was not stored."""


class AnalysisCrashed(TransientError):
    """The analysis process died or stalled, or the decoder did. The job counts one failed attempt."""


class DecoderCrashed(TransientError):
    """The process that decodes a video died, or said what it must not say."""


class LeaseLost(HumanDetectorError):
    """Another worker may own the job now: stop, and write, upload and delete nothing."""


class Interrupted(HumanDetectorError):
    """The worker was asked to stop: give the job back."""


class NothingToDo(HumanDetectorError):
    """The record needs no work of this message."""


class HeldByAnother(HumanDetectorError):
    """Another worker holds a lease on the video, as far as can be told today.

    Args:
        beat: the last sign of life that it gave.
        seconds: after this long without another one it counts as dead.
    """

    def __init__(self, beat: str, seconds: float) -> None:
        super().__init__(beat, seconds)
        self.beat = beat
        self.seconds = seconds

    def __str__(self) -> str:
        return f"another worker is at it; it has {self.seconds:.0f} s to give another sign of life"


def in_words(error: Exception) -> str:
    """An error for a person: the sentence that says what is wrong, after its type where nobody foresaw it."""
    return str(error) if isinstance(error, HumanDetectorError) else f"{type(error).__name__}: {error}"
