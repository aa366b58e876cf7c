"""The AWS clients. Credentials, profile and endpoint come from boto3's standard chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

LONG_POLL_SECONDS = 20
"""The longest wait that SQS offers."""

# Read timeouts above the long poll, so that a socket which goes silent is given up, and a living one is not.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=LONG_POLL_SECONDS + 10,
    retries={"mode": "standard", "max_attempts": 3},
    user_agent_extra="human-detector",
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
        sqs=session.client("sqs", region_name=region, config=_CONFIG),
        s3=session.client("s3", region_name=region, config=_CONFIG),
        # The client behind the resource takes and gives Python values instead of {"N": "42"}.
        dynamodb=session.resource("dynamodb", region_name=dynamodb_region, config=_CONFIG).meta.client,
    )


def error_code(error: ClientError) -> str:
    """The code of an AWS error, without the prefix that older protocols put before it."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]
