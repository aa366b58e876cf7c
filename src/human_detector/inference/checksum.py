"""Checksums of files: what a download must be to be kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checksum:
    """What a file must hash to.

    Attributes:
        algorithm: `sha256`, `sha384`, or `git-blob`, which is what `git hash-object` prints.
        value: in hexadecimal digits.
    """

    algorithm: str
    value: str

    def fits(self, path: Path) -> bool:
        """Whether the file is there and has this checksum."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: self._begin(path)).hexdigest() == self.value

    def _begin(self, path: Path) -> hashlib._Hash:
        if self.algorithm != "git-blob":
            return hashlib.new(self.algorithm)
        header = b"blob %d\0" % path.stat().st_size
        return hashlib.sha1(header, usedforsecurity=False)

    def __str__(self) -> str:
        return f"{self.algorithm} {self.value}"
