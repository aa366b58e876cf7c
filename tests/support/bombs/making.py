"""Writes files by hand that no encoder makes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from support.formats import FORMATS
from support.fuzzing.boxes import BOXES
from support.fuzzing.ebml import EBML
from support.fuzzing.tree import DEPTH_READ, Node
from support.media import clip

TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_BLOCK = 1 << 22
_LARGEST_PRIME = 65_521  # of Adler-32


def find(nodes: Sequence[Node], *tags: bytes) -> Node:
    """The element at the end of a path, which begins among these nodes."""
    node = next(node for node in nodes if node.tag == tags[0])
    return find(node.children or [], *tags[1:]) if tags[1:] else node


def remove(node: Node, *tags: bytes) -> None:
    """Takes children out."""
    node.children = [child for child in node.children or [] if child.tag not in tags]


def changed_mp4(
    folder: Path, change: Callable[[list[Node]], None], name: str = "h264.mp4", frames: int = 25
) -> Path:
    """A clip of a format whose boxes were changed."""
    whole = clip(folder / f"whole_{name}", *FORMATS[name], frames=frames)
    roots = BOXES.parse(whole.read_bytes(), DEPTH_READ)
    change(roots)
    return write(folder / name, BOXES.render(roots))


def element(number: str, *content: bytes | Node) -> Node:
    """An EBML element by its identifier: of bytes, or of other elements."""
    children = [part for part in content if isinstance(part, Node)]
    body = b"".join(part for part in content if isinstance(part, bytes))
    return Node(bytes.fromhex(number), body, children or None)


def matroska(
    path: Path,
    frames: Sequence[bytes],
    side: int = 64,
    *,
    tracks: Sequence[Node] = (),
    more: Sequence[Node] = (),
    nanoseconds: int = 1_000_000,
) -> Path:
    """A film of PNG pictures.

    Args:
        path: where.
        frames: the pictures, 40 units of time each.
        side: of the square that the track declares.
        tracks: beside that of the pictures.
        more: elements that stand before the pictures.
        nanoseconds: in a unit of time.
    """
    kind = struct.pack("<IIIHH4sIIIII", 40, side, side, 1, 24, b"MPNG", 0, 0, 0, 0, 0)
    size = element("E0", element("B0", side.to_bytes(4, "big")), element("BA", side.to_bytes(4, "big")))
    codec = (element("86", b"V_MS/VFW/FOURCC"), element("63A2", kind))
    track = element("AE", element("D7", b"\1"), element("83", b"\1"), *codec, size)
    pictures = [
        element(
            "1F43B675", element("E7", (40 * index).to_bytes(4, "big")), element("A3", b"\x81\0\0\x80" + frame)
        )
        for index, frame in enumerate(frames)
    ]
    scale = element("1549A966", element("2AD7B1", nanoseconds.to_bytes(8, "big")))
    segment = element("18538067", scale, element("1654AE6B", track, *tracks), *more, *pictures)
    return write(path, EBML.render([element("1A45DFA3", element("4282", b"matroska")), segment]))


def png(
    width: int, height: int, bits: int = 8, channels: int = 3, more: Sequence[tuple[bytes, bytes]] = ()
) -> bytes:
    """A black picture, a thousandth of the size that it unfolds to; with more chunks, if there are some."""
    rows = height * (1 + width * bits * channels // 8)
    colour = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", packed_zeros(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def packed_zeros(count: int) -> bytes:
    """What zlib would make of so many zeros, in a moment: one block again and again."""
    packer = zlib.compressobj(9)
    begin = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(count % _BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (count % _LARGEST_PRIME) << 16 | 1
    return begin + block * (count // _BLOCK) + rest + b"\3\0" + checksum.to_bytes(4, "big")


def write(path: Path, data: bytes) -> Path:
    """Writes a file; returns where."""
    path.write_bytes(data)
    return path
