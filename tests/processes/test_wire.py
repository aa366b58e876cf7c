"""What may come over the wire between processes, and what becomes of anything else."""

from __future__ import annotations

import json
import os
import pickle
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from human_detector.errors import (
    ConfigurationError,
    DecoderCrashed,
    PermanentError,
    TransientError,
    VideoError,
)
from human_detector.processes.messages import FROM_ANALYSIS, FROM_DECODER, checked, error_of, failed
from human_detector.processes.wire import LONGEST_BYTES, BadWire, Channel, ChannelClosed, pair


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """The end of somebody who reads, and the bare socket of somebody who writes what he likes."""
    ours, theirs = pair()
    channel = Channel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


def framed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def test_messages_come_one_by_one_however_they_are_cut(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    data = framed(b'{"a":1}') + framed(b'{"b":[2,null]}')
    seen = []
    for byte in data:
        theirs.send(bytes([byte]))
        if (message := channel.receive(0)) is not None:
            seen.append(message)
    assert seen == [{"a": 1}, {"b": [2, None]}]
    assert channel.receive(0) is None


def test_a_message_that_is_announced_too_long_is_not_waited_for(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    theirs.send(struct.pack(">I", 2**32 - 1))
    with pytest.raises(BadWire, match=f"4294967295 bytes, valid are {LONGEST_BYTES}"):
        channel.receive(5)


class Code:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (3,)


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Code()),
        b"NaN",
        b'{"a":Infinity}',
        b"[" * 60_000,
        b"\xff\xfe",
        b"",
        b"null",
        b"9" * 5000,
    ],
    ids=["pickle", "nan", "infinity", "deep", "no text", "nothing", "null", "a long number"],
)
def test_what_is_no_json_is_refused(ends: tuple[Channel, socket.socket], data: bytes) -> None:
    channel, theirs = ends
    theirs.sendall(framed(data))
    with pytest.raises(BadWire):
        channel.receive(5)


def test_the_end_of_the_other_side_is_told(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    theirs.send(framed(b"{}")[:3])
    theirs.close()
    with pytest.raises(ChannelClosed):
        channel.receive(5)
    with pytest.raises(ChannelClosed):
        channel.send({"say": "anything"})


def test_descriptors_come_only_where_they_are_wanted() -> None:
    (ours, theirs), (read, write) = pair(), os.pipe()
    above, below = Channel(ours), Channel(theirs, takes_descriptors=True)
    above.send({"say": "take"}, [write])
    assert below.receive(5) == {"say": "take"}
    (copy,) = below.take_descriptors(1)
    os.write(copy, b"x")
    assert os.read(read, 1) == b"x"
    open_before = len(os.listdir("/proc/self/fd"))
    below.send({"say": "here"}, [read, write])
    assert above.receive(5) == {"say": "here"}
    with pytest.raises(BadWire, match="0 descriptors came, not 2"):
        above.take_descriptors(2)
    assert len(os.listdir("/proc/self/fd")) == open_before, "what came unasked is closed"
    for each in (copy, read, write):
        os.close(each)
    above.close()
    below.close()


def test_messages_of_several_threads_do_not_mix() -> None:
    ours, theirs = pair()
    above, below = Channel(ours), Channel(theirs)
    texts = ["a" * 20_000, "b" * 30_000]
    threads = [
        threading.Thread(target=lambda text=text: [above.send({"text": text}) for _ in range(20)])
        for text in texts
    ]
    for thread in threads:
        thread.start()
    seen = [below.receive(5)["text"] for _ in range(40)]
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(texts * 20)
    above.close()
    below.close()


VIDEO = {
    "width": 8,
    "height": 6,
    "fps": 25.0,
    "duration": 1.0,
    "frame_count": 25,
    "complete": True,
    "damage": "",
}
FRAME = {"say": "frame", "index": 3, "timestamp": 0.12, "progress": 0.5, "video": VIDEO}


def test_a_message_that_fits_is_taken() -> None:
    assert checked(FRAME, FROM_DECODER) == FRAME


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({**FRAME, "timestamp": float("nan")}, "frame.timestamp: found NaN"),
        ({**FRAME, "timestamp": -1}, "frame.timestamp: found -1"),
        ({**FRAME, "index": 1.5}, "frame.index: found 1.5"),
        ({**FRAME, "index": True}, "frame.index: found true"),
        ({**FRAME, "progress": 2}, "frame.progress: found 2"),
        ({**FRAME, "video": {**VIDEO, "width": -1}}, "frame.video.width: found -1"),
        ({**FRAME, "video": {**VIDEO, "damage": "x" * 3000}}, "frame.video.damage"),
        ({**FRAME, "boxes": []}, "frame.boxes: unknown key"),
        ({"say": "frame"}, "frame.index: missing"),
        ({"say": "finished", "analyzed_frames": 3}, "none of looked, opened, frame"),
        ({"say": ["frame"]}, "none of looked, opened, frame"),
        ([1, 2], "none of looked, opened, frame"),
        ("frame", "none of looked, opened, frame"),
        ({"say": "failed", "error": "SystemExit", "problems": ["x"]}, "failed.error"),
        (
            {"say": "failed", "error": "ConfigurationError", "problems": ["x"]},
            "valid is one of VideoError, TransientError",
        ),
        ({"say": "failed", "error": "VideoError", "problems": []}, "failed.problems"),
    ],
)
def test_a_message_that_does_not_fit_is_refused_and_named(message: object, problem: str) -> None:
    with pytest.raises(BadWire) as refused:
        checked(message, FROM_DECODER)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("error", "comes_as"),
    [
        (ConfigurationError("one", "two"), ConfigurationError("one", "two")),
        (VideoError("no video"), VideoError("no video")),
        (DecoderCrashed("it died"), DecoderCrashed("it died")),
        (PermanentError("too long"), PermanentError("too long")),
        (TransientError("later"), TransientError("later")),
        (ValueError("odd\nmore"), TransientError("ValueError: odd")),
        (RuntimeError(), TransientError("RuntimeError: no message")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_cross(error: Exception, comes_as: Exception) -> None:
    crossed = error_of(checked(json.loads(json.dumps(failed(error))), FROM_ANALYSIS))
    assert type(crossed) is type(comes_as)
    assert str(crossed) == str(comes_as)


def test_whoever_ends_with_the_last_descriptors_in_hand_has_got_them(
    ends: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder of a short video has decoded it and ended before the analysis comes to its next line."""
    channel, theirs = ends

    def send_and_be_slow(*arguments: Any) -> int:
        sent = send_fds(*arguments)
        socket.recv_fds(theirs, 1 << 16, 1)
        theirs.close()
        return sent

    send_fds = socket.send_fds
    monkeypatch.setattr(socket, "send_fds", send_and_be_slow)
    channel.send({"say": "memory"}, [0])
