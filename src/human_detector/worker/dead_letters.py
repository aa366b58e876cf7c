"""Sees to the records of dead letters: SQS moves a message away, and tells nobody.

That happens when a worker is killed in the last delivery that is allowed, or cannot record the last failure.
A role of every idle worker: a message becomes a dead letter when a worker asks for it once more, so there is
one that can look, and nothing more has to be deployed. Several may look at once: each write is conditional.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.error_codes import is_hopeless
from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.s3_keys import partial_key
from human_detector.aws.storage import Storage
from human_detector.aws.waiting_times import DEAD_LETTER_LOOK_SECONDS
from human_detector.errors import BadMessage, PermanentError
from human_detector.logs import log_context
from human_detector.worker.claim import Claims
from human_detector.worker.lookup import Lookup
from human_detector.worker.messages import VideoRequest, parse_message, video_id_of
from human_detector.worker.record import Element, Record, died, failed, failures_so_far
from human_detector.worker.record_table import new_token
from human_detector.worker.stamp import is_of_another_content

log = logging.getLogger(__name__)

TIMESTAMP_SECONDS = 1
"""S3 tells in whole seconds when an object was stored."""


class DeadLetters:
    """Looks at the dead-letter queue now and then. The letters stay, for whoever wants to send them again.

    Args:
        queue: whose dead letters.
        claims: of the records.
        storage: where partial results are.
        lookup: of the videos and their results.
        bucket: of the results.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        queue: JobQueue,
        claims: Claims,
        storage: Storage,
        lookup: Lookup,
        bucket: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._claims = claims
        self._records = claims.records
        self._storage = storage
        self._lookup = lookup
        self._bucket = bucket
        self._clock = clock
        self._next_look = clock()

    def look(self) -> bool:
        """See to the letters, unless that was done a moment ago. A failure costs nothing but time.

        Returns:
            Whether one was sent back to the queue.
        """
        if self._clock() < self._next_look:
            return False
        self._next_look = self._clock() + DEAD_LETTER_LOOK_SECONDS
        has_sent = False
        try:
            seen: set[str] = set()
            while letters := self._unseen(seen):
                for letter in letters:
                    with log_context(message_id=letter.message_id):
                        has_sent |= self._see_to(letter)
        except (ClientError, BotoCoreError) as error:
            log.warning("cannot look at the dead-letter queue: %s", error)
            if is_hopeless(error):
                self._next_look = float("inf")
        return has_sent

    def _unseen(self, seen: set[str]) -> list[Message]:
        letters = self._queue.read_dead_letters()
        unseen = [letter for letter in letters if letter.message_id not in seen]
        seen |= {letter.message_id for letter in unseen}
        return unseen

    def _see_to(self, letter: Message) -> bool:
        """End the steps of the videos that a letter names, or send it back; whether it was sent back."""
        try:
            requests = parse_message(letter.body, self._bucket).videos
            video_ids = [video_id_of(request, self._storage) for request in requests]
        except BadMessage:
            return False  # It was buried for that.
        is_to_go_on = False
        for video_id, request in zip(video_ids, requests, strict=True):
            with log_context(video_id=video_id), suppress(PermanentError):  # There is no such record.
                is_to_go_on |= self._see_to_video(video_id, request, letter)
        if is_to_go_on:
            log.warning("sent a dead letter back: its video got further each time that a worker died")
            self._queue.revive(letter)
        return is_to_go_on

    def _see_to_video(self, video_id: int, request: VideoRequest, letter: Message) -> bool:
        """End the step of a video that nobody will work on; whether it is to be tried again instead."""
        record: Record | None = self._records.read(video_id)
        assert record is not None
        seen = record.step or {}
        failures = failures_so_far(seen)
        match seen.get("state"):
            case "running" if seen.get("message_id") != letter.message_id and self._claims.may_last(seen):
                return False  # Another message is at it. Or was: then the letter is looked at again.
            case "running" if failures < (self._queue.max_receive_count or 1):
                return True  # The record counts fewer failures than SQS deliveries.
            case "running":
                reason = died(failures)
            case "interrupted" | None:
                last = f"; the last time: {seen['reason']}" if "reason" in seen else ""
                reason = f"its message was delivered too often, and is in the dead-letter queue{last}"
            case "done" if self._is_outdated(seen, video_id, request, letter):
                record = self._records.reserve(record, new_token())
                if record is None or not self._is_outdated(seen, video_id, request, letter):
                    return False  # Somebody has run it meanwhile.
                reason = "the video was replaced, and the message for the new one is in the dead-letter queue"
            case _:
                return False
        # Before the end is recorded: whoever comes after that finds an ended step, and looks no further.
        self._remove_partial(video_id, seen)
        if self._records.put(record, failed(reason)):
            log.error("error: %s", reason)
        return False

    def _is_outdated(self, step: Element, video_id: int, request: VideoRequest, letter: Message) -> bool:
        """Whether a result was made of what lay there before the video that the letter asks for."""
        found = self._lookup.find(video_id, request)
        if found.video is None or found.result is None or step.get("result_file") != found.result_place:
            return False
        # Whoever has put another video there since the letter was sent, has sent a message for that one.
        is_asked_for = found.video.modified_at <= letter.sent_at + TIMESTAMP_SECONDS
        return is_asked_for and is_of_another_content(found.result.metadata, found.video)

    def _remove_partial(self, video_id: int, step: Element) -> None:
        match step.get("source"):
            case {"key": str(key)}:
                left = self._storage.look(self._bucket, partial_key(video_id, key))
                if left is not None:
                    self._storage.remove(left)
