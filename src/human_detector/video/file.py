"""Opens one local file as a video, and says in words for a person why a file is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import av.subtitles.codeccontext  # PyAV imports them when it meets subtitles; a locked-up decoder cannot
import av.subtitles.stream
from av.container import Flags, InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from human_detector.errors import VideoError
from human_detector.utils import usable_cores
from human_detector.video.limits import NO_LIMITS, VideoLimits
from human_detector.video.opened import OpenedFile

_READ_SIZE = 1 << 18  # bytes per read; larger ones do not decode faster
_PLAYLIST_HEADS = (b"#EXTM3U", b"ffconcat", b"v=0")
_MP4_BOXES = (b"ftyp", b"mdat", b"moov", b"free", b"skip", b"wide")
_BYTES_PER_PIXEL = 3  # with 10 bits; with 8 it is half of that
_THREADS_BYTES = 1 << 30  # what the threads' frames may take: at 8K there are ten then
_MOST_THREADS = 16  # as FFmpeg has it where it chooses itself

OUT_OF_MEMORY = "decoding the video needs more memory than worker.decoder_memory_mb allows"
# FFmpeg gives the same reason for what no file of this length can have, and for more than 1000 tracks.
_INDEX_TOO_LARGE = (
    "the file is damaged, has more than 1000 tracks, or its index needs more memory than"
    " worker.decoder_memory_mb allows"
)


class VideoFile:
    """An opened file with its video stream. A context manager.

    The file may come from anybody, so nothing in it or in its name makes FFmpeg open anything else. FFmpeg
    gets the opened file instead of a path: no 'http:', 'concat:', '%03d' or '*' in a name means anything. And
    it may use no protocol, not even 'file': a playlist leads nowhere.

    Args:
        file: a path, or the descriptor of an opened file, which stays open and its owner's. Nothing is opened
            then, and several can read from one descriptor.
        limits: what the video may ask for. A frame that turns out larger is not decoded.

    Attributes:
        container: the opened container.
        stream: the video stream to decode, its decoder threads on.
        size: bytes in the file.

    Raises:
        VideoError: the file is missing, holds no video that can be decoded, or one that asks for too much. It
            does not name the file.
    """

    def __init__(self, file: Path | str | int, limits: VideoLimits = NO_LIMITS) -> None:
        self._file = OpenedFile(Path(file) if isinstance(file, str) else file)
        try:
            self.size = self._file.size
            if not self.size:
                raise VideoError("the file is empty (0 bytes)")
            self.container = _open_container(self._file, limits)
            self.stream = _video_stream(self.container)
            _check_size(self._file, self.stream, limits)
        except BaseException:
            self._file.close()
            raise
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = _threads(self.stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def packets(self) -> Iterator[Packet[Stream]]:
        """Gives the packets of all streams from where the file stands.

        Raises:
            ValueError: the file was closed in the meantime.
        """
        # After the last packet PyAV looks for streams that have appeared since the file was opened, which it
        # does not know. Their packets are not given.
        with suppress(IndexError):
            for packet in self.container.demux():
                yield packet
                if self._file.closed:  # PyAV would go on in memory that is gone
                    raise ValueError("the video file was closed while it was read")

    def close(self) -> None:
        """Closes the container and the file. The stream must not be touched any more: its memory is gone."""
        self.container.close()
        self._file.close()

    def head(self, count: int) -> bytes:
        """Returns the first bytes of the file."""
        return self._file.read_at(0, count)

    def tail(self, count: int) -> bytes:
        """Returns the last bytes of the file."""
        return self._file.read_at(max(self.size - count, 0), count)


def _open_container(file: OpenedFile, limits: VideoLimits, **more: str) -> InputContainer:
    # The whitelist is the name of no protocol. The pixels are for the decoders that FFmpeg asks what is in a
    # stream.
    options = {"protocol_whitelist": "none", "max_pixels": str(limits.max_frame_pixels), **more}
    try:
        container = av.open(file, "r", options=options, buffer_size=_READ_SIZE, metadata_errors="replace")
    except MemoryError as error:
        raise VideoError(_INDEX_TOO_LARGE) from error
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(_why_unreadable(file)) from error
    # PyAV asks FFmpeg to make up missing stamps from later packets. Where no packet has any, that reads the
    # whole file into memory; and the made-up stamps are wrong for B-frames.
    container.flags &= ~cast("int", Flags.gen_pts.value)
    return container


def _why_unreadable(file: OpenedFile) -> str:
    head = file.read_at(0, 12)
    if head.startswith(_PLAYLIST_HEADS):
        return "the file is a playlist that refers to other files, not a video"
    if head[4:8] in _MP4_BOXES:
        return "the file is an MP4 whose index (moov) is missing or damaged: it was probably cut off"
    return "the file is no video, or its beginning is damaged: no known video format fits its contents"


def _check_size(file: OpenedFile, stream: VideoStream, limits: VideoLimits) -> None:
    """Refuses a video that declares too much, and keeps the decoder from frames that turn out too large."""
    context = stream.codec_context
    width, height = context.width, context.height
    if not width * height:
        width, height = _declared_size(file, stream.index, limits)
    if reason := limits.why_frame_too_large(width, height):
        raise VideoError(reason)
    if reason := limits.why_too_many_frames(len(stream.index_entries)):
        raise VideoError(reason)
    context.options = {"max_pixels": str(limits.max_frame_pixels)}


def _threads(stream: VideoStream) -> int:
    """How many threads decode; each holds a frame."""
    frame_bytes = _BYTES_PER_PIXEL * stream.codec_context.width * stream.codec_context.height
    # The other half is for inference. On two cores, decoding in threads would take a fifth more of their
    # time, and inference would get that much less.
    return max(1, min(usable_cores() // 2, _MOST_THREADS, _THREADS_BYTES // max(frame_bytes, 1)))


def _declared_size(file: OpenedFile, index: int, limits: VideoLimits) -> tuple[int, int]:
    """Returns the size of a stream that FFmpeg forgets, as it does where a decoder takes offence at it."""
    position = file.tell()
    file.seek(0)
    with _open_container(file, limits, codec_whitelist="none") as container:
        context = container.streams[index].codec_context
        size = (context.width, context.height) if isinstance(context, VideoCodecContext) else (0, 0)
    file.seek(position)
    return size


def _video_stream(container: InputContainer) -> VideoStream:
    streams = [stream for stream in container.streams.video if not _is_picture(stream)]
    if not streams:
        others = ", ".join(_describe(stream) for stream in container.streams) or "nothing"
        raise VideoError(f"the file holds no video stream, only: {others}")
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise VideoError("the file's video stream is in a format that no decoder here knows")
    best = container.streams.best("video")
    return next((stream for stream in decodable if stream is best), decodable[0])


def _is_picture(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _describe(stream: Stream) -> str:
    kind = "cover picture" if _is_picture(stream) else stream.type
    codec = getattr(stream.codec_context, "codec", None)  # no decoder, no context
    return f"{kind} ({codec.canonical_name})" if codec else kind
