"""What was found to be wrong with a video file while it was decoded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Damage:
    """Counts what is wrong.

    Attributes:
        too_large: frames that are larger than they may be.
        lost: how often a decoder has refused a frame; those that build on it may be lost with it.
        damaged_packets: as the file's reader has marked them.
        damaged_frames: whose holes the decoder has filled.
        cannot_be_read: reading failed before the end of the file.
        ends_early: headers or index promise more than there is.
        was_jumped_over: the reader has left out a part.
    """

    too_large: int = 0
    lost: int = 0
    damaged_packets: int = 0
    damaged_frames: int = 0
    cannot_be_read: bool = False
    ends_early: bool = False
    was_jumped_over: bool = False

    def describe(self) -> str:
        """All of it in words; nothing if nothing is wrong."""
        damaged = self.damaged_frames or self.damaged_packets
        findings = {
            "the file ends early": self.ends_early,
            "the file cannot be read to its end": self.cannot_be_read,
            "a part of the file could not be understood and was passed over": self.was_jumped_over,
            f"at least {_frames(self.too_large)} exceeded worker.max_frame_pixels": self.too_large,
            f"at least {_frames(self.lost)} could not be decoded": self.lost,
            f"{_frames(damaged)} could be decoded in part only": damaged,
        }
        return "; ".join(words for words, is_so in findings.items() if is_so)


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
