"""Sends videos to a deployed worker, and shows what became of them.

human-detector submit VIDEO... --new-ids [--wait]
human-detector submit --status 42 | --list [STATE] | --retry-errors
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from human_detector.aws.clients import connect
from human_detector.aws.queue import JobQueue
from human_detector.aws.storage import Storage
from human_detector.commands.exit_statuses import (
    EXIT_CONFIGURATION,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_TIMED_OUT,
)
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.submission import Submission, print_submissions
from human_detector.commands.submit_listing import describe_state, print_queue, print_record, print_records
from human_detector.commands.submit_sending import Sender, find_submissions
from human_detector.commands.submit_waiting import Waiter
from human_detector.configuration import Configuration, load_configuration
from human_detector.errors import ConfigurationError, HumanDetectorError, PermanentError
from human_detector.validation import Number, option
from human_detector.worker.messages import is_video_id
from human_detector.worker.record import Record
from human_detector.worker.submitted_records import VideoRecords

STATES = ("waiting", "running", "interrupted", "done", "error")
NAME = "human-detector submit"
GOES_ON = "what was submitted goes on, --list shows it"

EPILOG = f"""\
For example, all videos of a folder, with their results in results/:

  human-detector submit recordings/ --new-ids --wait --output results

Exit status: 0 all is well, 1 a video could not be sent or failed, 2 the set-up is wrong, {EXIT_TIMED_OUT} the
time of --timeout is over, {EXIT_INTERRUPTED} stopped.
"""


class Submit:
    """Does what the command line asks for.

    Args:
        options: of the command line.
        configuration: the worker's.
        submissions: gets the videos that are dealt with, so that they are known whatever ends it.
        display: shows progress.
        clock: seconds that only go forward.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        configuration: Configuration,
        submissions: list[Submission],
        display: ProgressDisplay,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._options = options
        self._configuration = configuration
        self._submissions = submissions
        self._display = display
        self._clock = clock
        self._sleep = sleep
        self._clients = connect(configuration.aws_region, configuration.dynamodb_region)
        self._records = VideoRecords(self._clients.dynamodb, configuration.table)

    def run(self) -> int:
        """Do it; returns the exit status."""
        if self._options.list is not None:
            return self._list(self._options.list)
        if self._options.status is not None and not self._options.wait:
            return self._show(self._options.status)
        self._submit()
        if self._options.wait and not self._follow():
            self._display.say(f"{NAME}: the {self._options.timeout:g} s of --timeout are over; {GOES_ON}")
            return EXIT_TIMED_OUT
        return EXIT_FAILED if any(each.has_failed for each in self._submissions) else 0

    def _submit(self) -> None:
        """Send what is asked for."""
        if self._options.status is not None:
            self._submissions.append(_submitted_before(self._read(self._options.status)))
            return
        if self._options.retry_errors:
            self._submissions.extend(self._sender().send_errors_again())
            return
        found = find_submissions(self._options.videos, self._display.say)
        if self._options.video_id is not None and len(found) > 1:
            raise ConfigurationError(
                f"--video-id names the record of one video: found {len(found)}, valid is --new-ids"
            )
        sender = self._sender()
        for submission in found:
            self._submissions.append(submission)
            if not submission.has_failed:
                sender.send(submission, self._options.video_id, force=self._options.force)

    def _follow(self) -> bool:
        waiter = Waiter(
            self._records,
            self._queue,
            Storage(self._clients.s3),
            self._options.output,
            self._display,
            clock=self._clock,
            sleep=self._sleep,
        )
        return waiter.follow(self._submissions, self._options.timeout)

    def _list(self, state: str) -> int:
        queue = self._queue()
        depth = queue.depth()
        print_queue(self._configuration.queue_name, queue, depth)
        print_records(
            (record for record in self._records.all() if state in ("", record.state)),
            now=time.time(),
            has_messages=depth.total > 0,
        )
        return 0

    def _show(self, video_id: int) -> int:
        record = self._read(video_id)
        print_record(record)
        state = describe_state(record, time.time())
        if state != record.state:
            self._display.say(f"VideoId {video_id}: {state}")
        return EXIT_FAILED if record.state == "error" else 0

    def _read(self, video_id: int) -> Record:
        record = self._records.read(video_id)
        if record is None:
            raise PermanentError(f"there is no record with VideoId {video_id}")
        return record

    def _sender(self) -> Sender:
        return Sender(self._configuration, self._clients, self._records, self._display)

    def _queue(self) -> JobQueue:
        return JobQueue(self._clients.sqs, self._configuration.queue_name)


