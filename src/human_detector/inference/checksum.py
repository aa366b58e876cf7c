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

    @classmethod
    def of(cls, path: Path, algorithm: str = "sha256") -> Checksum:
        """That of a file."""

        def begin() -> hashlib._Hash:
            if algorithm != "git-blob":
                return hashlib.new(algorithm)
            header = b"blob %d\0" % path.stat().st_size
            return hashlib.sha1(header, usedforsecurity=False)

        with path.open("rb") as file:
            return cls(algorithm, hashlib.file_digest(file, begin).hexdigest())

    def fits(self, path: Path) -> bool:
        """Whether the file is there and has this checksum."""
        return path.is_file() and Checksum.of(path, self.algorithm) == self

    def __str__(self) -> str:
        return f"{self.algorithm} {self.value}"
