"""What the error codes of AWS mean, and which of them no waiting heals."""

from __future__ import annotations

from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

CONDITION_FAILED = "ConditionalCheckFailedException"
"""DynamoDB: the condition of a write did not hold, and nothing was written."""

HOPELESS_CODES = {
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "AccessDeniedException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
}
"""SQS: answers that stay the same however often one asks."""

LOST_MESSAGE_CODES = {"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"}
"""SQS: answers to a renewal that say that the message is no longer ours."""

MISSING_OBJECT_CODES = {"404", "403", "NoSuchKey"}
"""S3: there is no such object. Without the permission to list, S3 says 403 for what is not there."""

CHANGED_OBJECT_CODES = {"PreconditionFailed", "412", "ConditionalRequestConflict", "NoSuchKey", "404"}
"""S3: answers to a request with a condition that say that the object is another one, or gone."""

UNREADABLE_OBJECT_REASONS = {
    "404": "there is no such object, or no permission to see that there is none",
    "NoSuchKey": "there is no such object",
    "NoSuchBucket": "there is no such bucket",
    "403": "no permission to read it, or there is no such object",
    "AccessDenied": "no permission to read it",
    "InvalidObjectState": "the object is archived and must be restored first",
}
"""S3: answers to a reader that stay the same however often one asks, in words."""


def error_code(error: ClientError) -> str:
    """The code of an AWS error, without the prefix that older protocols put before it."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]


def is_hopeless(error: Exception) -> bool:
    """Whether no waiting heals an error of the queue: it does not exist, or we may not use it."""
    if isinstance(error, ClientError):
        return error_code(error) in HOPELESS_CODES
    return isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound | NoRegionError)
