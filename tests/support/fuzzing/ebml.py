"""Matroska and WebM: EBML elements (RFC 8794), an identifier and a length of one to eight bytes each."""

from __future__ import annotations

from support.fuzzing.tree import Field, Format, Node

_PARENTS = {
    bytes.fromhex(number)
    for number in (
        *("18538067", "1F43B675", "A0", "1654AE6B", "AE", "E0", "E1", "1549A966"),
        *("114D9B74", "4DBB", "1C53BB6B", "BB", "B7", "1254C367", "7373"),
    )
}
"""Segment, Cluster, BlockGroup, Tracks, TrackEntry, Video, Audio, Info, SeekHead, Cues, Tags and what they hold."""

_ALL = Field(0, 0)

FIELDS = {
    bytes.fromhex(number): fields
    for number, fields in {
        "1A45DFA3": [Field(3, 1)],
        "2AD7B1": [_ALL],  # the time base
        "4489": [_ALL],  # the duration
        "23E383": [_ALL],  # the duration of a frame
        "B0": [_ALL],  # width
        "BA": [_ALL],  # height
        "54B0": [_ALL],
        "54BA": [_ALL],
        "55B0": [Field(0, 1, 1)],
        "D7": [_ALL],  # number of the track
        "83": [_ALL],  # its type
        "86": [Field(0, 1, 1)],  # its codec
        "63A2": [Field(0, 1, 1)] * 2,  # the decoder's set-up
        "E7": [_ALL],  # time of a cluster
        "A3": [
            Field(0, 1),
            Field(1, 2),
            Field(3, 1),
            Field(4, 1, 1),
        ],  # a block: track, time, lacing, content
        "A1": [Field(0, 1), Field(1, 2), Field(3, 1), Field(4, 1, 1)],
        "9B": [_ALL],
        "FB": [_ALL],
        "B3": [_ALL],
        "F1": [_ALL],
        "53AC": [_ALL],
    }.items()
}


def parse(data: bytes, depth: int) -> list[Node]:
    """Reads elements, as far as they are some."""
    nodes = []
    position = 0
    while position < len(data):
        id_length = 9 - data[position].bit_length()
        size_at = position + id_length
        if id_length > 4 or size_at >= len(data) or not data[size_at]:
            break
        size_length = 9 - data[size_at].bit_length()
        start = size_at + size_length
        mask = (1 << 7 * size_length) - 1
        size = int.from_bytes(data[size_at:start], "big") & mask
        end = len(data) if size == mask else start + size
        if end > len(data):
            break
        tag, body = data[position:size_at], data[start:end]
        nodes.append(
            Node(tag, children=parse(body, depth - 1)) if depth and tag in _PARENTS else Node(tag, body)
        )
        position = end
    return nodes


def head(tag: bytes, length: int) -> bytes:
    """The length always in eight bytes; one beyond what they can hold is an unknown one."""
    return tag + (1 << 56 | min(length, 2**56 - 1)).to_bytes(8, "big")


EBML = Format(parse, head, FIELDS)
