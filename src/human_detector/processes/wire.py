"""Messages between processes: a length, and JSON. Nothing that comes over this wire is ever run.

Whoever reads does not trust whoever writes: a message has a largest size, is checked against what it may
hold, and may carry descriptors only where the reader asked for them.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

LONGEST_BYTES = 1 << 16
LONGEST_OF_THE_WORKER = 1 << 26
"""A configuration may have long lists of classes, and an analysis trusts its worker."""
_LENGTH = struct.Struct(">I")
_READ_BYTES = 1 << 16
_MOST_DESCRIPTORS = 4


class ChannelClosed(Exception):
    """The other side has ended."""


class BadWire(Exception):
    """The other side said what it must not say: too much, no JSON, or not what fits."""


class Channel:
    """One end of a connected pair of sockets.

    Args:
        end: the socket; closed with this.
        longest: bytes of the longest message that is taken.
        takes_descriptors: whether descriptors that come with a message are taken. They are dropped otherwise.
    """

    def __init__(
        self, end: socket.socket, *, longest: int = LONGEST_BYTES, takes_descriptors: bool = False
    ) -> None:
        self._socket = end
        self._longest = longest
        self._takes_descriptors = takes_descriptors
        self._buffer = bytearray()
        self._descriptors: list[int] = []
        self._sending = threading.Lock()
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)

    @classmethod
    def of_descriptor(cls, descriptor: int, **arguments: Any) -> Channel:
        """The end that a process was started with."""
        # Said in full: asking the socket what it is is one system call more to allow.
        return cls(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor), **arguments)

    def send(self, message: Mapping[str, Any], descriptors: Iterable[int] = ()) -> None:
        """Send one message whole, from whatever thread.

        Args:
            message: what JSON can say.
            descriptors: the other side gets copies.

        Raises:
            ChannelClosed: nobody reads any more.
        """
        data = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
        data = _LENGTH.pack(len(data)) + data
        with self._sending:
            try:
                if given := list(descriptors):
                    sent = socket.send_fds(self._socket, [data], given)
                    data = data[sent:]
                if data:  # Sending nothing fails, too, where the other side has done its work and ended.
                    self._socket.sendall(data)
            except OSError as error:
                raise ChannelClosed from error

    def receive(self, seconds: float | None = None) -> Any:
        """The next message; None where none came in that time (default: wait for ever).

        Raises:
            ChannelClosed: there will be none.
            BadWire: it is too long, or no JSON.
        """
        while (message := self._complete_message()) is None:
            if not self._poll.poll(None if seconds is None else seconds * 1000):
                return None
            self._read()
        return message

    def take_descriptors(self, count: int) -> list[int]:
        """The descriptors that came with the last message, which are the caller's from now on.

        Raises:
            BadWire: it is another number.
        """
        taken, self._descriptors = self._descriptors, []
        if len(taken) != count:
            for descriptor in taken:
                os.close(descriptor)
            raise BadWire(f"{len(taken)} descriptors came, not {count}")
        return taken

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _read(self) -> None:
        try:
            if self._takes_descriptors:
                data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, _MOST_DESCRIPTORS)
                self._descriptors += descriptors
            else:
                data = self._socket.recv(_READ_BYTES)
        except OSError as error:
            raise ChannelClosed from error
        if not data:
            raise ChannelClosed
        self._buffer += data

    def _complete_message(self) -> Any:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > self._longest:
            raise BadWire(f"a message of {length} bytes, valid are {self._longest}")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        try:
            message = json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise BadWire("a message that is no JSON") from error
        if message is None:
            raise BadWire("a message without content")
        return message


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a new channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
