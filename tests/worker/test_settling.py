"""What the worker does to a message once it knows what that deserves, with jobs whose verdicts a test chooses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from human_detector.aws.queue import Message, QueueDepth
from human_detector.aws_interface import Worker
from human_detector.errors import LeaseLost
from human_detector.worker.end_of_work import EndOfWork
from human_detector.worker.failures import Fate, Verdict
from human_detector.worker.messages import VideoRequest
from support.scripted_worker import LEASE, Clock, surroundings

LOST = LeaseLost("another worker has the message")
UNREACHABLE = EndpointConnectionError(endpoint_url="x")


class Queue:
    """Writes down what happens to messages.

    Args:
        dead_letters: whether there is a queue for them.
        takes_letters: whether that takes what is sent there.
        fails: what all requests raise.
    """

    max_receive_count = 3
    records = None

    def __init__(
        self, *, dead_letters: bool = True, takes_letters: bool = True, fails: Exception | None = None
    ) -> None:
        self.has_dead_letter_queue = dead_letters
        self.takes_letters = dead_letters and takes_letters
        self.fails = fails
        self.waiting: list[Message] = []
        self.asked: list[str] = []

    def _note(self, *words: object) -> None:
        self.asked.append(" ".join(map(str, words)))
        if self.fails is not None:
            raise self.fails

    def receive(self, _wait: int, seconds: float) -> Message | None:
        if not self.waiting:
            return None
        self._note("receive", f"{seconds:g}")
        return self.waiting.pop(0)

    def read_dead_letters(self) -> list[Message]:
        return []

    def depth(self) -> QueueDepth:
        return QueueDepth(0, 0, 0)

    def delete(self, _message: Message) -> None:
        self._note("delete")

    def retry(self, _message: Message, seconds: float) -> None:
        self._note("retry", f"{seconds:g}")

    def put_off(self, _message: Message, seconds: float, beat: str) -> None:
        self._note("put off", f"{seconds:g}", beat)

    def hide(self, _message: Message, seconds: float) -> None:
        self._note("hide", "a while" if seconds >= 15 else seconds)

    def bury(self, _message: Message, reason: str) -> bool:
        if self.takes_letters:
            self._note("bury", reason)
        return self.takes_letters


def worker(queue: Queue, *verdicts: Verdict) -> tuple[Worker, list[str | None]]:
    """A worker whose jobs end with these verdicts, one after another, and the keys of those that were run."""
    parts: Any = queue
    made, left, keys = Worker(*surroundings(parts, Clock())), list(verdicts), []

    def run(_message: Message, request: VideoRequest) -> tuple[Verdict, str]:
        keys.append(request.key)
        return left.pop(0), "why"

    made._jobs.run = run  # type: ignore[method-assign]
    return made, keys


def message(*keys: str, odd: bool = False) -> Message:
    """An S3 event of these objects, and of an entry that makes no sense."""
    entries: list[Any] = [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}
        for key in keys
    ]
    body = json.dumps({"Records": [*entries, *(["odd"] if odd else [])]})
    return Message("id", body, "receipt", receive_count=1, queue_seconds=0, received_at=0)


WITHOUT: dict[str, Any] = {"dead_letters": False}
FULL: dict[str, Any] = {"takes_letters": False}
LETTER, GIVEN_UP = Verdict(Fate.BURY), Verdict(Fate.BURY, "error")


@pytest.mark.parametrize(
    ("verdict", "queue", "asked"),
    [
        (Verdict(Fate.DELETE), {}, ["delete"]),
        (Verdict(Fate.DELETE, "error"), {}, ["delete"]),
        (Verdict(Fate.RETRY, "interrupted", 60), {}, ["retry 60"]),
        (Verdict(Fate.PUT_OFF, delay=30, beat="a/1"), {}, ["put off 30 a/1"]),
        (Verdict(Fate.LEAVE), {}, []),
        (LETTER, {}, ["bury why"]),
        (GIVEN_UP, {}, ["bury why"]),
        # Without a place for dead letters, what the record says is enough. What no record says must stay.
        (GIVEN_UP, WITHOUT, ["delete"]),
        (LETTER, WITHOUT, ["hide a while"]),
        # With one that takes none today, both stay.
        (GIVEN_UP, FULL, ["hide a while"]),
        (LETTER, FULL, ["hide a while"]),
    ],
    ids=str,
)
def test_what_becomes_of_a_message(verdict: Verdict, queue: dict[str, Any], asked: list[str]) -> None:
    told = Queue(**queue)
    worker(told, verdict)[0].handle(message("1.mp4"))
    assert told.asked == asked


@pytest.mark.parametrize("error", [LOST, UNREACHABLE], ids=["lost", "unreachable"])
@pytest.mark.parametrize("fate", list(Fate), ids=str)
def test_a_message_that_cannot_be_settled_harms_nobody(fate: Fate, error: Exception) -> None:
    """It comes back by itself."""
    worker(Queue(fails=error), Verdict(fate, delay=1))[0].handle(message("1.mp4"))


def test_the_videos_after_one_whose_message_is_lost_are_left_to_whoever_has_it() -> None:
    queue = Queue()
    made, keys = worker(queue, Verdict(Fate.DELETE), Verdict(Fate.LEAVE))
    made.handle(message("1.mp4", "2.mp4", "3.mp4"))
    assert (keys, queue.asked) == (["1.mp4", "2.mp4"], [])


@pytest.mark.parametrize("order", [list, reversed], ids=["first", "last"])
def test_the_video_that_still_needs_the_message_decides(order: Callable[[Any], Any]) -> None:
    queue = Queue()
    made, keys = worker(queue, *order([Verdict(Fate.RETRY, "interrupted", 60), Verdict(Fate.DELETE)]))
    made.handle(message("1.mp4", "2.mp4"))
    assert (keys, queue.asked) == (["1.mp4", "2.mp4"], ["retry 60"])


def test_what_makes_no_sense_in_a_message_is_told_beside_what_does() -> None:
    queue = Queue()
    made, keys = worker(queue, Verdict(Fate.DELETE))
    made.handle(message("1.mp4", odd=True))
    assert keys == ["1.mp4"]
    (asked,) = queue.asked
    assert asked.startswith("bury Records[1]: an S3 event without eventName")


def test_a_message_is_hidden_for_a_lease_from_its_receipt_on() -> None:
    queue = Queue()
    queue.waiting = [message("1.mp4")]
    made, _ = worker(queue, Verdict(Fate.DELETE))
    made.run(EndOfWork(made._queue, 0))
    assert queue.asked == [f"receive {LEASE}", "delete"]
