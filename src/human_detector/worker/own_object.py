"""An object of the worker's own in the results' bucket, which only the owner of the lease can write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from human_detector.aws.storage import S3Object, Storage
from human_detector.errors import LeaseLost, Superseded, TransientError

STORE_TRIES = 5
"""How often an object is written while somebody else keeps changing it under the owner of the lease."""


class OwnObject:
    """One object that attempts at the same video write one after another.

    Each write says what it replaces, as it stood when this attempt first looked. So an attempt that was
    frozen in the middle of its write, and thaws when its successor has written, is refused by S3.

    Args:
        storage: where it is.
        bucket: the bucket of the results.
        key: its key.
        made_of: what it depends on, stored as its metadata.
        still_ours: raises LeaseLost unless the lease is ours at this moment.
        stored: what stands there, as far as we know; None for nothing.
    """

    def __init__(
        self,
        storage: Storage,
        bucket: str,
        key: str,
        made_of: Mapping[str, str],
        still_ours: Callable[[], None],
        stored: S3Object | None = None,
    ) -> None:
        self.key = key
        self.made_of = made_of
        self.stored = stored
        self._is_known = True
        self._storage = storage
        self._bucket = bucket
        self._still_ours = still_ours

    def look(self) -> S3Object | None:
        """See what stands there."""
        self.stored = self._storage.look(self._bucket, self.key)
        self._is_known = True
        return self.stored

    def store(self, path: Path) -> S3Object | None:
        """Write it, in the place of what is known to stand there; what that was.

        Raises:
            LeaseLost: a successor has written it.
            TransientError: it could not be stored.
        """
        for _ in range(STORE_TRIES):
            replaced = self.stored
            # A write that fails may have taken effect, and only its answer been lost.
            self._is_known = False
            try:
                self.stored = self._storage.store(path, self._bucket, self.key, self.made_of, replaced)
            except Superseded:
                # By a predecessor that thawed; or by us: an answer was lost, and botocore tried again.
                self._still_ours()
                self.look()
            else:
                self._is_known = True
                return replaced
        raise TransientError(f"s3://{self._bucket}/{self.key} was changed {STORE_TRIES} times during a write")

    def store_for_now(self, path: Path) -> None:
        """Write it for the time that the lease lasts.

        If that is lost meanwhile, a new object is taken back: the successor may have ended, and would never
        know of it. One that replaced another stays: the successor has that one still to remove.

        Raises:
            LeaseLost: another worker owns the lease.
            TransientError: it could not be stored.
        """
        known = self.stored
        replaced = self.store(path)
        # Without one in the beginning, what was replaced is a write of ours whose answer got lost.
        is_new = known is None or replaced is None
        try:
            self._still_ours()
        except LeaseLost:
            if is_new:
                self.remove()
            raise

    def remove(self) -> None:
        """Remove it, whoever of our predecessors has written it.

        Raises:
            LeaseLost: somebody has written it since, and it may be our successor.
        """
        for _ in range(STORE_TRIES):
            if not self._is_known:
                self.look()
            if self.stored is None or self._storage.remove(self.stored):
                self.stored = None
                return
            self._still_ours()
            self._is_known = False
        raise TransientError(
            f"s3://{self._bucket}/{self.key} changed {STORE_TRIES} times while it was removed"
        )
