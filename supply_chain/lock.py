"""Locks what the images install: every package, in one version, with the hashes that its files may have.

.venv/bin/python supply_chain/lock.py               the packages, from the requirement files
.venv/bin/python supply_chain/lock.py --base-image  the Python image of the Dockerfile, by its digest

To be run after a change of a requirement file, and now and then for what those files leave open: the packages
that other packages bring. `uv` resolves from what the registry says of each package, for the image's platform
whatever this one is, and downloads nothing: pip-compile would fetch gigabytes for the GPU images.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKED = ROOT / "supply_chain" / "locked"
IMAGES = ("requirements.txt", "requirements-cpu.txt", "requirements-p2.txt")
"""The requirement files of the images; demo and tests install from theirs, on any platform."""

PYTHON, PLATFORM = "3.11", "x86_64-manylinux_2_28"
HEADER = f"""\
# Written by supply_chain/lock.py from {{file}}: change that, and run it again.
# For Python {PYTHON} on Linux, x86-64; `pip install --require-hashes` takes nothing else.
"""

_FROM = re.compile(r"^ARG BASE_IMAGE=(?P<name>[^@\s]+)(@\S+)?$", re.MULTILINE)


class LockError(Exception):
    """Something could not be locked, for the reason that it says."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Lock the packages, or the base image; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="supply_chain/lock.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base-image", action="store_true", help="lock the Dockerfile's base image instead")
    wanted = parser.parse_args(arguments)
    try:
        if wanted.base_image:
            print(f"the Dockerfile builds on {lock_base_image(ROOT / 'Dockerfile')}")
        else:
            for file in IMAGES:
                (LOCKED / file).write_text(locked(ROOT / file), encoding="utf-8")
                print(f"wrote {(LOCKED / file).relative_to(ROOT)}")
    except LockError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def locked(file: Path) -> str:
    """The content of the locked file that belongs to a requirement file."""
    compiled = _output(
        ["uv", "pip", "compile", "--quiet", "--no-config"],
        ["--python-version", PYTHON, "--python-platform", PLATFORM, "--only-binary", ":all:"],
        ["--generate-hashes", "--no-emit-index-url", "--no-header", "--annotation-style", "line"],
        [file.name],
    )
    return HEADER.format(file=file.name) + compiled


def lock_base_image(dockerfile: Path) -> str:
    """Fetch the image that a Dockerfile names by its tag, and write its digest beside the tag.

    Returns:
        The image by its digest.
    """
    text = dockerfile.read_text(encoding="utf-8")
    found = _FROM.search(text)
    if found is None:
        raise LockError(f"{dockerfile} has no line ARG BASE_IMAGE=NAME:TAG")
    name = found["name"]
    _output(["docker", "pull", "--quiet", "--platform", "linux/amd64", name])
    digests = _output(["docker", "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', name])
    repository = name.partition(":")[0]
    for line in digests.splitlines():
        if line.startswith(f"{repository}@sha256:"):
            pinned = f"{name}@{line.partition('@')[2]}"
            dockerfile.write_text(_FROM.sub(f"ARG BASE_IMAGE={pinned}", text), encoding="utf-8")
            return pinned
    raise LockError(
        f"the image {name} has no digest: it was made on this machine, not fetched from elsewhere"
    )


def _output(*parts: Sequence[str]) -> str:
    """What a program prints.

    Raises:
        LockError: there is no such program, or it failed.
    """
    command = [each for part in parts for each in part]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise LockError(f"{command[0]} is missing: install it") from error
    if done.returncode:
        raise LockError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
