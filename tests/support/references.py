"""Files that refer to other files and to addresses, in the ways that players follow."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.bombs.making import changed_mp4, element, find, matroska, png, write
from support.fuzzing.tree import Node
from support.media import H264, clip

_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
_CONCAT = "ffconcat version 1.0\nfile '{}'\n"
_MANIFEST = (
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" minBufferTime="PT1S">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>"
)
_SESSION = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"


@dataclass(frozen=True)
class Around:
    """What a file may refer to.

    Attributes:
        folder: where it and what it refers to lie.
        part: another file there, a transport stream.
        address: of somebody who listens.
    """

    folder: Path
    part: Path
    address: str


@dataclass(frozen=True)
class Reference:
    """A kind of file that refers to something.

    Attributes:
        name: for the test.
        make: writes it, returns where.
        follow: how FFmpeg is made to follow it; None where it never does.
    """

    name: str
    make: Callable[[Around], Path]
    follow: Mapping[str, str] | None = field(default=None)


def around(folder: Path, address: str) -> Around:
    """Makes what files refer to."""
    return Around(folder, clip(folder / "part.ts", *H264, frames=5), address)


def _text(text: str, *places: str) -> Callable[[Around], Path]:
    """A text with a place in it that was put together of parts: {part}, {folder} or {address}."""

    def make(at: Around) -> Path:
        filled = [place.format(part=at.part, name=at.part.name, address=at.address) for place in places]
        return write(at.folder / "video.mp4", text.format(*filled).encode())

    return make


def _data_reference(kind: bytes, content: Callable[[Around], bytes]) -> Callable[[Around], Path]:
    """An MP4 whose pictures lie in another file, as `dref` says."""

    def make(at: Around) -> Path:
        def refer(roots: list[Node]) -> None:
            inside = content(at)
            entry = struct.pack(">I", 12 + len(inside)) + kind + bytes(4) + inside
            find(roots, b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref").body = (
                struct.pack(">II", 0, 1) + entry
            )

        return changed_mp4(at.folder, refer)

    return make


def _alias(at: Around) -> bytes:
    """The record of a Macintosh, with the absolute path (kind 18) and the one on the volume (kind 2)."""
    name, path = at.part.name.encode(), str(at.part).encode()
    record = bytearray(150)
    struct.pack_into(">HH", record, 4, 150, 2)
    record[10:14] = b"\3vol"
    record[50 : 51 + len(name)] = bytes([len(name)]) + name
    struct.pack_into(">hh", record, 130, 1, 1)
    for kind, text in ((2, b"vol:" + name), (18, path)):
        record += struct.pack(">hH", kind, len(text)) + text + bytes(len(text) % 2)
    return bytes(record + struct.pack(">hH", -1, 0))


def _reference_movie(at: Around) -> Path:
    """A QuickTime file that is nothing but an address."""
    address = at.address.encode() + b"\0"
    place = Node(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(address)) + address)
    movie = Node(b"moov", children=[Node(b"rmra", children=[Node(b"rmda", children=[place])])])

    def refer(roots: list[Node]) -> None:
        roots[:] = [roots[0], movie]

    return changed_mp4(at.folder, refer)


def _linked_segment(at: Around) -> Path:
    """A Matroska file that says which one comes before and after it."""
    names = [element(number, at.part.name.encode()) for number in ("3C83AB", "3E83BB")]
    return matroska(at.folder / "linked.mkv", [png(64, 64)] * 5, more=[element("1549A966", *names)])


def _subtitles_beside(at: Around) -> Path:
    """Files of the same name, which players load."""
    for suffix in (".srt", ".ass", ".idx", ".sub"):
        (at.folder / "video").with_suffix(suffix).write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    return clip(at.folder / "video.mkv", *H264, frames=5)


_HLS = {"format": "hls", "allowed_extensions": "ALL", "extension_picky": "0"}
_UNSAFE = {"format": "concat", "safe": "0"}

REFERENCES = [
    Reference("playlist of a file", _text(_PLAYLIST, "{part}"), _HLS),
    Reference("playlist of a name", _text(_PLAYLIST, "{name}"), _HLS),
    Reference("playlist with file:", _text(_PLAYLIST, "file:{part}"), _HLS),
    Reference("playlist with http:", _text(_PLAYLIST, "{address}"), _HLS),
    Reference("playlist with concat:", _text(_PLAYLIST, "concat:{part}|{part}"), None),
    Reference(
        "playlist with a key at an address",
        _text(
            '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{}"\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n',
            "{address}",
            "{part}",
        ),
        _HLS,
    ),
    Reference(
        "playlist of playlists", _text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n", "{address}"), _HLS
    ),
    Reference("list of a file", _text(_CONCAT, "{part}"), _UNSAFE),
    Reference("list with file:", _text(_CONCAT, "file:{part}"), _UNSAFE),
    Reference("list with http:", _text(_CONCAT, "{address}"), _UNSAFE),
    Reference("list with concat:", _text(_CONCAT, "concat:{part}|{part}"), _UNSAFE),
    Reference("description of a session", _text(_SESSION), {"format": "sdp"}),
    Reference("manifest", _text(_MANIFEST, "{address}")),
    Reference("reference of a media player", _text("[Reference]\r\nRef1={}\r\n", "{address}")),
    Reference(
        "index of subtitles", _text("# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n")
    ),
    Reference("subtitles beside the video", _subtitles_beside),
    Reference("dref with an address", _data_reference(b"url ", lambda at: at.address.encode() + b"\0")),
    Reference(
        "dref with an alias",
        _data_reference(b"alis", _alias),
        {"enable_drefs": "1", "use_absolute_path": "1"},
    ),
    Reference("reference movie", _reference_movie),
    Reference("linked segment", _linked_segment),
]