def _submitted_before(record: Record) -> Submission:
    bucket, key = record.source or ("", "")
    video = f"s3://{bucket}/{key}" if key else "-"
    return Submission(video, record.video_id, key or str(record.video_id), state="submitted", details=video)


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--output: found {output}, valid is a folder: {error.strerror}") from error


def main(
    arguments: Sequence[str],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Entry point; returns the exit status.

    Args:
        arguments: of the command line.
        clock: seconds that only go forward.
        sleep: waits for so many seconds.
    """
    options = _parse(arguments)
    display = ProgressDisplay(sys.stderr)
    submissions: list[Submission] = []
    try:
        if options.wait:
            _make_folder(options.output)
        submit = Submit(options, load_configuration(options.config), submissions, display, clock, sleep)
        status = submit.run()
    except ConfigurationError as error:
        for sentence in error.problems:
            display.say(f"{NAME}: {sentence}")
        status = EXIT_CONFIGURATION
    except (HumanDetectorError, ClientError, BotoCoreError, Boto3Error) as error:
        display.say(f"{NAME}: {error}")
        status = EXIT_FAILED
    except KeyboardInterrupt:
        display.say(f"{NAME}: stopped; {GOES_ON}")
        status = EXIT_INTERRUPTED
    # Whatever has ended it: what was sent is sent.
    if submissions:
        print_submissions(submissions)
    return status


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=NAME,
        description="Send videos to a deployed worker, and show what became of them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "videos", nargs="*", metavar="VIDEO", help="a file, a folder, a pattern, or s3://bucket/key"
    )
    video_id = option(int, _why_no_video_id)
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--video-id", type=video_id, metavar="N", help="key of the record of a single video")
    key.add_argument(
        "--new-ids", action="store_true", help="make a record for each, with a number that none has"
    )
    parser.add_argument("--force", action="store_true", help="run it again if it is done")
    parser.add_argument("--wait", action="store_true", help="follow them to their end and fetch the results")
    parser.add_argument(
        "--timeout",
        type=option(float, Number(0, 999_999)),
        metavar="SECONDS",
        help="of --wait (default: as long as it takes)",
    )
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="where --wait puts them (default: here)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the worker's configuration (default: variables.json)"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--status", type=video_id, metavar="N", help="show the step of a record")
    instead.add_argument(
        "--list",
        nargs="?",
        const="",
        choices=["", *STATES],
        metavar="STATE",
        help=f"show the queue and all records, or those in one state: {', '.join(STATES)}",
    )
    instead.add_argument(
        "--retry-errors", action="store_true", help="send every video again that failed or is stranded"
    )
    options = parser.parse_args(arguments)
    others = options.status is not None or options.list is not None or options.retry_errors
    if bool(options.videos) == others:
        parser.error("valid is VIDEO, or one of --status, --list and --retry-errors")
    if options.videos and options.video_id is None and not options.new_ids:
        parser.error("VIDEO needs --new-ids, or --video-id N if it is one")
    if options.wait and options.list is not None:
        parser.error("--list does not wait: valid with --wait is VIDEO, --status or --retry-errors")
    if options.timeout is not None and not options.wait:
        parser.error("--timeout is how long --wait waits: valid is both or neither")
    return options


def _why_no_video_id(value: object) -> str | None:
    return None if is_video_id(value) else "a whole number of at most 38 digits"
