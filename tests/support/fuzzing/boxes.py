"""MP4 and MOV: boxes (ISO/IEC 14496-12), four bytes of length and four of type before the content."""

from __future__ import annotations

from support.fuzzing.tree import Field, Format, Node

_PARENTS = {
    *(b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"dinf"),
    *(b"moof", b"traf", b"mvex", b"mfra"),
}
_LONGEST_32_BIT = 2**32 - 1
_ENTRY = 16
"""Where the content of the first entry of `stsd` begins, which has the frames' width and height at 24 and 26."""

FIELDS = {
    b"ftyp": [Field(0, 4)],
    b"mvhd": [Field(12, 4), Field(16, 4)],
    b"mdhd": [Field(0, 1), Field(12, 4), Field(16, 4)],
    b"tkhd": [Field(12, 4), Field(20, 4), Field(40, 4, 4), Field(76, 4), Field(80, 4)],
    b"hdlr": [Field(8, 4)],
    b"elst": [Field(0, 1), Field(4, 4), Field(8, 4, 4)],
    b"stsd": [Field(4, 4), Field(8, 4), Field(12, 4), Field(_ENTRY + 24, 2), Field(_ENTRY + 26, 2)]
    + [Field(_ENTRY + 70, 1, 1)] * 3,  # the decoder's set-up follows there
    b"stts": [Field(4, 4), Field(8, 4, 8), Field(12, 4, 8)],
    b"ctts": [Field(4, 4), Field(8, 4, 8), Field(12, 4, 8)],
    b"stsc": [Field(4, 4), Field(8, 4, 12), Field(12, 4, 12), Field(16, 4, 12)],
    b"stsz": [Field(4, 4), Field(8, 4), Field(12, 4, 4)],
    b"stco": [Field(4, 4), Field(8, 4, 4)],
    b"stss": [Field(4, 4), Field(8, 4, 4)],
    b"sdtp": [Field(4, 1, 1)],
    b"trex": [Field(4, 4, 4)],
    b"tfhd": [Field(0, 4), Field(4, 4), Field(8, 4, 4)],
    b"tfdt": [Field(0, 1), Field(4, 4, 4)],
    b"trun": [Field(0, 4), Field(4, 4), Field(8, 4), Field(12, 4, 4)],
    b"mfhd": [Field(4, 4)],
    b"tfra": [Field(4, 4, 4)],
    b"dref": [Field(4, 4), Field(12, 4)],
}
"""The numbers that readers believe: counts of tables and their entries, times, time scales, sizes of frames."""


def parse(data: bytes, depth: int) -> list[Node]:
    """Reads boxes, as far as they are some."""
    nodes = []
    position = 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        tag = data[position + 4 : position + 8]
        if length < 8 or position + length > len(data):
            break
        body = data[position + 8 : position + length]
        nodes.append(
            Node(tag, children=parse(body, depth - 1)) if depth and tag in _PARENTS else Node(tag, body)
        )
        position += length
    return nodes


def head(tag: bytes, length: int) -> bytes:
    """The length counts these bytes in."""
    if length + 8 > _LONGEST_32_BIT:
        return (1).to_bytes(4, "big") + tag + (min(length + 16, 2**64 - 1)).to_bytes(8, "big")
    return (length + 8).to_bytes(4, "big") + tag


BOXES = Format(parse, head, FIELDS)
