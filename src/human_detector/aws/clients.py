"""The AWS clients. Credentials, profile and endpoint come from boto3's standard chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from human_detector.aws.storage import TRANSFER_THREADS
from human_detector.aws.waiting_times import (
    CONNECT_TIMEOUT_SECONDS,
    LONG_POLL_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
)

THREADS_PER_JOB = 2
"""What asks SQS and DynamoDB at the same time for a job: the thread that deals with it, and its heartbeat."""

_CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT_SECONDS,
    read_timeout=READ_TIMEOUT_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="human-detector",
)
_SQS_CONFIG = _CONFIG.merge(
    Config(
        read_timeout=LONG_POLL_TIMEOUT_SECONDS,
        # The polling loop repeats by itself.
        retries={"mode": "standard", "total_max_attempts": 1},
    )
)


@dataclass(frozen=True)
class AwsClients:
    """The three services that a job touches. Clients may be used from several threads."""

    sqs: Any
    s3: Any
    dynamodb: Any


def connect(region: str, dynamodb_region: str, *, jobs: int = 1) -> AwsClients:
    """Make the clients; nothing is sent yet.

    A client keeps as many connections open as can be in use at the same time: it would close one that is left
    over after each request, and say so in the log.

    Args:
        region: region of the queue and of the buckets.
        dynamodb_region: region of the table.
        jobs: how many videos are dealt with at the same time.
    """
    session = boto3.Session()
    requests = Config(max_pool_connections=jobs * THREADS_PER_JOB)
    # A job has one transfer at a time, and asks S3 nothing else meanwhile.
    transfers = Config(max_pool_connections=jobs * TRANSFER_THREADS)
    return AwsClients(
        sqs=session.client("sqs", region_name=region, config=_SQS_CONFIG.merge(requests)),
        s3=session.client("s3", region_name=region, config=_CONFIG.merge(transfers)),
        # The client behind the resource takes and gives Python values instead of {"N": "42"}.
        dynamodb=session.resource(
            "dynamodb", region_name=dynamodb_region, config=_CONFIG.merge(requests)
        ).meta.client,
    )
