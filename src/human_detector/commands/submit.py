"""Sends a video to a deployed worker, and shows what became of it.

human-detector submit VIDEO --video-id 42 [--wait]
human-detector submit --status 42 | --list [STATE] | --retry-errors
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.clients import AwsClients, connect
from human_detector.aws.queue import JobQueue
from human_detector.aws.storage import Storage
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.configuration import Configuration, load_configuration
from human_detector.errors import ConfigurationError, HumanDetectorError, PermanentError
from human_detector.worker.messages import is_video_id
from human_detector.worker.record import Element, Record
from human_detector.worker.submitted_records import VideoRecords

POLL_SECONDS = 2.0
STATES = ("waiting", "running", "interrupted", "done", "error")
EXIT_FAILED, EXIT_CONFIGURATION, EXIT_INTERRUPTED = 1, 2, 130


class Submitter:
    """Does what the command line asks for.

    Args:
        configuration: the worker's.
        clients: of AWS.
        display: shows progress.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        configuration: Configuration,
        clients: AwsClients,
        display: ProgressDisplay,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket = configuration.output_bucket
        self._queue_name = configuration.queue_name
        self._clients = clients
        self._display = display
        self._sleep = sleep
        self._records = VideoRecords(clients.dynamodb, configuration.table)

    def submit(self, video: str, video_id: int, *, force: bool) -> None:
        """Upload a video, write its record and send its message.

        Args:
            video: a local file, or `s3://bucket/key` for one that is there already.
            video_id: key of the record, which is made if there is none.
            force: also if the video is done.

        Raises:
            PermanentError: there is no such video, it is done already, or a worker is at it.
        """
        # First of all, so that a misspelt queue leaves nothing behind.
        queue = JobQueue(self._clients.sqs, self._queue_name)
        bucket, key = self._place(video, video_id)
        record = self._records.read(video_id)
        if record is not None and record.state == "done" and not force:
            raise PermanentError(f"the record {video_id} is done already: --force runs it again")
        with self._records.marked_again(video_id):
            # Before the upload: where S3 tells the queue of new objects, a worker looks for it at once.
            self._records.add_source(video_id, bucket, key)
            if not video.startswith("s3://"):
                self._upload(Path(video), bucket, key, video_id)
            self._send(queue, {"VideoId": video_id, "bucket": bucket, "key": key, "force": force})
        self._display.say(f"submitted s3://{bucket}/{key} as VideoId {video_id}")

    def wait(self, video_id: int, folder: Path) -> int:
        """Follow a video to its end, and fetch its result; returns the exit status.

        Args:
            video_id: key of the record.
            folder: where the result goes.
        """
        self._display.start(f"VideoId {video_id}")
        state = ""
        while True:
            record = self._read(video_id)
            if record.state != state:
                state = record.state
                self._display.say(f"VideoId {video_id}: {state}")
            step = record.step or {}
            if state == "error":
                self._display.say(f"VideoId {video_id}: {step.get('error', 'no reason given')}")
                return EXIT_FAILED
            if state == "done":
                self._fetch(step, folder)
                return 0
            if state == "running":
                self._display.update(float(step.get("progress", 0)))
            self._sleep(POLL_SECONDS)

    def status(self, video_id: int) -> int:
        """Print the worker's step of a record; returns the exit status."""
        record = self._read(video_id)
        print(json.dumps(record.step or {"state": record.state}, default=_plain_number, indent=1))
        return EXIT_FAILED if record.state == "error" else 0

    def show_all(self, state: str | None) -> int:
        """Print a line for each record, or for those in one state; returns the exit status."""
        records = sorted(self._records.all(), key=lambda record: record.video_id)
        print(table(record for record in records if state in (None, record.state)))
        return 0

    def retry_errors(self) -> int:
        """Send every video again whose step is an error; returns the exit status."""
        queue = JobQueue(self._clients.sqs, self._queue_name)
        status = 0
        for record in self._records.all():
            if record.state != "error":
                continue
            if record.source is None:
                print(
                    f"VideoId {record.video_id}: its record does not say where the video is; submit it anew"
                )
                status = EXIT_FAILED
                continue
            with self._records.marked_again(record.video_id):
                self._send(queue, {"VideoId": record.video_id})
            print(f"VideoId {record.video_id}: sent again")
        return status

    def _place(self, video: str, video_id: int) -> tuple[str, str]:
        """Bucket and key of a video, in S3 now or soon."""
        if video.startswith("s3://"):
            # No URL: a key may have "#" and "?" in it.
            bucket, _, key = video.removeprefix("s3://").partition("/")
            found = Storage(self._clients.s3).find(bucket, key)
            return found.bucket, found.key
        if not Path(video).is_file():
            raise PermanentError(f"there is no file {video}")
        return self._bucket, f"videos/{video_id}/{Path(video).name}"

    def _upload(self, video: Path, bucket: str, key: str, video_id: int) -> None:
        size = video.stat().st_size
        sent = 0

        def count(new_bytes: int) -> None:
            nonlocal sent
            sent += new_bytes
            self._display.update(sent / max(size, 1))

        self._display.start(f"uploading {video.name}")
        # The metadata is for S3's own notification, if the bucket sends one.
        extra = {"Metadata": {"videoid": str(video_id)}}
        self._clients.s3.upload_file(str(video), bucket, key, ExtraArgs=extra, Callback=count)

    def _send(self, queue: JobQueue, message: Mapping[str, Any]) -> None:
        self._clients.sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps(message))

    def _read(self, video_id: int) -> Record:
        record = self._records.read(video_id)
        if record is None:
            raise PermanentError(f"there is no record with VideoId {video_id}")
        return record

    def _fetch(self, step: Element, folder: Path) -> None:
        where = step["result_file"]
        path = folder / PurePosixPath(where["key"]).name
        folder.mkdir(parents=True, exist_ok=True)
        Storage(self._clients.s3).fetch(where["bucket"], where["key"], path)
        print(path)


