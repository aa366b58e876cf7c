"""Opens one local file as a video, and says in words for a person why a file is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import av
from av.container import Flags, InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from human_detector.errors import VideoError
from human_detector.utils import usable_cores

_READ_SIZE = 1 << 18  # bytes per read; larger ones do not decode faster
_PLAYLIST_HEADS = (b"#EXTM3U", b"ffconcat", b"v=0")
_MP4_BOXES = (b"ftyp", b"mdat", b"moov", b"free", b"skip", b"wide")


class VideoFile:
    """An opened file with its video stream. A context manager.

    The file may come from anybody, so nothing in it or in its name makes FFmpeg open anything else. FFmpeg
    gets the opened file instead of a path: no 'http:', 'concat:', '%03d' or '*' in a name means anything. And
    it may use no protocol, not even 'file': a playlist leads nowhere.

    Attributes:
        container: the opened container.
        stream: the video stream to decode, its decoder threads on.
        size: bytes in the file.

    Raises:
        VideoError: the file is missing or holds no video that can be decoded. It does not name the file.
    """

    def __init__(self, path: Path) -> None:
        self._file = _open_file(path)
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            if not self.size:
                raise VideoError("the file is empty (0 bytes)")
            self.container = _open_container(self._file)
            self.stream = _video_stream(self.container)
        except BaseException:
            self._file.close()
            raise
        self.stream.thread_type = "AUTO"
        # The other half is for inference. On two cores, decoding in threads would take a fifth more of their
        # time, and inference would get that much less.
        self.stream.codec_context.thread_count = max(1, usable_cores() // 2)

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
        return os.pread(self._file.fileno(), count, 0)

    def tail(self, count: int) -> bytes:
        """Returns the last bytes of the file."""
        return os.pread(self._file.fileno(), count, max(self.size - count, 0))


class _Nameless:
    """The part of a file object that PyAV needs. Without its name, which FFmpeg would read a meaning into."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def _open_file(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise VideoError("the file is a folder, not a video")
        return path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise VideoError("the file does not exist") from error
    except OSError as error:
        raise VideoError(f"the file cannot be opened: {error.strerror}") from error


def _open_container(file: BinaryIO) -> InputContainer:
    try:
        container = av.open(
            _Nameless(file),
            "r",
            options={"protocol_whitelist": "none"},  # the name of no protocol
            buffer_size=_READ_SIZE,
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(_why_unreadable(file)) from error
    # PyAV asks FFmpeg to make up missing stamps from later packets. Where no packet has any, that reads the
    # whole file into memory; and the made-up stamps are wrong for B-frames.
    container.flags &= ~cast("int", Flags.gen_pts.value)
    return container


def _why_unreadable(file: BinaryIO) -> str:
    head = os.pread(file.fileno(), 12, 0)
    if head.startswith(_PLAYLIST_HEADS):
        return "the file is a playlist that refers to other files, not a video"
    if head[4:8] in _MP4_BOXES:
        return "the file is an MP4 whose index (moov) is missing or damaged: it was probably cut off"
    return "the file is no video, or its beginning is damaged: no known video format fits its contents"


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
