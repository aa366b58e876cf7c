"""The AWS clients. Credentials, profile and endpoint come from boto3's standard chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

LONG_POLL_SECONDS = 20
"""The longest wait that SQS offers."""

HOPELESS_CODES = {
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "AccessDeniedException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
}
"""Answers of SQS that stay the same however often one asks."""

# A silent socket must not keep a thread for longer than health.py expects.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="human-detector",
)
_SQS_CONFIG = _CONFIG.merge(
    Config(
        # Above the long poll, so that a socket which goes silent is given up, and a living one is not.
        read_timeout=LONG_POLL_SECONDS + 10,
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


def connect(region: str, dynamodb_region: str) -> AwsClients:
    """Make the clients; nothing is sent yet.

    Args:
        region: region of the queue and of the buckets.
        dynamodb_region: region of the table.
    """
    session = boto3.Session()
    return AwsClients(
        sqs=session.client("sqs", region_name=region, config=_SQS_CONFIG),
        s3=session.client("s3", region_name=region, config=_CONFIG),
        # The client behind the resource takes and gives Python values instead of {"N": "42"}.
        dynamodb=session.resource("dynamodb", region_name=dynamodb_region, config=_CONFIG).meta.client,
    )


def is_hopeless(error: Exception) -> bool:
    """Whether no waiting heals an error of the queue: it does not exist, or we may not use it."""
    if isinstance(error, ClientError):
        return error_code(error) in HOPELESS_CODES
    return isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound | NoRegionError)


def error_code(error: ClientError) -> str:
    """The code of an AWS error, without the prefix that older protocols put before it."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]
