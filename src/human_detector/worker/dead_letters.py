"""Sees to the records of dead letters: SQS moves a message away, and tells nobody.

That happens when a worker is killed in the last delivery that is allowed, or cannot record the last failure.
A role of every idle worker: a message becomes a dead letter when a worker asks for it once more, so there is
one that can look, and nothing more has to be deployed. Several may look at once: each write is conditional.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.error_codes import is_hopeless
from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.s3_keys import partial_key
from human_detector.aws.storage import S3Object, Storage
from human_detector.aws.waiting_times import DEAD_LETTER_LOOK_SECONDS
from human_detector.errors import BadMessage, PermanentError
from human_detector.logs import log_context
from human_detector.worker.claim import ProcessSteps
from human_detector.worker.messages import VideoRequest, parse_message, video_id_of
from human_detector.worker.record import Element
from human_detector.worker.stamp import is_of_another_content

log = logging.getLogger(__name__)


class DeadLetters:
    """Looks at the dead-letter queue now and then. The letters stay, for whoever wants to send them again.

    Args:
        queue: whose dead letters.
        steps: the records.
        storage: where partial results are.
        bucket: of the results.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        queue: JobQueue,
        steps: ProcessSteps,
        storage: Storage,
        bucket: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._steps = steps
        self._storage = storage
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
        has_sent = False
        for video_id, request in zip(video_ids, requests, strict=True):
            with log_context(video_id=video_id):
                has_sent |= self._close(video_id, request, letter)
        return has_sent

    def _close(self, video_id: int, request: VideoRequest, letter: Message) -> bool:
        def is_outdated(result: Element) -> bool:
            return self._is_outdated(video_id, request, result)

        try:
            most = self._queue.max_receive_count or 1
            closing = self._steps.close(video_id, letter, most, is_outdated)
        except PermanentError:
            return False  # There is no such record.
        if closing is None:
            return False
        if closing.revive:
            log.warning("sent a dead letter back: its video got further each time that a worker died")
            self._queue.revive(letter)
            return True
        log.error("error: %s", closing.reason)
        if closing.source and (left := self._partial(video_id, closing.source["key"])):
            self._storage.remove(left)
        return False

    def _is_outdated(self, video_id: int, request: VideoRequest, result: Element) -> bool:
        """Whether a result was made of a content of the video that lies there no more."""
        if request.key is None:
            bucket, key = self._steps.source_of(video_id)
        else:
            bucket, key = request.bucket, request.key
        video = self._storage.look(bucket, key)
        stored = self._storage.look(result["bucket"], result["key"])
        if video is None or stored is None:
            return False
        return is_of_another_content(stored.metadata, video)

    def _partial(self, video_id: int, video_key: str) -> S3Object | None:
        return self._storage.look(self._bucket, partial_key(video_id, video_key))
