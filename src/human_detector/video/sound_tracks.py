"""One track of sound on its way from a video into a copy of it: as it is, or encoded anew."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

LEAD_SECONDS = 0.1
"""Decoders want a packet or two before the first one that is heard; players skip what lies before time 0."""

_SPLICE = 1.0  # seconds; a longer step back is no disorder but the start of another recording
_LARGEST_JITTER = 0.05  # seconds; smaller gaps are rounded stamps, not silence
_ENCODER: Final = "aac"
_ENCODED_FORMAT = "fltp"  # the encoder takes no other
_FALLBACK_RATE = 48_000
_NO_USUAL_ORDER = " channels"  # "8 channels", "8 channels (FL+FR+...)"
_USUAL_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


class UnknownLayout(Exception):
    """A track has its channels in no order that could be mixed down."""


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

    Raises:
        UnknownLayout: it has more channels than there are names for.
    """

    def __init__(self, stream: AudioStream, origin: float, target: OutputContainer) -> None:
        super().__init__(stream, origin)
        given = stream.codec_context
        rates = av.Codec(_ENCODER, "w").audio_rates or ()
        rate = given.sample_rate if given.sample_rate in rates else _FALLBACK_RATE
        layout = "mono" if _settle_layout(given) == 1 else "stereo"
        self._target = target.add_stream(_ENCODER, rate=rate, layout=layout)
        _copy_language(stream, self._target)
        self._layout, self._rate = layout, rate
        self._resampled: tuple[str, str, int] | None = None  # what the resampler was made for
        self._following: float | None = None  # when the next frame is due

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
                for fitting in self._resample(frame):
                    yield from self._target.encode(fitting)

    def _stamp(self, frame: AudioFrame) -> bool:
        """Puts the frame at its place in the copy; False if it has none there."""
        duration = frame.samples / frame.sample_rate
        time = self._place(_seconds(frame.pts, frame.time_base), duration)
        if self._following is not None and abs(time - self._following) < _LARGEST_JITTER:
            time = self._following
        if time < (-duration if self._following is None else self._following):
            return False
        frame.pts, frame.time_base = round(time * frame.sample_rate), Fraction(1, frame.sample_rate)
        self._following = time + duration
        return True

    def _resample(self, frame: AudioFrame) -> list[AudioFrame]:
        """Gives the frame as the encoder wants it: television goes from stereo to 5.1 and back on the way."""
        given = (frame.format.name, frame.layout.name, frame.sample_rate)
        if given != self._resampled:
            self._resampled = given
            self._resampler = av.AudioResampler(_ENCODED_FORMAT, self._layout, self._rate)
        return self._resampler.resample(frame)


def _settle_layout(decoder: AudioCodecContext) -> int:
    """Gives channels in an order of their own, or in none, the usual one; returns how many there are.

    Without an order, nothing mixes them down. And PyAV 18 frees the description of an order of its own twice,
    once with the layout that it hands out and once with the decoder or the frame: so the one layout that is
    asked for here stays for good, and the decoder never sees the order.

    Raises:
        UnknownLayout: there is no usual order for so many.
    """
    layout = decoder.layout
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    if _NO_USUAL_ORDER in layout.name:
        if layout.nb_channels not in _USUAL_LAYOUTS:
            raise UnknownLayout
        decoder.layout = _USUAL_LAYOUTS[layout.nb_channels]
    return layout.nb_channels


def _seconds(stamp: int | None, unit: Fraction | None) -> float | None:
    return None if stamp is None or unit is None else float(stamp * unit)


def _copy_language(stream: AudioStream, target: AudioStream) -> None:
    if stream.language:
        target.metadata["language"] = stream.language
