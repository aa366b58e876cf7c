"""Sends videos to the worker: each is put into S3, gets its record, and then its message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.aws.clients import AwsClients
from human_detector.aws.queue import JobQueue
from human_detector.aws.s3_keys import VALID_KEY, is_key, upload_key
from human_detector.aws.storage import Storage
from human_detector.commands.analyze_outcomes import describe_skipped
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.submission import ONE_VIDEO_FAILS, Submission
from human_detector.commands.submit_listing import describe_state
from human_detector.commands.submit_stranded import needs_a_message
from human_detector.commands.videos import videos
from human_detector.configuration import Configuration
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.video.find_videos import find_videos
from human_detector.worker.record import Record
from human_detector.worker.submitted_records import VideoRecords

S3 = "s3://"


def find_submissions(places: Sequence[str], say: Callable[[str], None]) -> list[Submission]:
    """The videos that are to be sent, each once; places that give none have failed already.

    Args:
        places: files, folders, patterns, and `s3://bucket/key` for what is in S3 already.
        say: tells which files of a folder are left out, and why.

    Raises:
        ConfigurationError: there are none.
    """
    local = find_videos((place for place in places if not place.startswith(S3)), videos().why_no_video)
    there = dict.fromkeys(place for place in places if place.startswith(S3))
    for line in describe_skipped(local.skipped):
        say(line)
    found = [Submission(video) for video in [*map(str, local.videos), *there]]
    if not found:
        raise ConfigurationError(f"there is no video in {', '.join(places)}")
    refused = [Submission(str(place)) for place, _ in local.refused]
    for submission, (_, reason) in zip(refused, local.refused, strict=True):
        submission.fail(reason)
        say(f"{submission.video}: not sent: {reason}")
    return found + refused


class Sender:
    """Sends one video after another. What one fails of does not stop the others.

    Args:
        configuration: the worker's.
        clients: of AWS.
        records: of the videos.
        display: shows progress.

    Raises:
        ConfigurationError: the queue cannot be used. A misspelt one is to leave nothing behind.
    """

    def __init__(
        self,
        configuration: Configuration,
        clients: AwsClients,
        records: VideoRecords,
        display: ProgressDisplay,
    ) -> None:
        self._bucket = configuration.output_bucket
        self._sqs = clients.sqs
        self._queue = JobQueue(clients.sqs, configuration.queue_name)
        self._storage = Storage(clients.s3)
        self._records = records
        self._display = display

    def send(self, submission: Submission, video_id: int | None, *, force: bool) -> None:
        """Send one video, or take note of why not.

        Args:
            submission: names the video.
            video_id: key of the record, which is made if there is none; None for a new one with a new number.
            force: also if the video is done.
        """
        try:
            if video_id is None:
                self._send_with_new_id(submission, force)
            else:
                self._send_as(submission, video_id, force)
        except ONE_VIDEO_FAILS as error:
            submission.fail(error)
            self._display.say(f"{submission.video}: not sent: {error}")

    def send_errors_again(self) -> Iterator[Submission]:
        """Send every video again whose step is an error, or that is stranded; gives each of them."""
        messages = self._queue.depth().total
        left = 0
        for record in self._records.all():
            stranded = needs_a_message(record, time.time())
            if stranded and messages:
                left += 1
            elif stranded or record.state == "error":
                submission = Submission("-", record.video_id)
                try:
                    self._send_again(submission, record)
                except ONE_VIDEO_FAILS as error:
                    submission.fail(error)
                yield submission
        if left:
            self._display.say(
                f"not sent again: {left} videos that no worker is at, because the queue holds {messages} "
                "messages, and theirs may be among them"
            )

    def _send_as(self, submission: Submission, video_id: int, force: bool) -> None:
        submission.video_id = video_id
        bucket, key = self._place(submission.video)(video_id)
        record = self._records.read(video_id)
        if record is not None and record.state == "done" and not force:
            raise PermanentError(f"the record {video_id} is done already: --force runs it again")
        with self._records.marked_again(video_id):
            # Before the upload: where S3 tells the queue of new objects, a worker looks for it at once.
            self._records.add_source(video_id, bucket, key)
            self._upload_and_tell(submission, video_id, bucket, key, force)

    def _send_with_new_id(self, submission: Submission, force: bool) -> None:
        place = self._place(submission.video)
        with self._records.new_record(place) as video_id:
            self._upload_and_tell(submission, video_id, *place(video_id), force)

    def _upload_and_tell(
        self, submission: Submission, video_id: int, bucket: str, key: str, force: bool
    ) -> None:
        if not submission.video.startswith(S3):
            self._upload(Path(submission.video), bucket, key, video_id)
        self._tell({"VideoId": video_id, "bucket": bucket, "key": key, "force": force})
        self._note(submission, video_id, bucket, key)
        self._display.say(f"submitted {submission.details} as VideoId {video_id}")

    def _send_again(self, submission: Submission, record: Record) -> None:
        if record.source is None:
            raise PermanentError("its record does not say where the video is; submit it anew")
        submission.video = f"{S3}{'/'.join(record.source)}"
        with self._records.marked_again(record.video_id):
            self._tell({"VideoId": record.video_id})
        self._note(submission, record.video_id, *record.source)
        why = describe_state(record, time.time(), has_messages=False)
        self._display.say(f"VideoId {record.video_id}: sent again; it was: {why}")

    def _note(self, submission: Submission, video_id: int, bucket: str, key: str) -> None:
        submission.video_id, submission.key = video_id, key
        submission.state, submission.details = "submitted", f"{S3}{bucket}/{key}"

    def _place(self, video: str) -> Callable[[int], tuple[str, str]]:
        """Bucket and key of a video, in S3 now or soon, given the key of its record."""
        if not video.startswith(S3):
            if not is_key(upload_key(0, Path(video).name)):
                raise PermanentError("its name is no text, which the key of an object must be: rename it")
            return lambda video_id: (self._bucket, upload_key(video_id, Path(video).name))
        # No URL: a key may have "#" and "?" in it.
        bucket, _, key = video.removeprefix(S3).partition("/")
        if not is_key(bucket) or not is_key(key):
            raise PermanentError(f"found {video}, valid is {S3}bucket/key, the key {VALID_KEY}")
        self._storage.find(bucket, key)
        return lambda _: (bucket, key)

    def _upload(self, video: Path, bucket: str, key: str, video_id: int) -> None:
        size = video.stat().st_size
        sent = 0

        def count(new_bytes: int) -> None:
            nonlocal sent
            sent += new_bytes
            self._display.update(sent / max(size, 1))

        self._display.start(f"uploading {video.name}")
        # The metadata is for S3's own notification, if the bucket sends one.
        self._storage.upload_video(video, bucket, key, {"videoid": str(video_id)}, count)

    def _tell(self, message: Mapping[str, Any]) -> None:
        self._sqs.send_message(QueueUrl=self._queue.url, MessageBody=json.dumps(message))
