"""Small files that ask for a lot: memory, frames, time, tracks. Made by hand, since no encoder makes them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.bombs.making import TABLES, changed_mp4, element, find, matroska, png, remove, write
from support.formats import FORMATS
from support.fuzzing.boxes import BOXES
from support.fuzzing.ending import DONE, ERROR, INCOMPLETE, Ending
from support.fuzzing.tree import DEPTH_READ, Node
from support.media import H264, clip

DAY = 24 * 3600
_PICTURES = [png(64, 64)] * 5


@dataclass(frozen=True)
class Bomb:
    """One file.

    Attributes:
        name: what it does.
        make: writes it into a folder, returns where.
        kind: how the job with it ends, one of fuzzing.ending.
        sentence: how what is said of it ends; nothing of a file that is as good as any.
        is_large: it takes seconds and gigabytes, and is no part of the suite.
    """

    name: str
    make: Callable[[Path], Path]
    kind: str
    sentence: str = ""
    is_large: bool = False

    def problems(self, ending: Ending) -> list[str]:
        """How it ended otherwise than it is to end."""
        is_as_expected = ending.kind == self.kind and ending.sentence.endswith(self.sentence)
        unexpected = [] if is_as_expected else [f"ended as {ending.kind}: {ending.sentence}"]
        return [*unexpected, *ending.problems]


def declared_in_avi(folder: Path) -> Path:
    """65,535 x 65,535 in the header and in each picture."""
    data = bytearray(clip(folder / "small.avi", *FORMATS["mjpeg.avi"]).read_bytes())
    place = data.index(b"strf") + 12
    data[place : place + 8] = struct.pack("<II", 65_535, 65_535)
    place = -1
    while (place := data.find(b"\xff\xc0", place + 1)) >= 0:
        data[place + 5 : place + 9] = b"\xff" * 4
    return write(folder / "declared.avi", bytes(data))


def declared_in_gif(folder: Path) -> Path:
    """65,535 x 65,535 in the header."""
    data = clip(folder / "small.gif").read_bytes()
    return write(folder / "declared.gif", data[:6] + b"\xff" * 4 + data[10:])


def declared_in_mp4(folder: Path) -> Path:
    """65,535 x 65,535 in the description of the track; the pictures say what they are."""

    def declare(roots: list[Node]) -> None:
        box = find(roots, *TABLES, b"stsd")
        box.body = box.body[:40] + b"\xff" * 4 + box.body[44:]

    return changed_mp4(folder, declare)


def growing(side: int) -> Callable[[Path], Path]:
    """Frames of 64 x 64, then of `side` x `side`, then of 64 x 64."""

    def make(folder: Path) -> Path:
        small, large = png(64, 64), png(side, side)
        return matroska(folder / "growing.mkv", [small] * 5 + [large] * 5 + [small] * 5)

    return make


def largest_allowed(folder: Path) -> Path:
    """Four frames of 8192 x 8192 with 16 bits for each of four channels: 512 MiB each, uncompressed."""
    return matroska(folder / "largest.mkv", [png(8192, 8192, bits=16, channels=4)] * 4, 8192)


def repeated_by_table(count: int) -> Callable[[Path], Path]:
    """An MP4 whose index says with three numbers that there are so many frames of one byte."""

    def repeat(roots: list[Node]) -> None:
        tables = find(roots, *TABLES)
        find([tables], b"stbl", b"stsz").body = bytes(4) + struct.pack(">II", 1, count)
        find([tables], b"stbl", b"stts").body = bytes(4) + struct.pack(">III", 1, count, 512)
        find([tables], b"stbl", b"stsc").body = bytes(4) + struct.pack(">IIII", 1, 1, count, 1)
        remove(tables, b"ctts", b"stss")
        remove(find(roots, b"moov", b"trak"), b"edts")

    return lambda folder: changed_mp4(folder, repeat)


def repeated_by_fragment(count: int) -> Callable[[Path], Path]:
    """A fragment that says with two numbers that it has so many frames."""

    def repeat(roots: list[Node]) -> None:
        find(roots, b"moof", b"traf", b"tfhd").body = struct.pack(">IIII", 0x18, 1, 512, 1)
        find(roots, b"moof", b"traf", b"trun").body = struct.pack(">II", 0, count)

    return lambda folder: changed_mp4(folder, repeat, "fragmented.mp4")


def many_small_frames(folder: Path) -> Path:
    """30,000 frames of one colour, 72 bytes each."""
    return matroska(folder / "many.mkv", [png(64, 64)] * 30_000)


def long_for_one_frame(folder: Path) -> Path:
    """24 hours, with one frame at their beginning."""
    return changed_mp4(folder, lambda roots: _last(roots, 1, DAY), frames=1)


def long_for_two_frames(folder: Path) -> Path:
    """24 hours between two frames."""
    return changed_mp4(folder, lambda roots: _last(roots, 2, DAY), frames=2)


def tracks_of_mp4(kind: bytes, count: int) -> Callable[[Path], Path]:
    """So many tracks, of which none has anything in it."""

    def add(roots: list[Node]) -> None:
        movie = find(roots, b"moov")
        track = find([movie], b"moov", b"trak").copy()
        find([track], b"trak", b"mdia", b"hdlr").body = bytes(8) + kind + bytes(13)
        find([track], b"trak", b"mdia", b"minf").children = []
        movie.children = [*(movie.children or []), *[track] * count]

    return lambda folder: changed_mp4(folder, add)


def tracks_of_matroska(count: int) -> Callable[[Path], Path]:
    """So many tracks of sound and of subtitles."""

    def tracks(number: int) -> Node:
        kind, codec = ((b"\x02", b"A_OPUS"), (b"\x11", b"S_TEXT/UTF8"))[number % 2]
        return element(
            "AE", element("D7", number.to_bytes(4, "big")), element("83", kind), element("86", codec)
        )

    return lambda folder: matroska(
        folder / "tracks.mkv", _PICTURES, tracks=[tracks(number) for number in range(2, count + 2)]
    )


def attachments(count: int, size: int) -> Callable[[Path], Path]:
    """So many fonts of so many bytes."""

    def font(number: int) -> Node:
        name, kind = element("466E", b"a.ttf"), element("4660", b"font/ttf")
        return element(
            "61A7", name, kind, element("46AE", number.to_bytes(4, "big")), element("465C", bytes(size))
        )

    attached = element("1941A469", *[font(number) for number in range(1, count + 1)])
    return lambda folder: matroska(folder / "attached.mkv", _PICTURES, more=[attached])


def large_cover(folder: Path) -> Path:
    """A cover picture of 16,384 x 16,384."""
    cover = (element("466E", b"cover.png"), element("4660", b"image/png"), element("46AE", b"\1"))
    attached = element("1941A469", element("61A7", *cover, element("465C", png(16_384, 16_384))))
    return matroska(folder / "cover.mkv", _PICTURES, more=[attached])


def time_scale_of_mp4(scale: int) -> Callable[[Path], Path]:
    """So many units of time in a second."""

    def change(roots: list[Node]) -> None:
        box = find(roots, b"moov", b"trak", b"mdia", b"mdhd")
        box.body = box.body[:12] + struct.pack(">I", scale) + box.body[16:]

    return lambda folder: changed_mp4(folder, change)


def time_scale_of_matroska(nanoseconds: int) -> Callable[[Path], Path]:
    """So many nanoseconds in a unit of time."""
    return lambda folder: matroska(folder / "scale.mkv", _PICTURES, nanoseconds=nanoseconds)


def compressed_index(size: int) -> Callable[[Path], Path]:
    """A QuickTime file whose index is compressed, with so many zeros in it."""

    def make(folder: Path) -> Path:
        roots = BOXES.parse(clip(folder / "whole.mov", *H264).read_bytes(), DEPTH_READ)
        boxes = BOXES.render(find(roots, b"moov").children or [])
        length = 8 + len(boxes) + 8 + size
        packer = zlib.compressobj(1)
        packed = packer.compress(BOXES.head(b"moov", length - 8) + boxes + BOXES.head(b"free", size))
        packed += packer.compress(bytes(size)) + packer.flush()
        index = element(
            b"moov".hex(),
            element(
                b"cmov".hex(),
                element(b"dcom".hex(), b"zlib"),
                element(b"cmvd".hex(), struct.pack(">I", length) + packed),
            ),
        )
        remaining = [node for node in roots if node.tag != b"moov"]
        return write(folder / "compressed.mov", BOXES.render([*remaining, index]))

    return make


def _last(roots: list[Node], frames: int, seconds: int) -> None:
    """Let each frame last so long."""
    movie = find(roots, b"moov")
    track = find([movie], b"moov", b"trak")
    remove(track, b"edts")
    header = find([track], b"trak", b"mdia", b"mdhd")
    scale = int.from_bytes(header.body[12:16], "big")
    find(roots, *TABLES, b"stts").body = bytes(4) + struct.pack(">III", 1, frames, seconds * scale)
    header.body = header.body[:16] + struct.pack(">I", frames * seconds * scale) + header.body[20:]


TOO_LARGE = "worker.max_frame_pixels allows 67108864"
TOO_MANY = "worker.max_frames allows 5000000"
TOO_MUCH = "needs more memory than worker.decoder_memory_mb allows"
NOT_ONE = "can be decoded"

BOMBS = [
    Bomb("AVI: 65,535 x 65,535 declared", declared_in_avi, ERROR, TOO_LARGE),
    Bomb("GIF: 65,535 x 65,535 declared", declared_in_gif, ERROR, TOO_LARGE),
    Bomb("MP4: 65,535 x 65,535 declared", declared_in_mp4, DONE),
    Bomb("64 x 64, then 16,384 x 16,384", growing(16_384), INCOMPLETE, "frames could not be decoded"),
    Bomb("frames of 512 MiB", largest_allowed, DONE, is_large=True),
    Bomb("MP4: 10,000,000 frames", repeated_by_table(10**7), ERROR, TOO_MANY),
    Bomb("MP4: 4,294,967,295 frames", repeated_by_table(2**32 - 1), ERROR, NOT_ONE),
    Bomb("fragment: 10,000,000 frames", repeated_by_fragment(10**7), ERROR, TOO_MANY),
    Bomb("fragment: 100,000,000 frames", repeated_by_fragment(10**8), ERROR, TOO_MUCH),
    Bomb("30,000 frames of 72 bytes", many_small_frames, DONE, is_large=True),
    Bomb("24 hours, one frame", long_for_one_frame, DONE),
    Bomb("24 hours between two frames", long_for_two_frames, DONE),
    Bomb("MP4: 900 tracks of sound", tracks_of_mp4(b"soun", 900), DONE),
    Bomb("MP4: 100,000 tracks of sound", tracks_of_mp4(b"soun", 100_000), ERROR, TOO_MUCH),
    Bomb("MP4: 100,000 tracks of subtitles", tracks_of_mp4(b"sbtl", 100_000), ERROR, TOO_MUCH),
    Bomb("Matroska: 100,000 tracks", tracks_of_matroska(100_000), DONE),
    Bomb("100 attachments of 100 kB", attachments(100, 100_000), DONE),
    Bomb("5,000 attachments", attachments(5000, 10), DONE),
    Bomb("cover picture of 16,384 x 16,384", large_cover, DONE),
    *[
        Bomb(f"MP4: {scale} units in a second", time_scale_of_mp4(scale), DONE)
        for scale in (1, 2**31, 2**32 - 1)
    ],
    *[Bomb(f"Matroska: {n} ns in a unit", time_scale_of_matroska(n), DONE) for n in (1, 2**31)],
    Bomb("Matroska: 2^40 ns in a unit", time_scale_of_matroska(2**40), ERROR, "fits its contents"),
    Bomb("QuickTime: 64 MiB in a compressed index", compressed_index(1 << 26), DONE),
    Bomb("QuickTime: 1.5 GiB in a compressed index", compressed_index(3 << 29), DONE, is_large=True),
]
