"""AVI: RIFF chunks, four bytes of type and four of length (little-endian) each, filled up to an even length."""

from __future__ import annotations

from support.fuzzing.tree import Field, Format, Node

_PARENTS = {b"RIFF", b"LIST"}

FIELDS = {
    b"avih": [Field(0, 4, 4)],
    b"strh": [Field(0, 1, 1), Field(4, 1, 1), Field(20, 4), Field(24, 4), Field(28, 4), Field(32, 4)],
    b"strf": [Field(4, 4), Field(8, 4), Field(12, 2), Field(14, 2), Field(16, 1, 1), Field(20, 4)],
    b"idx1": [Field(0, 4, 4)] * 2,
    b"indx": [Field(0, 4, 4)],
    b"00dc": [Field(0, 1, 1)],
    b"dmlh": [Field(0, 4)],
}
"""Scale, rate and length of a stream, width and height of its frames, the index."""


def parse(data: bytes, depth: int) -> list[Node]:
    """Reads chunks, as far as they are some. The kind of a list counts as a part of its tag."""
    nodes = []
    position = 0
    while position + 8 <= len(data):
        tag, length = (
            data[position : position + 4],
            int.from_bytes(data[position + 4 : position + 8], "little"),
        )
        end = position + 8 + length
        if end > len(data):
            break
        if depth and tag in _PARENTS:
            nodes.append(
                Node(
                    data[position + 8 : position + 12] + tag,
                    children=parse(data[position + 12 : end], depth - 1),
                )
            )
        else:
            nodes.append(Node(tag, data[position + 8 : end]))
        position = end + length % 2
    return nodes


def head(tag: bytes, length: int) -> bytes:
    """The length does not count these bytes, but the kind of a list."""
    kind, tag = tag[:-4], tag[-4:]
    return tag + (min(length + len(kind), 2**32 - 1)).to_bytes(4, "little") + kind


RIFF = Format(parse, head, FIELDS, order="little", alignment=2)
