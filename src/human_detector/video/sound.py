"""Carries the sound of a video into a copy of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Discard

from human_detector.video.file import VideoFile
from human_detector.video.sound_tracks import LEAD_SECONDS, CopiedTrack, EncodedTrack, Track, UnknownLayout
from human_detector.video.source import VideoSource

MP4_SOUND = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus")
"""Codecs that players find in an MP4."""
BROWSER_SOUND = ("aac", "flac", "mp3", "opus")
"""Those of them that every browser plays."""

_SETUP_BYTES = {"flac": (34, 34), "alac": (36, 36), "opus": (19, math.inf)}
"""How long at least and at most the set-up of a decoder is that an MP4 takes: else it fails at its end."""


class Sound:
    """The sound of a video, for a copy that is being written. A context manager.

    Every track is kept, with its language, in step with the pictures: time 0 is the first picture, and what
    is heard before it is cut off. A track that is longer or shorter than the pictures stays so. What nothing
    here decodes is left out, as are damaged parts.

    Args:
        source: the video. It is read a second time, apart from the pictures.
        copied: names of the codecs that go into the copy as they are. The others become AAC.

    Raises:
        VideoError: the file can no longer be opened.
    """

    def __init__(self, source: VideoSource, copied: Collection[str]) -> None:
        self._source = source
        self._copied = copied
        self._file = VideoFile(source.given)
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._tracks: dict[int, Track] = {}
        self._time = -LEAD_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tracks.clear()
        self._file.close()

    def open_tracks(self, target: OutputContainer) -> None:
        """Add the tracks to the copy, once the first picture was read.

        Args:
            target: the copy, of which nothing is written yet.
        """
        container = self._file.container
        for stream in container.streams.audio:
            # One without a decoder, or of which not even a beginning was understood.
            if stream.codec_context is None or not stream.codec_context.sample_rate:
                continue
            kind = CopiedTrack if self._is_copied(stream.codec_context) else EncodedTrack
            with suppress(UnknownLayout):
                self._tracks[stream.index] = kind(stream, self._source.origin, target)
        for other in container.streams:
            if other.index not in self._tracks:
                other.discard = Discard.all
        if self._tracks:
            streams = [container.streams[index] for index in self._tracks]
            self._packets = cast("Iterator[Packet[AudioStream]]", container.demux(*streams))

    def _is_copied(self, decoder: AudioCodecContext) -> bool:
        name = decoder.codec.canonical_name
        least, most = _SETUP_BYTES.get(name, (0, math.inf))
        return name in self._copied and least <= decoder.extradata_size <= most

    def take(self, until: float) -> Iterator[Packet[AudioStream]]:
        """Gives what the copy has not got yet of the sound up to a time.

        Args:
            until: seconds from the first picture; infinity for all that is left.
        """
        if self._time > until:
            return
        try:
            for packet in self._packets:
                if not packet.size:  # the decoder would take it for the end
                    continue
                track = self._tracks[packet.stream_index]
                yield from track.take(packet)
                self._time = max(self._time, track.end)
                if self._time > until:
                    return
        except av.FFmpegError:
            pass  # damaged from here on, which the result says of the video
        for track in self._tracks.values():
            yield from track.finish()
        self._tracks.clear()