def table(records: Iterable[Record]) -> str:
    """Records as lines of text, with what is worth knowing of each."""
    lines = [f"{'VIDEO ID':>10}  {'STATE':<11}  {'PROGRESS':>8}  DETAILS"]
    for record in records:
        step = record.step or {}
        progress = f"{100 * float(step['progress']):.0f} %" if "progress" in step else "-"
        lines.append(f"{record.video_id:>10}  {record.state:<11}  {progress:>8}  {_details(step)}".rstrip())
    return "\n".join(lines)


def _details(step: Element) -> str:
    match step:
        case {"result_file": {"bucket": bucket, "key": key}}:
            return f"s3://{bucket}/{key}"
        case {"error": error}:
            return str(error)
        case {"started_at": started, "attempt": attempt}:
            return f"attempt {attempt}, started {started}"
    return str(step.get("reason", ""))


def _plain_number(value: Any) -> int | float:
    """DynamoDB's numbers are Decimals."""
    return int(value) if value == int(value) else float(value)


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    display = ProgressDisplay(sys.stderr)
    try:
        configuration = load_configuration(options.config)
        clients = connect(configuration.aws_region, configuration.dynamodb_region)
        return _run(Submitter(configuration, clients, display), options)
    except ConfigurationError as error:
        for sentence in error.problems:
            display.say(f"human-detector submit: {sentence}")
        return EXIT_CONFIGURATION
    except (HumanDetectorError, ClientError, BotoCoreError, S3UploadFailedError) as error:
        display.say(f"human-detector submit: {error}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        display.say("human-detector submit: stopped; what was submitted goes on, --status shows it")
        return EXIT_INTERRUPTED


def _run(submitter: Submitter, options: argparse.Namespace) -> int:
    if options.list is not None:
        return submitter.show_all(options.list or None)
    if options.retry_errors:
        return submitter.retry_errors()
    video_id = options.status
    if options.video is not None:
        video_id = options.video_id
        submitter.submit(options.video, video_id, force=options.force)
    if options.wait:
        return submitter.wait(video_id, options.output)
    return submitter.status(video_id) if options.status is not None else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector submit",
        description="Send a video to a deployed worker, and show what became of it.",
    )
    parser.add_argument("video", nargs="?", metavar="VIDEO", help="a local file, or s3://bucket/key")
    parser.add_argument("--video-id", type=_video_id, metavar="N", help="key of its record")
    parser.add_argument("--force", action="store_true", help="run it again if it is done")
    parser.add_argument("--wait", action="store_true", help="follow it to its end and fetch the result")
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="where --wait puts it (default: here)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the worker's configuration (default: variables.json)"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--status", type=_video_id, metavar="N", help="show the step of a record")
    instead.add_argument(
        "--list",
        nargs="?",
        const="",
        choices=["", *STATES],
        metavar="STATE",
        help="show all records, or some",
    )
    instead.add_argument("--retry-errors", action="store_true", help="send every video again that failed")
    options = parser.parse_args(arguments)
    others = options.status is not None or options.list is not None or options.retry_errors
    if (options.video is None) != others:
        parser.error("valid is VIDEO, or one of --status, --list and --retry-errors")
    if options.video is not None and options.video_id is None:
        parser.error("VIDEO needs --video-id")
    return options


def _video_id(text: str) -> int:
    number = int(text)
    if not is_video_id(number):
        raise ValueError(text)
    return number
