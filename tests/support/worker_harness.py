"""What the worker meets in real life, for tests: its AWS resources, and the worker as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3

from support.paths import python_path

REGION = "eu-west-1"
WAIT_SECONDS = 180
"""How long to wait for what must come: so long that only a defect, and no busy machine, is given up on."""
MAX_RECEIVE_COUNT = 3

INSTANT = ["support.fake_detectors:InstantDetector", {}]
"""A detector that needs no model, for tests of everything around it."""

STOP_SECONDS = 30
"""How long a container may take to stop before it is killed (stopTimeout in human_detector_taskdef.json)."""


def slow(seconds: float) -> list[Any]:
    """A detector that takes so long for a batch of 5 frames."""
    return ["support.fake_detectors:SlowDetector", {"seconds": seconds, "name": "D"}]


def detection(*detectors: list[Any], frame_ratio: float = 1) -> dict[str, Any]:
    """The section `human_detection`, with every frame analysed."""
    return {"detectors": list(detectors), "frame_ratio": frame_ratio}


class Aws:
    """A queue with its dead-letter queue, a bucket and a table, with names of their own.

    Args:
        endpoint: address of the emulator; the environment must have what `environment` gives.
        dead_letters: whether the queue has a dead-letter queue.
        max_receive_count: deliveries before a message goes there.
    """

    @staticmethod
    def environment(endpoint: str) -> dict[str, str]:
        """What a process needs in its environment to use the emulator."""
        return {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @staticmethod
    def table_client(endpoint: str, name: str) -> Any:
        """A table, reached through an address."""
        return boto3.resource("dynamodb", **_client_options(endpoint)).Table(name)

    def __init__(
        self, endpoint: str, dead_letters: bool = True, max_receive_count: int = MAX_RECEIVE_COUNT
    ) -> None:
        self.endpoint = endpoint
        self.max_receive_count = max_receive_count
        suffix = uuid.uuid4().hex[:12]
        self.queue, self.bucket, self.table_name = f"queue-{suffix}", f"bucket-{suffix}", f"table-{suffix}"
        options = _client_options(endpoint)
        self.sqs = boto3.client("sqs", **options)
        self.s3 = boto3.client("s3", **options)
        self.table = self.table_client(endpoint, self.table_name)
        self.dead_letter_url = self.sqs.create_queue(QueueName=f"{self.queue}-dead")["QueueUrl"]
        attributes = {}
        if dead_letters:
            got = self.sqs.get_queue_attributes(QueueUrl=self.dead_letter_url, AttributeNames=["QueueArn"])
            arn = got["Attributes"]["QueueArn"]
            redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": max_receive_count}
            attributes["RedrivePolicy"] = json.dumps(redrive)
        self.queue_url = self.sqs.create_queue(QueueName=self.queue, Attributes=attributes)["QueueUrl"]
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.table.meta.client.create_table(
            TableName=self.table_name,
            KeySchema=[{"AttributeName": "VideoId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "VideoId", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def variables(self, **changes: Any) -> dict[str, Any]:
        """A configuration for these resources; `changes` replace whole sections."""
        return {
            "aws_region": REGION,
            "video_split": {"output_bucket": self.bucket},
            "aws_queues": {"human_detection": self.queue},
            "human_detection": {"detectors": [INSTANT], "frame_ratio": 1},
            "dynamodb": {"region": REGION, "table_id": self.table_name},
            **changes,
        }

    def submit(self, video_id: int, content: bytes | Path, key: str | None = None, **message: Any) -> str:
        """Store a video, make its record and send its message; returns its key."""
        key = key or f"videos/{video_id}.mp4"
        body = content.read_bytes() if isinstance(content, Path) else content
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.put_record(video_id)
        self.send({"VideoId": video_id, "key": key, **message})
        return key

    def put_record(self, video_id: int, *steps: dict[str, Any], **attributes: Any) -> None:
        """Make a record with these steps."""
        self.table.put_item(Item={"VideoId": video_id, "process_steps": list(steps), **attributes})

    def record(self, video_id: int) -> dict[str, Any] | None:
        """A record as it stands."""
        item: dict[str, Any] | None = self.table.get_item(Key={"VideoId": video_id}, ConsistentRead=True).get(
            "Item"
        )
        return item

    def step(self, video_id: int) -> dict[str, Any]:
        """The worker's step of a record; empty if there is none."""
        steps = (self.record(video_id) or {}).get("process_steps", [])
        return next((step for step in steps if step.get("step") == "human_detector"), {})

    def send(self, body: Any) -> None:
        """Send a message; anything but a text is made JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=text)

    def result(self, video_id: int) -> dict[str, Any]:
        """The result file that a record names."""
        place = self.step(video_id)["result_file"]
        body = self.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        document: dict[str, Any] = json.loads(body)
        return document

    def keys(self, prefix: str = "human_detector/") -> list[str]:
        """The objects under a prefix."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def partials(self) -> list[str]:
        """The partial results."""
        return self.keys("human_detector_partial/")

    def counts(self, url: str | None = None) -> tuple[int, int]:
        """How many messages of the queue are visible, and how many hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        got = self.sqs.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)
        return int(got["Attributes"][names[0]]), int(got["Attributes"][names[1]])

    def delayed(self) -> int:
        """How many messages of the queue were sent, and are not yet to be received."""
        name = "ApproximateNumberOfMessagesDelayed"
        got = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=[name])
        return int(got["Attributes"][name])

    def dead_letters(self) -> list[dict[str, Any]]:
        """The messages of the dead-letter queue."""
        found: list[dict[str, Any]] = []
        while True:
            got = self.sqs.receive_message(
                QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not got.get("Messages"):
                return found
            found += got["Messages"]


def _client_options(endpoint: str) -> dict[str, Any]:
    return {
        "region_name": REGION,
        "endpoint_url": endpoint,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


class WorkerProcess:
    """The worker as its users start it.

    Args:
        variables: its configuration.
        folder: for the configuration, the log and its temporary files.
        arguments: of the command line.
        waiting_times: instead of those of aws/waiting_times.py, where its own would be waited for in vain.
        program: instead of the worker, the module that is it and the first of its arguments.
        environment: added to this process's.
    """

    def __init__(
        self,
        variables: dict[str, Any],
        folder: Path,
        *arguments: str,
        waiting_times: dict[str, float] | None = None,
        program: Sequence[str] = ("human_detector", "worker"),
        **environment: str,
    ) -> None:
        name = uuid.uuid4().hex[:8]
        self.scratch = folder / f"scratch-{name}"
        self.scratch.mkdir(parents=True)
        self.log_path = folder / f"worker-{name}.log"
        path = folder / f"variables-{name}.json"
        path.write_text(json.dumps(variables))
        if waiting_times:
            program = ["support.hasty_worker", json.dumps(waiting_times)]
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *program, *arguments],
                env={
                    **os.environ,
                    "VARIABLES_JSON": str(path),
                    "PYTHONPATH": python_path(),
                    "TMPDIR": str(self.scratch),
                    **environment,
                },
                stderr=log,
                stdout=log,
                # A group of its own, so that a test can signal the group as a container's stop does.
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.log_path.read_text()

    @property
    def leftovers(self) -> list[str]:
        """What it has left in its scratch folder, but for the file that says that it is healthy."""
        return [path.name for path in self.scratch.iterdir() if path.suffix != ".health"]

    def wait(self, timeout: float = WAIT_SECONDS) -> int:
        """Wait for its end; returns its exit status."""
        return self.process.wait(timeout)

    def wait_for_log(self, text: str, timeout: float = WAIT_SECONDS) -> None:
        """Wait until it has logged a text."""
        wait_until(lambda: text in self.log, timeout, lambda: f"{text!r} in the log:\n{self.log}")

    def analysis_pid(self) -> int:
        """The process id of its analysis process, from the log."""
        self.wait_for_log("is ready after")
        return int(self.log.split("analysis process ")[-1].split()[0])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the worker alone."""
        self.process.send_signal(number)

    def kill_group(self) -> None:
        """End it and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def folder_for_detectors(folder: Path) -> Path:
    """Where a detector may keep files: the analysis cannot make any in folders on the way to the videos."""
    kept = folder / "of detectors"
    kept.mkdir(exist_ok=True)
    return kept


@contextmanager
def worker(
    variables: dict[str, Any],
    folder: Path,
    *arguments: str,
    waiting_times: dict[str, float] | None = None,
    **environment: str,
) -> Iterator[WorkerProcess]:
    """A running worker that is gone after the block."""
    running = WorkerProcess(variables, folder, *arguments, waiting_times=waiting_times, **environment)
    try:
        yield running
    finally:
        running.kill_group()


def run_worker(variables: dict[str, Any], folder: Path, **environment: str) -> WorkerProcess:
    """Run a worker until the queue has been empty for a second."""
    with worker(variables, folder, "--exit-when-idle", "1", **environment) as running:
        running.wait()
    return running


def wait_until(
    condition: Callable[[], Any],
    timeout: float = WAIT_SECONDS,
    what: Callable[[], str] = lambda: "the condition",
) -> Any:
    """Poll until a condition holds; returns what it returned.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what()}")
