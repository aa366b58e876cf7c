"""Follows submitted videos to their end, and fetches their results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from human_detector.aws.queue import JobQueue, QueueDepth
from human_detector.aws.storage import Storage
from human_detector.aws.waiting_times import COUNT_SETTLED_SECONDS
from human_detector.commands.output_names import OutputNames, own_of_record
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.submission import ONE_VIDEO_FAILS, Submission
from human_detector.commands.submit_listing import describe_state
from human_detector.commands.submit_stranded import what_to_do
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.harmless_text import file_name
from human_detector.worker.record import Record, lease_seconds_left, number_of
from human_detector.worker.submitted_records import VideoRecords

POLL_SECONDS = 2.0
FIRST_QUIET_SECONDS = 30.0
LONGEST_QUIET_SECONDS = 600.0
"""As long as nothing changes it says what it waits for, each time after twice as long: to count the workers
it reads the whole table."""
MOST_NAMED = 5
"""Videos that a line names; the others it counts."""


@dataclass(slots=True)
class _Followed:
    """A video on its way.

    Attributes:
        submission: what is known of it.
        name: of its result, without suffix; no other video's.
        record: as it was read last.
    """

    submission: Submission
    name: str
    record: Record | None = None

    @property
    def video_id(self) -> int:
        assert self.submission.video_id is not None
        return self.submission.video_id


class Waiter:
    """Follows videos to their end.

    Args:
        records: of the videos.
        queue: gives the queue, which is asked only while nothing happens.
        storage: has the results.
        folder: where the results go.
        display: shows progress.
        clock: seconds that only go forward.
        sleep: waits for so many seconds.
        now: epoch seconds.
    """

    def __init__(
        self,
        records: VideoRecords,
        queue: Callable[[], JobQueue],
        storage: Storage,
        folder: Path,
        display: ProgressDisplay,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._queue = queue
        self._storage = storage
        self._folder = folder
        self._names = OutputNames(folder)
        self._display = display
        self._clock = clock
        self._sleep = sleep
        self._now = now
        self._empty_since: float | None = None

    def follow(self, submissions: Sequence[Submission], timeout: float | None) -> bool:
        """Wait for the end of all that were sent, and keep what is known of them up to date.

        Args:
            submissions: those that were not sent are passed over.
            timeout: seconds; None for as long as it takes.

        Returns:
            Whether all have ended, well or not.
        """
        sent = [each for each in submissions if each.is_sent]
        everything = [self._follow(each) for each in sent]
        self._display.start(f"VideoId {sent[0].video_id}" if len(sent) == 1 else f"{len(sent)} videos")
        left = everything
        began = self._clock()
        quiet, say_at = FIRST_QUIET_SECONDS, began + FIRST_QUIET_SECONDS
        self._empty_since = None
        while True:
            has_changed = self._look_at(left)
            left = [each for each in left if not self._has_ended(each)]
            now = self._clock()
            if not left:
                return True
            if timeout is not None and now - began >= timeout:
                return False
            if has_changed:
                self._empty_since = None
                quiet, say_at = FIRST_QUIET_SECONDS, now + FIRST_QUIET_SECONDS
            elif now >= say_at:
                left = self._ask_what_it_waits_for(left, quiet)
                quiet = min(2 * quiet, LONGEST_QUIET_SECONDS)
                say_at = now + quiet
            self._show_progress(everything, left)
            self._sleep(POLL_SECONDS if timeout is None else min(POLL_SECONDS, began + timeout - now))

    def _follow(self, submission: Submission) -> _Followed:
        assert submission.video_id is not None
        stem = file_name(PurePosixPath(submission.key).stem)
        return _Followed(submission, self._names.choose(stem, own_of_record(submission.video_id)))

    def _look_at(self, left: Sequence[_Followed]) -> bool:
        """Read the records; whether the state of one has changed."""
        records = self._records.read_many([each.video_id for each in left])
        has_changed = False
        for each in left:
            each.record = records.get(each.video_id)
            state = "gone" if each.record is None else describe_state(each.record, self._now())
            if state != each.submission.state:
                has_changed = True
                each.submission.state = state
                self._display.say(f"VideoId {each.video_id}: {state}")
        return has_changed

    def _has_ended(self, followed: _Followed) -> bool:
        """Whether nothing more will happen to a video; says what went wrong, or fetches the result."""
        record, submission = followed.record, followed.submission
        try:
            match record:
                case None:
                    submission.fail(f"there is no record with VideoId {followed.video_id}")
                case Record(state="error"):
                    submission.fail((record.step or {}).get("error", "no reason given"))
                case Record(state="done"):
                    submission.details = str(self._fetch(record, followed.name))
                case _:
                    return False
        except ONE_VIDEO_FAILS as error:
            submission.fail(f"its result cannot be fetched: {error}")
        if submission.has_failed:
            self._display.say(f"VideoId {followed.video_id}: {submission.details}")
        return True

    def _fetch(self, record: Record, name: str) -> Path:
        match record.step:
            case {"result_file": {"bucket": str(bucket), "key": str(key)}}:
                path = self._folder / f"{name}.json"
                self._storage.fetch(bucket, key, path)
                return path
        raise PermanentError("its record does not say where it is")

    def _show_progress(self, everything: Sequence[_Followed], left: Sequence[_Followed]) -> None:
        held = [each.record.step or {} for each in left if each.record and self._is_held(each)]
        progress = sum(float(number_of(step, "progress")) for step in held)
        if progress:
            ended = len(everything) - len(left)
            self._display.update((ended + progress) / len(everything))

    def _ask_what_it_waits_for(self, left: Sequence[_Followed], seconds: float) -> list[_Followed]:
        """Say what it waits for, unless all are being worked on: their progress shows that.

        Returns:
            What is still waited for: without the videos that nobody will run.
        """
        idle = [each for each in left if not self._is_held(each)]
        if not idle:
            return list(left)
        try:
            depth = self._queue().depth()
            outlook = self._outlook(depth, len(idle))
        except (*ONE_VIDEO_FAILS, ConfigurationError) as error:
            depth, outlook = None, f"what is ahead of it cannot be told: {error}"
        shown = [f"{each.video_id} ({each.submission.state})" for each in idle[:MOST_NAMED]]
        more = f" and {len(idle) - MOST_NAMED} more" if len(idle) > MOST_NAMED else ""
        self._display.say(
            f"no change for {seconds:g} s; waiting for VideoId {', '.join(shown)}{more}; {outlook}"
        )
        if not self._is_known_to_be_empty(depth):
            return list(left)
        for each in idle:
            assert each.record is not None
            each.submission.fail(what_to_do(each.record))
            self._display.say(f"VideoId {each.video_id}: {each.submission.details}")
        return [each for each in left if not each.submission.has_failed]

    def _is_known_to_be_empty(self, depth: QueueDepth | None) -> bool:
        """Whether the queue has held nothing for so long, while nothing changed, that SQS has noticed."""
        if depth is None or depth.total:
            self._empty_since = None
            return False
        self._empty_since = self._clock() if self._empty_since is None else self._empty_since
        return self._clock() - self._empty_since >= COUNT_SETTLED_SECONDS

    def _is_held(self, followed: _Followed) -> bool:
        step = followed.record.step if followed.record else None
        return step is not None and lease_seconds_left(step, self._now()) > 0

    def _outlook(self, depth: QueueDepth, own: int) -> str:
        """What stands between the videos and their analysis: other messages, and who works on them."""
        workers = self._records.count_workers()
        ahead = max(0, depth.waiting - own)
        seen = f"{workers} workers seen" if workers else "no worker seen: is one running?"
        return f"at most {ahead} messages ahead, {depth.in_flight} in flight, {depth.delayed} delayed; {seen}"
