"""boto3's client of S3: single requests, and under its transfers of files the real s3transfer, in one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from boto3.s3 import inject
from boto3.s3.transfer import TransferConfig
from botocore.hooks import HierarchicalEmitter

from simulation.network import Client

IN_ONE_THREAD = TransferConfig(use_threads=False)
"""For the product's own transfers: what it hands to s3transfer in a simulation, in place of its own settings."""
CHECKSUMS = "when_supported"
"""boto3's default; s3transfer looks at it to decide which requests a transfer is made of. A test compares."""


class S3Client(Client):
    """A client of S3.

    Attributes:
        meta: what s3transfer needs of a client.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.meta = SimpleNamespace(
            events=HierarchicalEmitter(),
            config=SimpleNamespace(
                request_checksum_calculation=CHECKSUMS, response_checksum_validation=CHECKSUMS
            ),
        )

    def put_object(self, *, Body: Any = b"", **parameters: Any) -> Any:
        """Store an object. An open file is read when the request is sent, as its transfer expects."""
        self.meta.events.emit(
            "request-created.s3.PutObject",
            request=SimpleNamespace(body=Body),
            operation_name="PutObject",
        )
        content = Body if isinstance(Body, bytes) else Body.read()
        return self._call("put_object", Body=content, **parameters)

    def upload_file(
        self,
        Filename: str,
        Bucket: str,
        Key: str,
        ExtraArgs: Mapping[str, Any] | None = None,
        Callback: Callable[[int], None] | None = None,
        Config: TransferConfig | None = None,
    ) -> None:
        """Store a file; whatever the settings, without threads."""
        inject.upload_file(self, Filename, Bucket, Key, ExtraArgs, Callback, IN_ONE_THREAD)

    def download_file(
        self,
        Bucket: str,
        Key: str,
        Filename: str,
        ExtraArgs: Mapping[str, Any] | None = None,
        Callback: Callable[[int], None] | None = None,
        Config: TransferConfig | None = None,
    ) -> None:
        """Fetch an object into a file; whatever the settings, without threads."""
        inject.download_file(self, Bucket, Key, Filename, ExtraArgs, Callback, IN_ONE_THREAD)
