"""One track of sound on its way from a video into a copy of it: as it is, or encoded anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

LEAD_SECONDS = 0.1
"""Decoders want a packet or two before the first one that is heard; players skip what lies before time 0."""

_SPLICE = 1.0  # seconds; a longer step back is no disorder but the start of another recording
_LARGEST_JITTER = 0.05  # seconds; smaller gaps are rounded stamps, not silence
_ENCODER: Final = "aac"
_FALLBACK_RATE = 48_000


class Track(ABC):
    """Takes the packets of one track in the order of the file, and gives those of the copy.

    Args:
        stream: the track.
        origin: where time 0 lies on the file's own clock, seconds.

    Attributes:
        end: how far the track has come, seconds from time 0.
    """

    def __init__(self, stream: AudioStream, origin: float) -> None:
        self._stream = stream
        self._origin = origin
        self.end = -LEAD_SECONDS

    @abstractmethod
    def take(self, packet: Packet[AudioStream]) -> Iterator[Packet[AudioStream]]:
        """Gives what becomes of a packet, which is not empty."""

    @abstractmethod
    def finish(self) -> Iterator[Packet[AudioStream]]:
        """Gives what was held back."""

    def _place(self, stamp: float | None, duration: float) -> float:
        """Puts a piece of sound on the time line; returns its seconds from time 0.

        Args:
            stamp: seconds on the file's own clock; None where the file does not say.
            duration: seconds.
        """
        if stamp is None:
            time = self.end
        else:
            if stamp - self._origin < self.end - _SPLICE and self.end > 0:
                self._origin = stamp - self.end
            time = stamp - self._origin
        self.end = max(self.end, time + duration)
        return time


class CopiedTrack(Track):
    """A track that goes into the copy as it is.

    Args:
        stream: see `Track`.
        origin: see `Track`.
        target: the copy, of which nothing is written yet.
    """

    def __init__(self, stream: AudioStream, origin: float, target: OutputContainer) -> None:
        super().__init__(stream, origin)
        self._target = target.add_stream_from_template(stream)
        _copy_language(stream, self._target)
        self._last_stamp: int | None = None

    def take(self, packet: Packet[AudioStream]) -> Iterator[Packet[AudioStream]]:
        """Gives the packet at its place in the copy, unless it lies before time 0."""
        stamp, unit = packet.pts if packet.pts is not None else packet.dts, packet.time_base
        time = self._place(_seconds(stamp, unit), float((packet.duration or 0) * unit))
        placed = round(time / unit)
        # Two stamps may not be the same in a file, and none may go back.
        is_late = self._last_stamp is not None and placed <= self._last_stamp
        if packet.is_corrupt or is_late or time < -LEAD_SECONDS:
            return
        packet.pts = packet.dts = self._last_stamp = placed
        packet.stream = self._target
        yield packet

    def finish(self) -> Iterator[Packet[AudioStream]]:
        """Gives nothing."""
        return iter(())


class EncodedTrack(Track):
    """A track that becomes AAC, mono or stereo.

    Args:
        stream: see `Track`.
        origin: see `Track`.
        target: the copy, of which nothing is written yet.
    """

    def __init__(self, stream: AudioStream, origin: float, target: OutputContainer) -> None:
        super().__init__(stream, origin)
        given = stream.codec_context
        rates = av.Codec(_ENCODER, "w").audio_rates or ()
        rate = given.sample_rate if given.sample_rate in rates else _FALLBACK_RATE
        layout = "mono" if given.channels == 1 else "stereo"
        self._target = target.add_stream(_ENCODER, rate=rate, layout=layout)
        _copy_language(stream, self._target)
        self._following: int | None = None  # the sample that comes next, counted from time 0

    def take(self, packet: Packet[AudioStream]) -> Iterator[Packet[AudioStream]]:
        """Gives what the encoder makes of the packet."""
        yield from self._encode(packet)

    def finish(self) -> Iterator[Packet[AudioStream]]:
        """Gives what decoder and encoder have held back."""
        yield from self._encode(None)
        yield from self._target.encode(None)

    def _encode(self, packet: Packet[AudioStream] | None) -> Iterator[Packet[AudioStream]]:
        try:
            frames = self._stream.decode(packet)
        except av.FFmpegError:
            return  # a damaged moment is silent
        for frame in frames:
            if self._stamp(frame):
                yield from self._target.encode(frame)

    def _stamp(self, frame: AudioFrame) -> bool:
        """Puts the frame at its place in the copy; False if it has none there."""
        rate = frame.sample_rate
        time = self._place(_seconds(frame.pts, frame.time_base), frame.samples / rate)
        placed = round(time * rate)
        if self._following is not None and abs(placed - self._following) < _LARGEST_JITTER * rate:
            placed = self._following
        if placed < (self._following or -frame.samples):
            return False
        frame.pts, frame.time_base = placed, Fraction(1, rate)
        self._following = placed + frame.samples
        return True


def _seconds(stamp: int | None, unit: Fraction | None) -> float | None:
    return None if stamp is None or unit is None else float(stamp * unit)


def _copy_language(stream: AudioStream, target: AudioStream) -> None:
    if stream.language:
        target.metadata["language"] = stream.language
