"""What is left of an analysis that was cut off: kept in S3, so that the next worker goes on from there."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from human_detector.aws.storage import Storage
from human_detector.errors import LeaseLost, ObjectReplaced, PermanentError, TransientError
from human_detector.worker.own_object import OwnObject

log = logging.getLogger(__name__)

OWNER = "owner"
"""In the metadata of a partial result: which attempt has written it."""


class PartialResult:
    """The frames that are done of one video, one JSON line each.

    Args:
        storage: where it is.
        own_object: the object; its metadata is the stamp of the analysis, and which attempt has written it.
    """

    def __init__(self, storage: Storage, own_object: OwnObject) -> None:
        self._storage = storage
        self._object = own_object
        self._bytes = 0

    def fetch(self, lines_path: Path) -> bool:
        """Get what an earlier attempt left; whether there was anything."""
        found = self._object.look()
        if found is None or _analysis(found.metadata) != _analysis(self._object.made_of):
            return False
        try:
            self._storage.download(found, lines_path, lambda: None)
        except (ObjectReplaced, PermanentError, FlexibleChecksumError) as error:
            log.warning("the partial result cannot be read: %s", error)
            return False
        self._bytes = lines_path.stat().st_size
        return True

    def save(self, lines_path: Path) -> bool:
        """Keep the frames that are done so far; whether there are more than were kept before.

        A failure costs the next attempt time, nothing else.

        Raises:
            LeaseLost: another worker is at the video; nothing was left behind.
        """
        try:
            size = _bytes_with_frames(lines_path)
            if size <= self._bytes:
                return False
            # The analysis goes on writing, and what grows under a request does not fit its checksum.
            still = lines_path.with_suffix(".saved")
            shutil.copyfile(lines_path, still, follow_symlinks=False)
            self._object.store_for_now(still)
        except LeaseLost:
            raise
        except (ClientError, BotoCoreError, OSError, TransientError) as error:
            log.warning("the partial result could not be saved: %s", error)
            return False
        self._bytes = size
        return True

    def discard(self, *, may_be_left: bool) -> None:
        """Remove it; the job has ended.

        Args:
            may_be_left: whether an earlier attempt may have left one that this one has not looked at.

        Raises:
            LeaseLost: another worker is at the video.
        """
        try:
            if may_be_left and self._object.stored is None:
                self._object.look()
            self._object.remove()
        except (ClientError, BotoCoreError, TransientError) as error:
            log.warning("the partial result could not be removed: %s", error)


def _bytes_with_frames(lines_path: Path) -> int:
    """How large the file is; 0 if there is no frame in it: its first line says what it is made of."""
    if not lines_path.is_file():
        return 0
    with lines_path.open("rb") as lines:
        first = len(lines.readline())
    size = lines_path.stat().st_size
    return size if size > first else 0


def _analysis(metadata: Mapping[str, str]) -> dict[str, str]:
    """Which analysis the lines are of: whoever of several attempts at it has written them."""
    return {name: value for name, value in metadata.items() if name != OWNER}
