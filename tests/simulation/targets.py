"""What the contract tests run against, under one face: the simulation and the emulators."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from human_detector.aws.clients import AwsClients
from human_detector.aws.error_codes import error_code
from simulation.faults import FINE, Fault, Request
from simulation.world import World
from support.worker_harness import REGION

SIMULATED = "simulated"


@dataclass
class Target:
    """SQS, S3 and DynamoDB, wherever they are.

    Attributes:
        clients: of boto3, or like them.
        wait: lets so many seconds pass.
        now: epoch seconds there.
        before_s3: told of each request to S3 before it is sent, by its name, such as `HeadObject`.
    """

    clients: AwsClients
    wait: Callable[[float], None]
    now: Callable[[], float]
    before_s3: Callable[[str], object] = lambda _: None

    def queue(self, **attributes: str) -> str:
        """The address of a new queue."""
        name = f"queue-{uuid.uuid4().hex[:12]}"
        url: str = self.clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def queue_with_dead_letters(self, max_receive_count: int) -> tuple[str, str]:
        """The addresses of a new queue and of its dead-letter queue."""
        dead = self.queue()
        got = self.clients.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        policy = {"deadLetterTargetArn": got["Attributes"]["QueueArn"], "maxReceiveCount": max_receive_count}
        return self.queue(RedrivePolicy=json.dumps(policy)), dead

    def bucket(self) -> str:
        """The name of a new bucket."""
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.clients.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def table(self) -> str:
        """The name of a new table with the key `VideoId`."""
        name = f"table-{uuid.uuid4().hex[:12]}"
        self.clients.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "VideoId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "VideoId", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name


def simulated() -> Target:
    """A simulated world of its own."""
    world = World()
    target = Target(world.clients("the test"), world.clock.wait, world.clock.now)

    def decide(request: Request) -> Fault:
        if request.service == "s3":
            target.before_s3("".join(part.capitalize() for part in request.operation.split("_")))
        return FINE

    world.network.decide = decide
    return target


def emulated(endpoint: str) -> Target:
    """An emulator, with the clients of boto3."""
    options = {
        "region_name": REGION,
        "endpoint_url": endpoint,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "config": Config(retries={"total_max_attempts": 1}),
    }
    clients = AwsClients(
        sqs=boto3.client("sqs", **options),
        s3=boto3.client("s3", **options),
        dynamodb=boto3.resource("dynamodb", **options).meta.client,
    )
    target = Target(clients, time.sleep, time.time)
    clients.s3.meta.events.register("before-call.s3", lambda model, **_: target.before_s3(model.name))
    return target


@contextmanager
def refused(code: str) -> Iterator[None]:
    """A block that AWS refuses with that code."""
    found = "nothing"
    try:
        yield
    except ClientError as error:
        found = error_code(error)
    assert found == code, f"AWS refuses this with {code}, here it is refused with {found}"
