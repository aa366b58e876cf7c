"""Faults in what is read from S3 and written there."""

from __future__ import annotations

from planted.fault import Fault

STORAGE_TESTS = "tests/aws/test_storage.py"

STORAGE = [
    Fault(
        "a fetch takes whatever lies there",
        "aws.storage",
        "_AsFound.on_queued",
        old="future.meta.provide_object_etag(_quoted(self._found))",
        new="pass",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "an empty object that was replaced is not noticed",
        "aws.storage",
        "Storage.download",
        old="if path.stat().st_size != found.size:",
        new="if False:",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a video that was replaced counts as unreadable",
        "aws.storage",
        "Storage.download",
        old="""
            except S3DownloadFailedError as error:
                raise ObjectReplaced(
        """,
        new="""
            except S3DownloadFailedError as error:
                raise PermanentError(
        """,
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a download asks nobody whether it may go on",
        "aws.storage",
        "_AsFound.on_progress",
        old="self._check()",
        new="pass",
        try_first="tests/simulation/test_world.py",
    ),
    Fault(
        "a store replaces whatever stands there",
        "aws.storage",
        "Storage.store",
        old="**condition,",
        new="",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a store where nothing was replaces what came since",
        "aws.storage",
        "Storage.store",
        old='{"IfNoneMatch": "*"} if replacing is None',
        new="{} if replacing is None",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a store asks what stands there in the moment in which it writes",
        "aws.storage",
        "Storage.store",
        old='condition = {"IfNoneMatch": "*"} if replacing is None else _if_match(replacing)',
        new="""
            replacing = self.look(bucket, key)
            condition = {"IfNoneMatch": "*"} if replacing is None else _if_match(replacing)
        """,
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a result does not say what it was made of",
        "aws.storage",
        "Storage.store",
        old="Metadata=dict(metadata),",
        new="",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a removal takes whatever stands there",
        "aws.storage",
        "Storage.remove",
        old=", **_if_match(stored)",
        new="",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "a removal removes nothing",
        "aws.storage",
        "Storage.remove",
        old="self._client.delete_object(",
        new="dict(",
        try_first=STORAGE_TESTS,
    ),
    Fault(
        "trouble that passes counts as unreadable",
        "aws.storage",
        "_explained",
        old="if reason else error",
        new="if True else error",
        try_first=STORAGE_TESTS,
    ),
]
