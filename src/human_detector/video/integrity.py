"""Notices that a video file was cut off, or that its reader jumped over a part of it.

A decoder reports what it cannot decode, by an error or by a mark on the frame (`frame.is_corrupt`), and some
readers mark damaged packets. Nothing reports a file that just ends or a part that was jumped over: this
module looks for these. Pixels that a decoder patches up without a word (HEVC, VP8, VP9, GIF) stay unnoticed,
now and then also those of an H.264 B-frame, which a thread may hand out before another one has marked it.
FFmpeg's log would tell a little more, but PyAV's log capture can deadlock with decoder threads: one that logs
waits for Python's lock, whose holder may be waiting for that thread to end.
"""

from __future__ import annotations

from av.packet import Packet
from av.stream import Stream

from human_detector.video.damage import Damage
from human_detector.video.file import VideoFile

# Between two neighbouring blocks of a healthy Matroska file lie some 40 bytes, rarely a small element.
_LARGEST_MATROSKA_GAP = 16384
_MATROSKA_SEGMENT = b"\x18\x53\x80\x67"
_TS_PACKET_SIZES = (188, 192, 204)
_GIF_TRAILER = b";"


class IntegrityCheck:
    """Compares what the headers and the index of a file promise with its size and what comes out of it."""

    def __init__(self, file: VideoFile) -> None:
        self._file = file
        self._format = set(file.container.format.name.split(","))
        self._samples = 0
        self._end_position = 0
        self._last_position: int | None = None
        self._has_addition = False
        self._skipped_bytes = False

    def watch(self, packet: Packet[Stream]) -> None:
        """Takes note of the next packet. It wants those of all streams."""
        if packet.stream_index == self._file.stream.index and packet.dts is not None:
            self._samples += 1
        if "matroska" in self._format and packet.pos is not None:
            self._watch_position(packet, packet.pos)

    def report(self, damage: Damage) -> None:
        """Notes, after the last packet, whether a part of the file is missing or was not read."""
        damage.was_jumped_over |= self._skipped_bytes
        damage.ends_early |= self._is_cut_off()

    def _watch_position(self, packet: Packet[Stream], position: int) -> None:
        if self._last_position is not None and not self._has_addition:
            self._skipped_bytes |= position - self._end_position > _LARGEST_MATROSKA_GAP
        # The frames of one block ("lacing") all carry its position. Additions, such as an alpha channel, lie
        # behind the frame and are no part of its size.
        start = self._end_position if position == self._last_position else position
        self._end_position = max(self._end_position, start + packet.size)
        self._last_position = position
        self._has_addition = packet.has_sidedata("matroska_block_additional")

    def _is_cut_off(self) -> bool:
        file = self._file
        if "mp4" in self._format:
            return len(file.stream.index_entries) > self._samples
        if "avi" in self._format:
            return len(file.stream.index_entries) > self._samples or _riff_end(file.head(8)) > file.size
        if "matroska" in self._format:
            return _segment_end(file.head(128)) > file.size
        if "mpegts" in self._format:
            return all(file.size % size for size in _TS_PACKET_SIZES)
        return "gif" in self._format and not file.tail(16).rstrip(b"\0").endswith(_GIF_TRAILER)


def _riff_end(head: bytes) -> int:
    """Returns where the first part of an AVI ends at least, as its header says; 0 where it does not say.

    The header's own 8 bytes come on top, but some writers count them in.
    """
    return int.from_bytes(head[4:8], "little")


def _segment_end(head: bytes) -> int:
    """Returns where the Matroska segment ends, as its header says; 0 where it does not say (live recordings).

    The segment is an identifier, a size of 1 to 8 bytes and the content (RFC 8794, sections 4 to 6).
    """
    _, found, rest = head.partition(_MATROSKA_SEGMENT)
    if not found or not rest or not rest[0]:
        return 0
    length = 9 - rest[0].bit_length()  # the zero bits in front tell how many bytes follow the first
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(rest[:length], "big") & unknown
    return 0 if size == unknown else len(head) - len(rest) + length + size
